"""The units in which a network works."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Scaling:
    """An affine map to the units in which the network works.

    Attributes
    ----------
    x_mean, x_scale : ndarray of shape (n_columns,)
        Per column of X.
    y_mean, y_scale : float
        Of the target.
    """

    x_mean: np.ndarray
    x_scale: np.ndarray
    y_mean: float
    y_scale: float

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray) -> Self:
        """Return the map to zero mean and unit variance; constant columns are only centred."""
        return cls(X.mean(axis=0), _spread(X), y.mean().item(), _spread(y).item())

    @classmethod
    def none(cls, n_columns: int) -> Self:
        """Return the map that changes nothing."""
        return cls(np.zeros(n_columns), np.ones(n_columns), 0.0, 1.0)

    def inputs(self, X: np.ndarray) -> np.ndarray:
        """Return X in the network's units, as float32."""
        return _narrow((X - self.x_mean) / self.x_scale, "X")

    def targets(self, y: np.ndarray) -> np.ndarray:
        """Return y in the network's units, as float32."""
        return _narrow((y - self.y_mean) / self.y_scale, "y")


def _spread(values: np.ndarray) -> np.ndarray:
    """Return standard deviations, with 1 for columns that are constant up to rounding."""
    deviation = np.asarray(values.std(axis=0))
    constant = deviation <= 1e-12 * np.abs(values).max(axis=0)
    return np.where(constant, 1.0, deviation)


def _narrow(values: np.ndarray, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if np.isinf(narrow).any():
        raise ValueError(
            f"{name} holds values above {np.finfo(np.float32).max:.3g}, too large for a network in "
            "single precision: scale the data, or set standardize=True."
        )
    return narrow
