"""Every column from the other columns: predictions, and the squares of their errors.

Least squares of a column on the others is the inverse covariance read row by row: with P the
inverse, m_j = x_j − [P(x − μ)]_j / P_jj.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls
from sklearn.ensemble import HistGradientBoostingRegressor

from denograd.calibration import folds as split
from denograd.calibration.trees import fit_trees, predict_trees
from denograd.calibration.variance import log_square

_ALPHA = 1e-4
_CLIP = 4.0
_NEAR = 8
_TREES: dict[str, Any] = {"max_iter": 20, "max_depth": 3, "max_bins": 31, "learning_rate": 0.15}
"""Few and coarse: there are five times as many models as columns."""


class Columns(NamedTuple):
    """What the models say about the cells of X.

    Attributes
    ----------
    m : ndarray of shape (n, d)
        Prediction of each cell from the others of its row.
    size : ndarray of shape (n, d)
        Predicted log square of x − m.
    """

    m: np.ndarray
    size: np.ndarray


class ColumnModel(NamedTuple):
    """Models of all columns, one of each kind per fold.

    Attributes
    ----------
    linear : list of LinearColumns
        Linear predictions of all columns.
    near : ndarray of int of shape (d, k)
        What the trees of a column look at: itself, that is its linear prediction, and the columns
        that it is most correlated with. So time is in proportion to d.
    trees : list of list of HistGradientBoostingRegressor
        Of each column: what its linear prediction leaves over.
    mix : ndarray of shape (2, d)
        Weights of the linear prediction, and of it with what the trees add; not negative.
    sizes : list of LogSquares
        Of the errors.
    """

    linear: list[LinearColumns]
    near: np.ndarray
    trees: list[list[HistGradientBoostingRegressor]]
    mix: np.ndarray
    sizes: list[LogSquares]

    @classmethod
    def fit(cls, X: np.ndarray, folds: np.ndarray) -> tuple[ColumnModel, Columns]:
        """Learn from standardised rows; return what is said out of fold about them, too."""
        others = [folds != fold for fold in range(folds.max() + 1)]
        linear = [LinearColumns.fit(X[rows]) for rows in others]
        straight = split.predict(linear, LinearColumns.predict, X, folds)
        correlation = np.abs(X.T @ X)
        np.fill_diagonal(correlation, np.inf)
        near = np.argsort(-correlation, axis=1, kind="stable")[:, :_NEAR]
        trees = [
            fit_trees(inputs, X[:, j] - straight[:, j], folds, **_TREES)
            for j, inputs in enumerate(_inputs(X, straight, near))
        ]
        bent = _bent(trees, X, straight, near, folds)
        weights = [
            nnls(np.column_stack(two), x)[0]
            for *two, x in zip(straight.T, bent.T, X.T, strict=True)
        ]
        mix = np.transpose(weights)
        m = mix[0] * straight + mix[1] * bent
        F, M, target = features(X), features(m), log_square(m - X)
        sizes = [LogSquares.fit(F[rows], M[rows], target[rows]) for rows in others]
        size = split.predict(sizes, LogSquares.predict, np.hstack([F, M]), folds)
        return cls(linear, near, trees, mix, sizes), Columns(m, size)

    def predict(self, X: np.ndarray) -> Columns:
        """Predict rows that were not seen: the mean over the folds."""
        straight = split.predict(self.linear, LinearColumns.predict, X, None)
        m = self.mix[0] * straight + self.mix[1] * _bent(self.trees, X, straight, self.near, None)
        FM = np.hstack([features(X), features(m)])
        return Columns(m, split.predict(self.sizes, LogSquares.predict, FM, None))


def _inputs(X: np.ndarray, straight: np.ndarray, near: np.ndarray) -> Iterator[np.ndarray]:
    """The columns near each one, with its linear prediction in its own place."""
    for j, columns in enumerate(near):
        inputs = X[:, columns]
        inputs[:, 0] = straight[:, j]
        yield inputs


def _bent(
    trees: list[list[HistGradientBoostingRegressor]],
    X: np.ndarray,
    straight: np.ndarray,
    near: np.ndarray,
    folds: np.ndarray | None,
) -> np.ndarray:
    """Linear predictions with what the trees add to them."""
    added = [
        predict_trees(own, inputs, folds)
        for own, inputs in zip(trees, _inputs(X, straight, near), strict=True)
    ]
    return straight + np.column_stack(added)


class LinearColumns(NamedTuple):
    """Means and inverse covariance of some rows."""

    mean: np.ndarray
    inverse: np.ndarray

    @classmethod
    def fit(cls, X: np.ndarray) -> LinearColumns:
        """Learn from standardised columns (n, d)."""
        mean = X.mean(axis=0)
        centred = X - mean
        covariance = centred.T @ centred / len(X)
        return cls(mean, np.linalg.inv(covariance + _ALPHA * np.eye(X.shape[1])))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Prediction m_j of every cell from the other columns of its row, (n, d)."""
        return X - (X - self.mean) @ self.inverse / np.diag(self.inverse)


def features(X: np.ndarray) -> np.ndarray:
    """X, |X| and X², clipped at ±4, of shape (n, 3d)."""
    clipped = np.clip(X, -_CLIP, _CLIP)
    return np.hstack([clipped, np.abs(clipped), clipped**2])


class LogSquares(NamedTuple):
    """Ridge regression of log squares of every column's error.

    The regressors of column j are those of `features` with m_j in the place of x_j, so all
    columns share one matrix of products but for three of its rows.
    """

    intercept: np.ndarray
    others: np.ndarray
    own: np.ndarray

    @classmethod
    def fit(cls, F: np.ndarray, M: np.ndarray, target: np.ndarray) -> LogSquares:
        """Learn `target` (n, d) from the features of X and of m, each (n, 3d)."""
        d = target.shape[1]
        mean_F, mean_M, mean_t = F.mean(axis=0), M.mean(axis=0), target.mean(axis=0)
        F, M, target = F - mean_F, M - mean_M, target - mean_t
        products, sides = F.T @ F + np.eye(3 * d), F.T @ target
        others, own = np.zeros((3 * d, d)), np.zeros((3, d))
        for j in range(d):
            places = [j, d + j, 2 * d + j]
            mine = M[:, places]
            rows, side = products.copy(), sides[:, j].copy()
            rows[places] = mine.T @ F
            rows[:, places] = rows[places].T
            rows[np.ix_(places, places)] = mine.T @ mine + np.eye(3)
            side[places] = mine.T @ target[:, j]
            others[:, j] = np.linalg.solve(rows, side)
            own[:, j] = others[places, j]
            others[places, j] = 0.0
        foot = mean_t - mean_F @ others - np.sum(mean_M.reshape(3, d) * own, axis=0)
        return cls(foot, others, own)

    def predict(self, FM: np.ndarray) -> np.ndarray:
        """Log squares (n, d) from the features of X and of m side by side, (n, 6d)."""
        F, M = np.hsplit(FM, 2)
        squares = M.reshape(len(M), 3, -1) * self.own
        return self.intercept + F @ self.others + squares.sum(axis=1)
