"""A target without signal: the values of the target in another order."""

from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable


def permute_target(table: DataTable, rng: np.random.Generator) -> DataTable:
    """Return a copy whose target is permuted, so that there is no signal left to learn.

    In a series channel 0 is the target and is permuted too, and `observed`, which tells what the
    target values are, moves with them.
    """
    order = rng.permutation(len(table.y))
    y = pd.Series(table.y.to_numpy()[order], index=table.y.index, name=table.y.name)
    if table.domain == "tabular":
        return replace(table, X=table.X.copy(), y=y)
    X = table.X.copy()
    X.isetitem(0, y.to_numpy(copy=True))
    observed = None if table.observed is None else table.observed[order]
    return replace(table, X=X, y=y, observed=observed)
