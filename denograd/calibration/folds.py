"""Random folds, and predictions of each row by the model that has not seen it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Model = TypeVar("Model")


def random_folds(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Fold of each of `n` rows, in 0 … min(count, n) − 1; sizes differ by at most one."""
    return rng.permutation(np.arange(n) % min(count, n))


def predict(
    models: Sequence[Model],
    call: Callable[[Model, np.ndarray], np.ndarray],
    X: np.ndarray,
    folds: np.ndarray | None,
) -> np.ndarray:
    """Prediction of each row by the model of its fold, or without folds the models' mean.

    Parameters
    ----------
    models : sequence
        One per fold, fitted on the rows of the others.
    call : callable
        What a model says about rows: an array with a row for each.
    X : ndarray of shape (n, ...)
        Rows.
    folds : ndarray of shape (n,) or None
        None: rows that no model has seen.
    """
    if folds is None:
        return np.mean([call(model, X) for model in models], axis=0)
    parts = [call(model, X[folds == fold]) for fold, model in enumerate(models)]
    together = np.empty((len(X), *parts[0].shape[1:]))
    for fold, part in enumerate(parts):
        together[folds == fold] = part
    return together
