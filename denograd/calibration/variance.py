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


def calm(variance: np.ndarray, share: float, least: int = 1) -> np.ndarray:
    """Indices of the share of rows, but of so many if there are, whose S² is least."""
    return np.argsort(variance, kind="stable")[: max(least, round(share * len(variance)))]


def upper(squares: np.ndarray) -> float:
    """Mean and two of its standard errors; infinite without squares."""
    if not len(squares):
        return np.inf
    return float(np.mean(squares) + 2.0 * np.std(squares) / np.sqrt(len(squares)))


def close_pairs(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Half the squared difference of y between neighbours: the noise, and what the slope adds.

    Each row and the row nearest to it, the closer half of those pairs.
    """
    if len(X) < 4:
        return np.empty(0)
    distance, index = NearestNeighbors(n_neighbors=2).fit(X).kneighbors(X)
    near = np.argsort(distance[:, 1], kind="stable")[: len(X) // 2]
    # With doubles a row may be given as its own second neighbour; its first is then the other.
    other = np.where(index[:, 1] == np.arange(len(X)), index[:, 0], index[:, 1])
    return 0.5 * (y[near] - y[other[near]]) ** 2
