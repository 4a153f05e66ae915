"""The target of a table from its inputs: networks and boosted trees, mixed by least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls
from sklearn.ensemble import HistGradientBoostingRegressor

from denograd.calibration import folds as split
from denograd.calibration.networks import Pair, fit_pairs
from denograd.calibration.trees import fit_trees, predict_trees
from denograd.calibration.variance import log_square

_TREES: dict[str, Any] = {
    "max_iter": 100,
    "max_depth": 5,
    "max_features": 0.8,
    "learning_rate": 0.08,
}
_SIZE_TREES: dict[str, Any] = {"max_iter": 40, "max_depth": 2, "learning_rate": 0.08}


class Target(NamedTuple):
    """What the models say about rows.

    Attributes
    ----------
    f : ndarray of shape (n,)
        Prediction of the target.
    J : ndarray of shape (n, d)
        ∂f/∂x, mean of the networks'; 0 without networks.
    size : ndarray of shape (n,)
        Predicted log square of y − f.
    """

    f: np.ndarray
    J: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class TargetModel:
    """Models of a target, one of each kind per fold.

    Attributes
    ----------
    pairs : list of Pair or None
        None where trees alone serve.
    trees, sizes : list of HistGradientBoostingRegressor
        Of the target, and of the log square of the error.
    mix : ndarray of shape (2,)
        Weights of networks and trees, not negative.
    """

    pairs: list[Pair] | None
    trees: list[HistGradientBoostingRegressor]
    mix: np.ndarray
    sizes: list[HistGradientBoostingRegressor]

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        y: np.ndarray,
        folds: np.ndarray,
        random_state: int = 0,
        networks: bool = True,
    ) -> tuple[TargetModel, Target]:
        """Learn from standardised rows; return what is said out of fold about them, too."""
        pairs = fit_pairs(X, y, folds, random_state) if networks else None
        trees = fit_trees(X, y, folds, random_state=random_state, **_TREES)
        by_networks, J = _networks(pairs, X, folds)
        by_trees = predict_trees(trees, X, folds)
        mix, _ = nnls(np.column_stack([by_networks, by_trees]), y)
        f = mix[0] * by_networks + mix[1] * by_trees
        sizes = fit_trees(_features(X, f, J), log_square(f - y), folds, **_SIZE_TREES)
        size = predict_trees(sizes, _features(X, f, J), folds)
        return cls(pairs, trees, mix, sizes), Target(f, J, size)

    def predict(self, X: np.ndarray) -> Target:
        """Predict rows that were not seen: the mean over the folds."""
        by_networks, J = _networks(self.pairs, X, None)
        f = self.mix[0] * by_networks + self.mix[1] * predict_trees(self.trees, X, None)
        return Target(f, J, predict_trees(self.sizes, _features(X, f, J), None))


def _features(X: np.ndarray, f: np.ndarray, J: np.ndarray) -> np.ndarray:
    """What the size of an error depends on: where f is steep, noise of the inputs adds to it."""
    return np.column_stack([X, f, np.sum(J**2, axis=1)])


def _networks(
    pairs: list[Pair] | None, X: np.ndarray, folds: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    if pairs is None:
        return np.zeros(len(X)), np.zeros_like(X)
    said = split.predict(pairs, Pair.predict, X, folds)
    return said[:, 0], said[:, 1:]
