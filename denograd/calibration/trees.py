"""Boosted trees, one model per fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from denograd.calibration import folds as split


def fit_trees(
    X: np.ndarray, y: np.ndarray, folds: np.ndarray, *, random_state: int = 0, **settings: Any
) -> list[HistGradientBoostingRegressor]:
    """Fit boosted trees to the rows outside each fold.

    Parameters
    ----------
    X, y : ndarray of shape (n, d) and (n,)
        Rows.
    folds : ndarray of shape (n,)
        Fold of each row, counted from 0.
    random_state : int
        Seed, where `settings` leave something to chance.
    **settings
        Of scikit-learn's HistGradientBoostingRegressor.

    Returns
    -------
    list of HistGradientBoostingRegressor
        One per fold.
    """
    return [
        HistGradientBoostingRegressor(
            early_stopping=False, random_state=random_state + fold, **settings
        ).fit(X[folds != fold], y[folds != fold])
        for fold in range(folds.max() + 1)
    ]


def predict_trees(
    trees: list[HistGradientBoostingRegressor], X: np.ndarray, folds: np.ndarray | None
) -> np.ndarray:
    """Prediction of rows out of fold, or without folds the mean over the models."""
    return split.predict(trees, HistGradientBoostingRegressor.predict, X, folds)
