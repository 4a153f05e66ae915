"""The control that trusts the backbone blindly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from denograd.backbone_denoiser import BackboneDenoiser
from denograd.base import Domain, replace_target


@dataclass(eq=False, repr=False)
class PredictedTargetDenoiser(BackboneDenoiser):
    """Replace the target by the backbone's prediction: refinement without DenoGrad's step.

    The backbone is that of `denograd.estimator.DenoGradDenoiser`, trained once for both when
    they `share` a cache and settings, data and seed are the same. In a series the first
    `window_size + horizon - 1` steps have no prediction and stay as they are.

    Parameters
    ----------
    backbone, standardize, backbone_epochs, patience, learning_rate, backbone_batch_size, \
validation_fraction, domain, window_size, horizon, device, random_state, progress
        As in `denograd.estimator.DenoGradDenoiser`. In a series channel 0 changes with the target.
    """

    kind = "control"

    backbone: str | nn.Module | Callable[..., nn.Module] = "auto"
    standardize: bool = True
    backbone_epochs: int = 100
    patience: int = 15
    learning_rate: float = 1e-3
    backbone_batch_size: int | None = None
    validation_fraction: float = 0.125
    domain: Domain = "tabular"
    window_size: int = 24
    horizon: int = 1
    device: str | None = None
    random_state: int | None = None
    progress: bool = False

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        context = self._plan().context
        target = np.concatenate([y[:context], self.predict_target(X)[context:]])
        return replace_target(X, target, self.domain)
