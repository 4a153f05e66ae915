"""What cleaning has made of a table, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from denograd.calibrated import CalibratedDenoiser
from denograd.cleaning import page, plots, summary
from denograd.cleaning.changes import Changes, Tally, by_column
from denograd.cleaning.columns import Selection
from denograd.cleaning.limits import Limits
from denograd.estimator import DenoGradDenoiser

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Denoiser: TypeAlias = CalibratedDenoiser | DenoGradDenoiser


@dataclass(frozen=True)
class Cleaned:
    """What cleaning has made of a table, and why.

    Attributes
    ----------
    selection : Selection
        The columns: `targets`, `features`, and those that were left alone.
    limits : Limits
        What refined values may be.
    denoisers : dict
        The fitted denoiser of each target; a calibrated series has a single one.
    changes : Changes
        How far values moved: `by_column()`, `by_row()`, and one by one, `to_frame()`. Where the
        denoisers have learnt from a sample of a file, those of the sample.
    tally : Tally
        Of all rows.
    frame
        The refined frame, in the container that was given; None of a file.
    times : Series or None
        Of the rows of a series, where a column holds them.
    notes : tuple of str
        What may not be expected of the columns.
    """

    selection: Selection = field(repr=False)
    limits: Limits = field(repr=False)
    denoisers: Mapping[str, Denoiser] = field(repr=False)
    changes: Changes = field(repr=False)
    tally: Tally = field(repr=False)
    frame: Any = field(default=None, repr=False)
    times: pd.Series | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def left(self) -> dict[str, str]:
        """The columns that were left alone, and why."""
        return self.selection.left

    @property
    def denoiser(self) -> Denoiser:
        """The denoiser of the first target."""
        return next(iter(self.denoisers.values()))

    @property
    def series(self) -> bool:
        """Whether the rows are time steps."""
        return self.denoiser.domain == "series"

    @property
    def by_column(self) -> pd.DataFrame:
        """Mean and largest change per column over all rows."""
        return by_column(self.tally, self.changes.spread)

    @cached_property
    def noise(self) -> pd.DataFrame | None:
        """Standard deviation of each column's noise: taken, its share, and what it can be at most.

        `noise` and `at_most` are in the column's units, `share` is one of its standard deviation.
        None for a denoiser that asks for no noise.
        """
        levels, spread = self._levels, self.changes.spread
        if levels is None:
            return None
        most = levels["at_most"] if self.series else np.minimum(levels["at_most"], spread)
        share = levels["noise"] / spread
        return pd.DataFrame({"noise": levels["noise"], "share": share, "at_most": most})

    @cached_property
    def skill(self) -> pd.DataFrame:
        """How well values are predicted by models that have not seen them.

        Root mean squared error, the noise of the values included, and R², the share of their
        variance that is predicted; missing where nothing was held back.
        """
        if (levels := self._levels) is not None:
            rmse = np.sqrt(levels["mse"])
            return pd.DataFrame({"rmse": rmse, "r2": 1.0 - (rmse / self.changes.spread) ** 2})
        found = {
            name: getattr(denoiser, "skill_", None) for name, denoiser in self.denoisers.items()
        }
        return pd.DataFrame(
            [(np.sqrt(s.mse), s.r2) if s else (np.nan, np.nan) for s in found.values()],
            pd.Index(found),
            ["rmse", "r2"],
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons not to use the result, or not all of it."""
        return tuple(map(self._said, summary.warnings(self)))

    def summary(self) -> str:
        """Return in words what was found and how far the values moved."""
        return self._said("\n".join(summary.outcome(self)).rstrip())

    def plot(self) -> Figure:
        """Draw before and after; the figure's `savefig` writes it."""
        return plots.before_after(self.changes.before, self.changes.after, self.series, self.times)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return page.fragment(self)

    def _said(self, text: str) -> str:
        """Return what the command says in the words of the door that was taken."""
        return text if self.frame is None else summary.in_arguments(text)

    @cached_property
    def _levels(self) -> pd.DataFrame | None:
        """Noise, its bound and mean squared error of the predictions, by column."""
        found = []
        for target, denoiser in self.denoisers.items():
            if not isinstance(denoiser, CalibratedDenoiser):
                return None
            noise, most, mse = denoiser.noise_, denoiser.bounds_, denoiser.prediction_error_
            rows = np.column_stack([noise.X, most.X, mse[:-1]])
            names = list(self.changes.before)
            if denoiser.domain == "tabular":
                rows = np.vstack([(noise.y, most.y, mse[-1]), rows])
                names = [target, *self.selection.features]
            found.append(pd.DataFrame(rows, pd.Index(names), ["noise", "at_most", "mse"]))
        together = pd.concat(found)
        return together[~together.index.duplicated()].loc[list(self.changes.before)]
