"""How well a backbone predicts what it was not trained on, and what needs no network to do so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Skill:
    """Errors on the rows that decided when to stop training.

    Attributes
    ----------
    n_rows : int
        Number of these rows.
    mse, r2 : float
        Mean squared error of the backbone in units of the target, and its share of the variance
        taken from 1.
    last_value_mse : float or None
        Of a series: the error of the last value that a window shows, taken for a prediction.
    """

    n_rows: int
    mse: float
    r2: float
    last_value_mse: float | None = None

    @property
    def beats_mean(self) -> bool:
        """Whether predictions unrelated to the target would hardly do as well by chance.

        Such predictions correlate with n targets by about 1/√n, and however they are scaled their
        R² is at most the square of that correlation; twice as large a one is taken for a relation.
        """
        return self.r2 > 4.0 / self.n_rows

    @property
    def beats_last_value(self) -> bool:
        """Whether a series is predicted better than by its last value; true for a table."""
        return self.last_value_mse is None or self.mse < self.last_value_mse

    @classmethod
    def of(cls, actual: np.ndarray, mse: float, last: np.ndarray | None = None) -> Skill:
        """Compare an error with what the values themselves, or those before them, would make.

        Parameters
        ----------
        actual : ndarray of shape (n_rows,)
            The target.
        mse : float
            Mean squared error of its predictions.
        last : ndarray of shape (n_rows,), optional
            The last value known before each.
        """
        variance = np.mean((actual - actual.mean()) ** 2)
        r2 = 1.0 - mse / variance if variance > 0 else -np.inf
        last_mse = None if last is None else float(np.mean((actual - last) ** 2))
        return cls(len(actual), float(mse), float(r2), last_mse)
