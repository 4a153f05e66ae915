"""Refining the columns of a file, and how far their values moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from denograd.calibrated import CalibratedDenoiser
from denograd.cleaning.limits import Limits
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


def parts(values: pd.DataFrame, series: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Divide columns, the target first, into X and y; a series keeps its target in X."""
    return values if series else values.iloc[:, 1:], values.iloc[:, 0]


def refine(
    denoiser: DenoGradDenoiser | CalibratedDenoiser,
    values: pd.DataFrame,
    limits: Limits,
    keep_target: bool = False,
) -> Changes:
    """Let the denoiser learn from the rows and move them.

    Parameters
    ----------
    denoiser : DenoGradDenoiser or CalibratedDenoiser
        Its domain says whether the rows are a table or a series.
    values : DataFrame
        Finite numbers, the target first.
    limits : Limits
        What refined values may be.
    keep_target : bool
        Whether the target stays as it is.
    """
    target, *features = values.columns
    moved: Any = denoiser.fit_resample(*parts(values, denoiser.domain == "series"))
    X, y = moved
    refined = pd.concat([values[target] if keep_target else y, X[features]], axis=1)
    after, held = limits.applied(refined)
    return Changes(values, after, held)
