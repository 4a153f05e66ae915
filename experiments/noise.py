"""Noise on a table: one unit draw for all of it, scaled by a level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from experiments.datasets.base import Table


@dataclass(frozen=True)
class Gaussian:
    """Normal noise whose size is a share of each column's standard deviation.

    noisy = clean + σ·s·E, with s the standard deviation of the clean column over all rows and E one
    standard normal draw for the whole table, target included. E depends on the generator only, so
    every level, choice of columns and method sees the same draw. A constant column gets none.

    Parameters
    ----------
    sigma : float
        The level σ, a share of the standard deviation; 0 leaves the data bit for bit as they are.
    on : {"X", "y", "both"}
        What of a table gets noise. A series gets it on every channel, the target included.
    columns : {"all", "continuous"}
        All columns of X, or only those that do not stand for categories.
    """

    sigma: float
    on: Literal["X", "y", "both"] = "X"
    columns: Literal["all", "continuous"] = "all"

    revision: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(f"sigma must be a finite number of at least 0, not {self.sigma}")
        if self.on not in ("X", "y", "both"):
            raise ValueError(f"on must be X, y or both, not {self.on!r}")
        if self.columns not in ("all", "continuous"):
            raise ValueError(f"columns must be all or continuous, not {self.columns!r}")

    @property
    def level(self) -> float:
        """How much noise there is: σ."""
        return self.sigma

    def corrupt(self, table: Table, rng: np.random.Generator) -> Table:
        """Return a noisy copy of a table.

        Parameters
        ----------
        table : Table
            The clean table; it is left as it is.
        rng : numpy.random.Generator
            Gives the unit draw: rows in file order, columns of X and then, for a table, y.

        Returns
        -------
        Table
            The same rows, columns and facts with noisy values.
        """
        if table.domain == "series":
            X = self._add(table.X, rng.standard_normal(table.X.shape), table.categorical)
            return replace(table, X=X, y=X.iloc[:, 0].copy())
        draw = rng.standard_normal((len(table.X), table.X.shape[1] + 1))
        X, y = table.X.copy(), table.y.copy()
        if self.on in ("X", "both"):
            X = self._add(X, draw[:, :-1], table.categorical)
        if self.on in ("y", "both"):
            y = self._add(y.to_frame(), draw[:, -1:], ()).iloc[:, 0]
        return replace(table, X=X, y=y)

    def _add(
        self, clean: pd.DataFrame, draw: np.ndarray, categorical: tuple[str, ...]
    ) -> pd.DataFrame:
        values = clean.to_numpy(copy=True)
        hit = values.min(axis=0) < values.max(axis=0)
        if self.columns == "continuous":
            hit &= ~clean.columns.isin(categorical)
        # Adding nothing must not turn -0.0 into 0.0.
        if self.sigma > 0:
            scale = self.sigma * values[:, hit].std(axis=0)
            values[:, hit] += scale * draw[:, hit]
        return pd.DataFrame(values, index=clean.index, columns=clean.columns)


def permute_target(table: Table, rng: np.random.Generator) -> Table:
    """Return a copy whose target is permuted, so that there is no signal left to learn.

    Parameters
    ----------
    table : Table
        The clean table; it is left as it is.
    rng : numpy.random.Generator
        Draws the permutation.

    Returns
    -------
    Table
        The target in another order; for a series its channel 0 too, and `observed`, which tells
        what the target values are, moves with them.
    """
    order = rng.permutation(len(table.y))
    y = pd.Series(table.y.to_numpy()[order], index=table.y.index, name=table.y.name)
    if table.domain == "tabular":
        return replace(table, X=table.X.copy(), y=y)
    X = table.X.copy()
    X.isetitem(0, y.to_numpy(copy=True))
    observed = None if table.observed is None else table.observed[order]
    return replace(table, X=X, y=y, observed=observed)
