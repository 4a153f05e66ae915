"""Steps as long as the linearised distance to the network's surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denograd.checks import check_number
from denograd.refinement.gradients import SampleGradient
from denograd.refinement.problem import inverse, row_norms
from denograd.rules.base import SampleRule


@dataclass(frozen=True, kw_only=True)
class GaussNewton(SampleRule):
    """A step of length nrr·‖r‖·‖g_y‖/‖g‖ along the unit gradient g/‖g‖, g = (g_x, g_y).

    For one target this is nrr·|r|/‖(∂f/∂x, −1)‖: the share `nrr` of the distance to the surface
    f(x) = y, were f linear. No sample moves further than its residual.

    Parameters
    ----------
    nrr : float
        Share of the distance closed per epoch.
    nr_threshold : float
        Residual up to which a sample rests; 0 turns the gate off.
    max_epochs : int
        Epochs at most.
    consensus : {"mean", "sum", "last"}
        Of the windows that cover a time step and do not rest.
    eta_x, eta_y : float
        Factors of the two blocks, applied after the joint normalisation.
    """

    name: ClassVar[str] = "gauss-newton"
    gated_windows_count: ClassVar[bool] = False

    nrr: float = 0.5
    eta_x: float = 1.0
    eta_y: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("eta_x", self.eta_x)
        check_number("eta_y", self.eta_y)

    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """‖r‖·‖g_y‖/‖g‖² · (eta_x g_x, eta_y g_y)."""
        unit = inverse(row_norms(gradient.x, gradient.y))
        residual = torch.linalg.vector_norm(gradient.residual, dim=1)
        length = residual * torch.linalg.vector_norm(gradient.y, dim=1) * unit
        scale = (length * unit)[:, None]
        return gradient.x * (self.eta_x * scale), gradient.y * (self.eta_y * scale)
