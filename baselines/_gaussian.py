"""What denoisers share that take a table for normally distributed, with some covariance."""

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, cross_val_score

from baselines._told_noise import ToldNoise

SIZES = (1, 2, 3, 5, 8, 13, 21, 34)
FOLDS = 5


class GaussianDenoiser(ToldNoise):
    """The expected clean row behind each noisy one, in a table that is normally distributed.

    With Σ the covariance of the noisy rows as a model with few factors has it, μ their mean and R
    the variances of the noise that it was told, that is x − R·Σ⁻¹(x − μ). The number of factors,
    of those in `SIZES`, is the one of greatest likelihood in five-fold cross-validation. A column
    without noise does not move, nor does a table of fewer than ten rows or of rank one.

    Attributes
    ----------
    step_ : ndarray of shape (n_columns + 1, n_columns + 1)
        Σ⁻¹R, of the columns of X and of y.
    """

    domains = frozenset({"tabular"})
    uses_target = True
    uses_row_order = False
    column_wise = False
    causal = False
    min_rows = 2

    @abstractmethod
    def _model(self, n_components: int) -> Any:
        """The model of the covariance, on standardised columns."""

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        columns = np.column_stack([X, y])
        self.mean_, scale = columns.mean(axis=0), columns.std(axis=0)
        variances = self._noise_variances(X, y)
        varies = scale > 1e-12 * np.abs(self.mean_)
        scale = np.where(varies, scale, 1.0)
        self.step_ = np.zeros((len(scale), len(scale)))
        rows = ((columns - self.mean_) / scale)[:, varies]
        # Below the rank in every fold, so that something is left for the noise.
        rank = np.linalg.matrix_rank(rows) if rows.size else 0
        sizes = [size for size in SIZES if size < min(rank, len(rows) - len(rows) // FOLDS - 1)]
        if len(rows) < 2 * FOLDS or not sizes:
            return
        folds = KFold(FOLDS, shuffle=True, random_state=0)
        found = [cross_val_score(self._model(size), rows, cv=folds).mean() for size in sizes]
        precision = self._model(sizes[int(np.argmax(found))]).fit(rows).get_precision()
        self.step_[np.ix_(varies, varies)] = precision / np.outer(scale, scale)[varies][:, varies]
        self.step_ *= variances

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.column_stack([X, y])
        columns -= (columns - self.mean_) @ self.step_
        return columns[:, :-1].copy(), columns[:, -1].copy()
