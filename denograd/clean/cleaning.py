"""Refining the columns of a file: how good the backbone is, and how far the values moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from denograd.estimator import DenoGradDenoiser
from denograd.training.backbone import Scaling


@dataclass(frozen=True)
class Quality:
    """How well the backbone predicts the rows that early stopping set aside.

    Attributes
    ----------
    n_rows : int
        Number of these rows.
    mse, r2 : float
        Mean squared error in units of the target, and its share of the variance taken from 1.
    """

    n_rows: int
    mse: float
    r2: float

    @property
    def beats_mean(self) -> bool:
        """Whether predictions unrelated to the target would hardly do as well by chance.

        Such predictions correlate with n targets by about 1/√n, and however they are scaled their
        R² is at most the square of that correlation; twice as large a one is taken for a relation.
        """
        return self.r2 > 4.0 / self.n_rows

    @classmethod
    def of(cls, actual: np.ndarray, predicted: np.ndarray) -> Quality:
        """Compare predictions with what they should be."""
        errors = (actual - predicted) ** 2
        deviations = (actual - actual.mean()) ** 2
        variance = deviations.mean()
        r2 = 1.0 - errors.mean() / variance if variance > 0 else -np.inf
        return cls(len(actual), float(errors.mean()), float(r2))


@dataclass(frozen=True)
class Changes:
    """How far the values moved.

    Attributes
    ----------
    before, after : DataFrame
        The refined columns, the target first.
    """

    before: pd.DataFrame
    after: pd.DataFrame

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

    def below_zero(self) -> dict[str, int]:
        """Columns that had no negative value, with the number of those that they have now."""
        negative = (self.after < 0).sum()
        found = negative[(self.before >= 0).all() & (negative > 0)]
        return {str(name): int(count) for name, count in found.items()}

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
        """Return a line for every value that moved; rows count from 1, without the header."""
        rows, columns = np.nonzero(self.distance.to_numpy() > 0)
        before = self.before.to_numpy()[rows, columns]
        after = self.after.to_numpy()[rows, columns]
        return pd.DataFrame(
            {
                "row": rows + 1,
                "column": self.before.columns.to_numpy(dtype=object)[columns],
                "before": before,
                "after": after,
                "change": after - before,
                "change_sd": (after - before) / self.spread.to_numpy()[columns],
            }
        )


def refine(denoiser: DenoGradDenoiser, values: pd.DataFrame) -> tuple[Changes, Quality | None]:
    """Train the denoiser's backbone on the rows and move them.

    Parameters
    ----------
    denoiser : DenoGradDenoiser
        Its domain says whether the rows are a table or a series.
    values : DataFrame
        Finite numbers, the target first.

    Returns
    -------
    changes : Changes
    quality : Quality or None
        None for a backbone that is not trained with early stopping.
    """
    matrix = values.to_numpy(dtype=np.float64)
    y = matrix[:, 0].copy()
    X = matrix if denoiser.domain == "series" else matrix[:, 1:]
    X_refined, y_refined = denoiser.fit_resample(X, y)
    features = X_refined[:, 1:] if denoiser.domain == "series" else X_refined
    after = pd.DataFrame(np.column_stack([y_refined, features]), columns=values.columns)
    return Changes(values, after), assess(denoiser, X, y)


def assess(denoiser: DenoGradDenoiser, X: np.ndarray, y: np.ndarray) -> Quality | None:
    """Return how well a fitted denoiser's backbone predicts the rows it stopped early on.

    Parameters
    ----------
    denoiser : DenoGradDenoiser
        Fitted on X and y alone.
    X, y : ndarray
        The same rows.
    """
    rows = denoiser.backbone_.validation_rows
    if rows is None or not denoiser.backbone_.history.validation_loss:
        return None
    return Quality.of(y[rows], denoiser.predict_target(X)[rows])
