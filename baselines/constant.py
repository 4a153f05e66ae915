"""The control that forgets the target."""

import numpy as np

from denograd.base import BaseDenoiser, Domain, replace_target


class ConstantDenoiser(BaseDenoiser):
    """Replace the target by its mean over the rows changed: nothing is left to predict.

    Parameters
    ----------
    domain : {"tabular", "series"}
        In a series channel 0 is the target and changes with it.
    """

    method = "constant"
    kind = "control"
    uses_target = False
    uses_row_order = False
    column_wise = True
    causal = False

    def __init__(self, domain: Domain = "tabular") -> None:
        self.domain = domain

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        pass

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return replace_target(X, np.full_like(y, y.mean()), self.domain)
