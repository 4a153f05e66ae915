"""The target of a table moved towards what boosted trees make of the inputs, out of fold.

How far noise alone dictates where σ is not known: half of the error in the calmest tenth.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold

from denograd.calibration.mixture import precision

_FOLDS = 5
_BINS = 10


def refine_target(X: np.ndarray, y: np.ndarray, random_state: int | None = 0) -> np.ndarray:
    """Return y + σ_y² q r, r the prediction of boosted trees minus y, q its precision.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Inputs; they stay.
    y : ndarray of shape (n,)
        Noisy target, in any units.
    random_state : int, optional
        Seed of the folds and of the trees.

    Returns
    -------
    ndarray of shape (n,)
    """
    rng = np.random.RandomState(random_state)
    folds = list(KFold(_FOLDS, shuffle=True, random_state=rng).split(X))
    predicted = _out_of_fold(X, y, folds, rng, max_iter=100, max_depth=5)
    r = predicted - y
    square = float(np.mean(r**2))
    if square == 0:
        return y.copy()
    log_square = np.log(r**2 + 1e-3 * square)
    about = np.column_stack([X, predicted])
    expected = _out_of_fold(about, log_square, folds, rng, max_iter=60, max_depth=3)
    bins = _bins(expected)
    variance = np.empty_like(r)
    for train, test in folds:
        of_bin = np.array([_mean(r[train][bins[train] == b] ** 2, square) for b in range(_BINS)])
        variance[test] = of_bin[bins[test]]
    noise = 0.5 * _mean(r[bins == 0] ** 2, square)
    return y + noise * precision(r, variance, noise) * r


def _out_of_fold(
    X: np.ndarray, y: np.ndarray, folds: list, rng: np.random.RandomState, **size: int
) -> np.ndarray:
    predicted = np.empty_like(y)
    for train, test in folds:
        trees = HistGradientBoostingRegressor(
            learning_rate=0.08, max_features=0.8, early_stopping=False, random_state=rng, **size
        )
        predicted[test] = trees.fit(X[train], y[train]).predict(X[test])
    return predicted


def _bins(values: np.ndarray) -> np.ndarray:
    """Ten bins of equal size by rank, the lowest values in bin 0."""
    return np.argsort(np.argsort(values, kind="stable")) * _BINS // len(values)


def _mean(values: np.ndarray, otherwise: float) -> float:
    return float(values.mean()) if len(values) else otherwise
