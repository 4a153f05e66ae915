"""Reconstruction from the leading principal components."""

import numpy as np
from sklearn.decomposition import PCA

from denograd.base import BaseDenoiser, Domain


class PCADenoiser(BaseDenoiser):
    """Keep the leading principal components of the whole table, target included, as published.

    Parameters
    ----------
    variance : float
        Share of the variance the kept components explain, in (0, 1).
    domain : {"tabular", "series"}
        A series carries its target as channel 0 already; in a table it joins as a further column.
    """

    method = "pca"
    uses_target = True
    uses_row_order = False
    column_wise = False
    causal = False
    fits_on = "all"
    min_rows = 2

    def __init__(self, variance: float = 0.95, domain: Domain = "tabular") -> None:
        self.variance = variance
        self.domain = domain

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        if not 0.0 < self.variance < 1.0:
            raise ValueError(f"variance must lie between 0 and 1, got {self.variance}")
        columns = self._columns(X, y)
        self.pca_: PCA | None = None
        # Without any variance there are no components to choose, and nothing to remove.
        if np.ptp(columns, axis=0).any():
            self.pca_ = PCA(n_components=self.variance, svd_solver="full").fit(columns)

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.pca_ is None:
            return X, y
        refined = self.pca_.inverse_transform(self.pca_.transform(self._columns(X, y)))
        if self.domain == "series":
            return refined, refined[:, 0].copy()
        return refined[:, :-1].copy(), refined[:, -1].copy()

    def _columns(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return X if self.domain == "series" else np.column_stack([X, y])
