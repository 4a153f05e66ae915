"""Refining the columns of a file, and how far their values moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from denograd.clean.limits import Limits
from denograd.estimator import DenoGradDenoiser
from denograd.training.backbone import Scaling


@dataclass(frozen=True)
class Changes:
    """How far the values moved.

    Attributes
    ----------
    before, after : DataFrame
        The refined columns, the target first; the index counts the rows of the file.
    held : dict
        How many values of a column were held at a bound.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    held: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def distance(self) -> pd.DataFrame:
        """Absolute change of every value."""
        return (self.after - self.before).abs()

    @cached_property
    def spread(self) -> pd.Series:
        """Standard deviation of every column before."""
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

    def by_column(self) -> pd.DataFrame:
        """Return mean and largest change per column, in its units and in standard deviations."""
        mean, largest = self.distance.mean(), self.distance.max()
        return pd.DataFrame(
            {
                "mean": mean,
                "max": largest,
                "mean_sd": mean / self.spread,
                "max_sd": largest / self.spread,
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a line for every value that moved; the rows of the file count from 1."""
        rows, columns = np.nonzero(self.distance.to_numpy() > 0)
        before = self.before.to_numpy()[rows, columns]
        after = self.after.to_numpy()[rows, columns]
        return pd.DataFrame(
            {
                "row": self.before.index.to_numpy()[rows] + 1,
                "column": self.before.columns.to_numpy(dtype=object)[columns],
                "before": before,
                "after": after,
                "change": after - before,
                "change_sd": (after - before) / self.spread.to_numpy()[columns],
            }
        )


def refine(denoiser: DenoGradDenoiser, values: pd.DataFrame, limits: Limits) -> Changes:
    """Train the denoiser's backbone on the rows and move them.

    Parameters
    ----------
    denoiser : DenoGradDenoiser
        Its domain says whether the rows are a table or a series.
    values : DataFrame
        Finite numbers, the target first.
    limits : Limits
        What refined values may be.
    """
    matrix = values.to_numpy(dtype=np.float64)
    y = matrix[:, 0].copy()
    X = matrix if denoiser.domain == "series" else matrix[:, 1:]
    X_refined, y_refined = denoiser.fit_resample(X, y)
    features = X_refined[:, 1:] if denoiser.domain == "series" else X_refined
    refined = np.column_stack([y_refined, features])
    after, held = limits.applied(pd.DataFrame(refined, values.index, values.columns))
    return Changes(values, after, held)
