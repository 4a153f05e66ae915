"""The control that changes nothing."""

import numpy as np

from denograd.base import BaseDenoiser


class IdentityDenoiser(BaseDenoiser):
    """Return the data as they are: the origin of every scale."""

    method = "identity"
    kind = "control"
    uses_target = False
    uses_row_order = False
    column_wise = True
    causal = True

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        pass

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return X, y
