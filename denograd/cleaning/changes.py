"""How far the values of refined columns moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from denograd.training.backbone import Scaling

FAR = 0.1
"""Standard deviations from which on a row is counted as having moved far."""

LARGEST = 20
"""Changes that are listed one by one at most."""


@dataclass(frozen=True)
class Tally:
    """What is added up over the parts of a table.

    Attributes
    ----------
    n_rows, n_moved, n_far : int
        Rows, those in which a value moved, and those in which one moved far.
    total, largest : Series
        Sum and maximum of the absolute changes of each column.
    held : dict
        How many values of a column were held at a bound.
    top : DataFrame
        The largest changes, as `Changes.to_frame` has them.
    """

    n_rows: int
    n_moved: int
    n_far: int
    total: pd.Series
    largest: pd.Series
    held: Mapping[str, int]
    top: pd.DataFrame

    def __add__(self, other: Tally) -> Tally:
        names = dict.fromkeys([*self.held, *other.held])
        top = pd.concat([self.top, other.top], ignore_index=True)
        order = top["change_sd"].abs().sort_values(ascending=False, kind="stable").index
        return Tally(
            self.n_rows + other.n_rows,
            self.n_moved + other.n_moved,
            self.n_far + other.n_far,
            self.total + other.total,
            self.largest.combine(other.largest, max),
            {name: self.held.get(name, 0) + other.held.get(name, 0) for name in names},
            top.loc[order[:LARGEST]].reset_index(drop=True),
        )


@dataclass(frozen=True)
class Changes:
    """How far the values moved.

    Attributes
    ----------
    before, after : DataFrame
        The refined columns, the targets first. The index names the rows: that of a pandas frame,
        else their numbers, in files from 1.
    held : dict
        How many values of a column were held at a bound.
    scale : Series, optional
        Standard deviations to measure by. Default: those of the columns before.
    """

    before: pd.DataFrame = field(repr=False)
    after: pd.DataFrame = field(repr=False)
    held: Mapping[str, int] = field(default_factory=dict)
    scale: pd.Series | None = field(default=None, repr=False)

    @cached_property
    def distance(self) -> pd.DataFrame:
        """Absolute change of every value."""
        return (self.after - self.before).abs()

    @cached_property
    def spread(self) -> pd.Series:
        """Standard deviation of every column before."""
        if self.scale is not None:
            return self.scale
        return pd.Series(
            Scaling.of(self.before.to_numpy(), np.zeros(1)).x_scale, index=self.before.columns
        )

    @property
    def n_moved(self) -> int:
        """Number of rows in which any value moved."""
        return self.n_moved_beyond(0.0)

    def n_moved_beyond(self, deviations: float) -> int:
        """Number of rows in which any value moved by more than so many standard deviations."""
        return int((self.distance / self.spread > deviations).any(axis=1).sum())

    @cached_property
    def tally(self) -> Tally:
        """What is added up over the parts of a table."""
        distance = self.distance
        moved, far = self.n_moved, self.n_moved_beyond(FAR)
        deviations = (distance / self.spread).to_numpy()
        first = np.argsort(-deviations, axis=None, kind="stable")[:LARGEST]
        rows, columns = np.unravel_index(first, deviations.shape)
        still = deviations[rows, columns] == 0
        top = self._lines(rows[~still], columns[~still])
        return Tally(
            len(distance), moved, far, distance.sum(), distance.max().fillna(0.0), self.held, top
        )

    def by_column(self) -> pd.DataFrame:
        """Return mean and largest change per column, in its units and in standard deviations."""
        return by_column(self.tally, self.spread)

    def by_row(self) -> pd.DataFrame:
        """Return per row how many values moved, and the largest change in standard deviations."""
        deviations = self.distance / self.spread
        return pd.DataFrame(
            {
                "n_moved": (deviations > 0).sum(axis=1),
                "max_sd": deviations.max(axis=1),
                "column": deviations.idxmax(axis=1).where(deviations.max(axis=1) > 0),
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a line for every value that moved."""
        return self._lines(*np.nonzero(self.distance.to_numpy() > 0))

    def _lines(self, rows: np.ndarray, columns: np.ndarray) -> pd.DataFrame:
        before = self.before.to_numpy()[rows, columns]
        after = self.after.to_numpy()[rows, columns]
        return pd.DataFrame(
            {
                "row": self.before.index[rows],
                "column": self.before.columns.to_numpy(dtype=object)[columns],
                "before": before,
                "after": after,
                "change": after - before,
                "change_sd": (after - before) / self.spread.to_numpy()[columns],
            }
        )


def by_column(tally: Tally, spread: pd.Series) -> pd.DataFrame:
    """Return mean and largest change per column, in its units and in standard deviations."""
    mean, largest = tally.total / tally.n_rows, tally.largest
    return pd.DataFrame(
        {"mean": mean, "max": largest, "mean_sd": mean / spread, "max_sd": largest / spread}
    )
