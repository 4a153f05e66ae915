"""How noisy the columns of a selection are, or can be at most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from denograd import noise
from denograd.calibrated import CalibratedDenoiser
from denograd.cleaning.cleaned import Denoiser
from denograd.cleaning.columns import Selection
from denograd.cleaning.engine import columns_of, parts
from denograd.cleaning.files import CleaningError

UNKNOWN = (
    "a table does not tell noise from what its columns cannot explain, so nothing was written: say "
    "it, as --noise {target}=LEVEL in the units of each noisy column, or as --noise 10% of the "
    "standard deviation of all; or run the published rule, --method published"
)


def of_series(selection: Selection) -> pd.DataFrame:
    """Noise of each column, its standard error, and its share of the column's deviation."""
    values = selection.values
    try:
        level, error = noise.estimate(values), noise.standard_error(values)
    except ValueError as wrong:
        raise CleaningError(wrong) from None
    share = level / values.std(ddof=0)
    return pd.DataFrame({"noise": level, "error": error, "share": share}, values.columns)


def of_table(selection: Selection, random_state: int | None = 0) -> pd.DataFrame:
    """How noisy each column can be at most, in its units and as a share of its deviation."""
    values, targets = selection.values, selection.targets
    names = list(map(str, values))
    runs = [columns_of(selection, target, len(targets)) for target in targets]
    if not targets:
        # The target is not looked at for the others' bounds: with two in turn, every column is.
        runs = [[name, *(n for n in names if n != name)] for name in (names[0], names[-1])]
    level = values.std(ddof=0)
    sd = level.copy()
    for columns in runs:
        denoiser = CalibratedDenoiser(random_state=random_state)
        most = denoiser.fit(*parts(values[columns], series=False)).bounds_
        level[columns] = np.minimum(level[columns], [most.y, *most.X])
    return pd.DataFrame({"at_most": level, "share": level / sd})


def require(denoiser: Denoiser, selection: Selection) -> None:
    """Refuse a table of unknown noise, and say how noisy its columns can be at most."""
    if not isinstance(denoiser, CalibratedDenoiser) or denoiser.domain == "series":
        return
    if denoiser.noise is None:
        most = of_table(selection, denoiser.random_state)["at_most"]
        listed = ", ".join(f"{name} {level:.3g}" for name, level in most.items())
        raise CleaningError(f"{UNKNOWN.format(target=selection.targets[0])} (at most: {listed})")
