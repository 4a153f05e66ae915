"""One refinement at work: the network, the data as they stand, and how they are visited."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from denograd.gradients import Criterion, Predictor, SampleGradient, sample_gradient
from denograd.history import Epoch
from denograd.windows import Selection, Windows


class Step(NamedTuple):
    """What a rule reports after each epoch.

    `x` and `y` are the directions applied, a row per sample or time step: the data moved by
    minus the step size times them. They are None where nobody asked for them.
    """

    epoch: Epoch
    x: Tensor | None
    y: Tensor | None


@dataclass
class Problem:
    """Data that a rule changes in place, and what it needs to do so.

    Attributes
    ----------
    predict : Predictor
        The frozen network.
    criterion : Criterion
        The loss.
    x : Tensor of shape (n, n_features)
        Inputs as they stand.
    y : Tensor of shape (n, n_targets)
        Targets as they stand.
    windows : Windows or None
        How a series is cut; None for a table.
    target_columns : tuple of int or None
        Columns of `x` that are the target themselves (`y` is then not used).
    denoise_y : bool
        Whether the target moves.
    batch_size : int
        Samples that the network sees at once.
    keep_directions : bool
        Whether rules report the directions applied.
    """

    predict: Predictor
    criterion: Criterion
    x: Tensor
    y: Tensor
    windows: Windows | None = None
    target_columns: tuple[int, ...] | None = None
    denoise_y: bool = True
    batch_size: int = 1000
    keep_directions: bool = False

    @property
    def target(self) -> Tensor:
        """Targets as they stand, (n, n_targets)."""
        return self.x[:, list(self.target_columns)] if self.target_columns else self.y

    def gradient(self, x: Tensor, y: Tensor) -> SampleGradient:
        """Gradient of the loss with respect to a batch."""
        return sample_gradient(self.predict, self.criterion, x, y)

    def batches(self, active: Tensor | int) -> Iterator[Selection]:
        """Cut the first `active` samples, or those with the given indices, into batches."""
        if isinstance(active, int):
            for start in range(0, active, self.batch_size):
                yield slice(start, min(start + self.batch_size, active))
        else:
            yield from active.split(self.batch_size)


def check_finite(figures: list[float], epoch: int) -> None:
    """Stop a refinement that left the numbers.

    Raises
    ------
    FloatingPointError
        When the loss or the step of an epoch is NaN or infinite.
    """
    if not all(map(math.isfinite, figures)):
        raise FloatingPointError(
            f"The model's predictions or gradients became NaN or infinite in epoch {epoch}; "
            "check that the data are scaled as in training, or lower the step size."
        )


def row_norms(x: Tensor, y: Tensor) -> Tensor:
    """Joint Euclidean norm of each row of two blocks."""
    return torch.hypot(torch.linalg.vector_norm(x, dim=1), torch.linalg.vector_norm(y, dim=1))
