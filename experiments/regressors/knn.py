"""Nearest neighbours."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from experiments.regressors.base import Array, BaseRegressor


class KNNRegressor(BaseRegressor):
    """Mean of the targets of the nearest training rows, Euclidean distance, equal weights.

    Parameters
    ----------
    n_neighbors : int, default 7
        How many training rows are averaged.
    """

    method: ClassVar[str] = "knn"

    def __init__(self, n_neighbors: int = 7) -> None:
        self.n_neighbors = n_neighbors

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        from sklearn.neighbors import KNeighborsRegressor

        if len(X) < self.n_neighbors:
            raise ValueError(
                f"n_neighbors={self.n_neighbors} needs at least as many training rows, "
                f"X has {len(X)}."
            )
        self.model_ = KNeighborsRegressor(n_neighbors=self.n_neighbors).fit(X, y)

    def _predict(self, X: Array) -> ArrayLike:
        return self.model_.predict(X)
