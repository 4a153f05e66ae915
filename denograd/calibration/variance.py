"""The expected square S² of a residual, and upper bounds of the noise that follow from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

_BINS = 10


def log_square(residual: np.ndarray) -> np.ndarray:
    """log(r² + mean(r²)/1000): what a model of the size of residuals is fitted to."""
    square = residual**2
    return np.log(square + 1e-3 * np.mean(square, axis=0) + 1e-300)


class Bins(NamedTuple):
    """Mean square of the residuals whose predicted size is between two edges."""

    edges: np.ndarray
    means: np.ndarray

    @classmethod
    def fit(cls, size: np.ndarray, square: np.ndarray) -> Bins:
        """Cut rows into ten bins of equal size by their predicted log square."""
        edges = np.quantile(size, np.arange(1, _BINS) / _BINS)
        place = np.searchsorted(edges, size)
        counts = np.bincount(place, minlength=_BINS)
        sums = np.bincount(place, weights=square, minlength=_BINS)
        return cls(edges, np.where(counts > 0, sums / np.maximum(counts, 1), np.mean(square)))

    def __call__(self, size: np.ndarray) -> np.ndarray:
        """Expected square of rows by their predicted log square."""
        return self.means[np.searchsorted(self.edges, size)]


def expected_square(size: np.ndarray, square: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """S² of each row: mean square of its bin, over rows of the other folds.

    Parameters
    ----------
    size : ndarray of shape (n,)
        Predicted log square, out of fold.
    square : ndarray of shape (n,)
        Squared residuals, in the unit of the result.
    folds : ndarray of shape (n,)
        Fold of each row.
    """
    result = np.empty_like(square)
    for fold in np.unique(folds):
        own = folds == fold
        result[own] = Bins.fit(size[~own], square[~own])(size[own])
    return result


def calm(variance: np.ndarray, share: float) -> np.ndarray:
    """Indices of the share of rows, at least one, whose S² is least."""
    return np.argsort(variance, kind="stable")[: max(1, round(share * len(variance)))]


def half_square_of_close_pairs(X: np.ndarray, y: np.ndarray) -> float:
    """Half the mean squared difference of y between neighbours: at most the noise, plus its slope.

    Each row and the row nearest to it, the closer half of those pairs.
    """
    if len(X) < 4:
        return np.inf
    distance, index = NearestNeighbors(n_neighbors=2).fit(X).kneighbors(X)
    near = np.argsort(distance[:, 1], kind="stable")[: len(X) // 2]
    # With doubles a row may be given as its own second neighbour; its first is then the other.
    other = np.where(index[:, 1] == np.arange(len(X)), index[:, 0], index[:, 1])
    return 0.5 * float(np.mean((y[near] - y[other[near]]) ** 2))


def foot_of_slope(square: np.ndarray, slope: np.ndarray) -> float:
    """Squared residual where the slope is 0, by least squares: r² ≈ σ_y² + σ_x² Σ J².

    Infinite where the line says nothing: without slope, falling, or at most 0 at its foot.
    """
    spread = slope - np.mean(slope)
    if not np.any(spread):
        return np.inf
    rise = float(spread @ square / (spread @ spread))
    foot = float(np.mean(square) - rise * np.mean(slope))
    return foot if rise > 0 and foot > 0 else np.inf
