"""Gradient-boosted trees."""

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from experiments.regressors.base import Array, BaseRegressor


@dataclass(eq=False, repr=False)
class XGBoostRegressor(BaseRegressor):
    """Gradient-boosted regression trees of XGBoost, squared error, no early stopping.

    Parameters
    ----------
    n_estimators : int, default 120
        Number of trees.
    max_depth : int, default 6
        Greatest depth of a tree.
    learning_rate : float, default 0.08
        Shrinkage of each tree.
    random_state : int, optional
        Seed.
    """

    method: ClassVar[str] = "xgboost"

    n_estimators: int = 120
    max_depth: int = 6
    learning_rate: float = 0.08
    random_state: int | None = None

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        from xgboost import XGBRegressor

        self.model_ = XGBRegressor(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            # One thread: the benchmark runs a worker per core.
            n_jobs=1,
            random_state=self.random_state,
        ).fit(X, y)

    def _predict(self, X: Array) -> ArrayLike:
        return self.model_.predict(X)
