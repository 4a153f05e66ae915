"""What any regressor should beat: the mean of a table's target, the last value of a series."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from denograd.base import Domain
from experiments.regressors.base import Array, BaseRegressor


class NaiveRegressor(BaseRegressor):
    """Mean of the training targets; of a series, the target at the last step of the window."""

    method: ClassVar[str] = "naive"

    def __init__(self, domain: Domain = "tabular", window_size: int = 1) -> None:
        self.domain = domain
        self.window_size = window_size

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        self.mean_ = float(y.mean())

    def _predict(self, X: Array) -> ArrayLike:
        if self.domain == "series":
            # Windows lie flat, step by step, with the target as channel 0.
            return X[:, -(X.shape[1] // self.window_size)]
        return np.full(len(X), self.mean_)
