"""Ridge regression."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from experiments.regressors.base import Array, BaseRegressor


class RidgeRegressor(BaseRegressor):
    """Linear least squares with an L2 penalty.

    Parameters
    ----------
    alpha : float, default 1.0
        Weight of the penalty, at least 0.
    """

    method: ClassVar[str] = "ridge"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        from sklearn.linear_model import Ridge

        self.model_ = Ridge(alpha=self.alpha).fit(X, y)

    def _predict(self, X: Array) -> ArrayLike:
        return self.model_.predict(X)
