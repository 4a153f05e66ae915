"""Steps of one length for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from denograd.gradients import SampleGradient
from denograd.problem import inverse, row_norms
from denograd.rules.base import SampleRule


@dataclass(frozen=True)
class Normalized(SampleRule):
    """The gradient divided by its joint norm: every sample moves by `nrr`.

    Parameters
    ----------
    nrr : float
        Length of a step in the space of (x, y).
    nr_threshold : float
        Residual up to which a sample rests.
    max_epochs : int
        Epochs at most.
    """

    name: ClassVar[str] = "normalized"

    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """Unit vectors g / ‖g‖ with g = (g_x, g_y)."""
        scale = inverse(row_norms(gradient.x, gradient.y))[:, None]
        return gradient.x * scale, gradient.y * scale
