"""The control that pulls the target towards its mean."""

import numpy as np

from denograd.base import BaseDenoiser, Domain, replace_target


class ShrinkTargetDenoiser(BaseDenoiser):
    """Shrink the target: y' = m + factor·(y − m), with m the mean of the rows changed.

    Errors measured against the refined target fall by 100·(1 − factor²) per cent for any regressor
    that is linear in its targets, although nothing was learned.

    Parameters
    ----------
    factor : float
        Share of the distance to the mean that is kept.
    domain : {"tabular", "series"}
        In a series channel 0 is the target and changes with it.
    """

    method = "shrink_target"
    kind = "control"
    uses_target = False
    uses_row_order = False
    column_wise = True
    causal = False

    def __init__(self, factor: float = 0.5, domain: Domain = "tabular") -> None:
        self.factor = factor
        self.domain = domain

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        pass

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = y.mean()
        return replace_target(X, mean + self.factor * (y - mean), self.domain)
