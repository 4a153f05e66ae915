"""Steps of one length for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from denograd.checks import check_choice
from denograd.refinement.gradients import SampleGradient
from denograd.refinement.problem import inverse, row_norms
from denograd.rules.base import SampleRule


@dataclass(frozen=True, kw_only=True)
class Normalized(SampleRule):
    """The gradient divided by its norm: every sample moves by `nrr`.

    Parameters
    ----------
    nrr : float
        Length of a step in the space of (x, y); under "separate" of that in x and of that in y.
    nr_threshold : float
        Residual up to which a sample rests; 0 turns the gate off.
    max_epochs : int
        Epochs at most.
    consensus : {"mean", "sum", "last"}
        Of the windows that cover a time step.
    normalization : {"joint", "separate"}
        Whether the gradients with respect to x and to y are divided by one norm, as published, or
        each by its own.
    """

    name: ClassVar[str] = "normalized"

    normalization: str = "joint"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("normalization", self.normalization, ("joint", "separate"))

    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """Unit vectors g / ‖g‖ with g = (g_x, g_y), or g_x / ‖g_x‖ and g_y / ‖g_y‖."""
        if self.normalization == "separate":
            return _unit(gradient.x), _unit(gradient.y)
        scale = inverse(row_norms(gradient.x, gradient.y))[:, None]
        return gradient.x * scale, gradient.y * scale


def _unit(block: Tensor) -> Tensor:
    """Rows of length 1, or 0 where there is no direction."""
    return block * inverse(torch.linalg.vector_norm(block, dim=1))[:, None]
