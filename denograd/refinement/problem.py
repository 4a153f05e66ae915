"""One refinement at work: the network, the data as they stand, and how they are visited."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from denograd.checks import check_choice
from denograd.history import Epoch
from denograd.refinement.criterion import Criterion
from denograd.refinement.gradients import SampleGradient, sample_gradient
from denograd.refinement.predictor import Predictor
from denograd.refinement.windows import Selection, Windows

_CHUNK_VALUES = 2**16
"""Input values of a chunk of samples."""

_SHARE, _FEW = 16, 512
"""A small table in the host's memory is visited in at least so many batches, of at least so many
rows: what a batch takes on its way through the network would else outweigh the table."""


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
    denoise_x, denoise_y : bool
        Whether the inputs, the target move; a target that is a column of `x` is no input here.
    batch_size : int
        Samples that the network sees at once, at most.
    keep_directions : bool
        Whether rules report the directions applied.
    skip_resting : bool
        Whether samples that cannot move are left out, where samples are independent; the result
        is the same.
    """

    predict: Predictor
    criterion: Criterion
    x: Tensor
    y: Tensor
    windows: Windows | None = None
    target_columns: tuple[int, ...] | None = None
    denoise_x: bool = True
    denoise_y: bool = True
    batch_size: int = 1000
    keep_directions: bool = False
    skip_resting: bool = True

    @property
    def target(self) -> Tensor:
        """Targets as they stand, (n, n_targets)."""
        return self.x[:, list(self.target_columns)] if self.target_columns else self.y

    @property
    def skips_resting(self) -> bool:
        """Whether samples that cannot move are left out."""
        return self.skip_resting and self.predict.rows_are_independent

    @property
    def rows_at_once(self) -> int | None:
        """Samples that the network sees at once; None where they are context for each other."""
        if not self.predict.rows_are_independent:
            return None
        if self.windows is None and self.x.device.type == "cpu":
            return min(self.batch_size, max(_FEW, len(self.x) // _SHARE))
        return self.batch_size

    def residual(self, x: Tensor, y: Tensor) -> Tensor:
        """Prediction minus target, without a gradient."""
        with torch.no_grad():
            return torch.cat([self.predict(p) for p in x.split(self.rows_at_once or len(x))]) - y

    def gradient(self, x: Tensor, y: Tensor) -> SampleGradient:
        """Gradient of the loss with respect to samples and their targets."""
        return sample_gradient(self.predict, self.criterion, x, y, self.rows_at_once)

    def loss(self, rows: Tensor, residuals: Tensor) -> float:
        """Mean loss of some rows of a table, from the residuals of all."""
        target = self.y[rows]
        return self.criterion.mean(target + residuals[rows], target).item()

    def chunks(self, samples: Tensor | int) -> Iterator[Selection]:
        """Cut the first so many samples, or those with the given indices, into chunks.

        A chunk is some batches of the network: few enough to bound the memory, and many enough
        that the arithmetic of the step is not lost in the cost of calling it.
        """
        n_samples = samples if isinstance(samples, int) else len(samples)
        width = self.x.shape[1] * (1 if self.windows is None else self.windows.size)
        batch = self.rows_at_once
        size = batch * max(1, _CHUNK_VALUES // (width * batch)) if batch else max(1, n_samples)
        for start in range(0, n_samples, size):
            chunk = slice(start, min(start + size, n_samples))
            yield chunk if isinstance(samples, int) else samples[chunk]

    def no_directions(self) -> tuple[Tensor | None, Tensor | None]:
        """Zeros to write the directions of an epoch into, None where nobody asked for them."""
        if not self.keep_directions:
            return None, None
        return torch.zeros_like(self.x), torch.zeros_like(self.y)

    def step(self, epoch: Epoch, x: Tensor, y: Tensor) -> Step:
        """The report of an epoch, with the directions where somebody asked for them."""
        return Step(epoch, x, y) if self.keep_directions else Step(epoch, None, None)


def what_moves(refine: str, denoise_y: bool = True) -> tuple[bool, bool]:
    """Whether X and whether y moves.

    Raises
    ------
    ValueError
        For an unknown word, and when neither moves.
    """
    check_choice("refine", refine, ("both", "X", "y"))
    if refine == "y" and not denoise_y:
        raise ValueError("refine='y' with denoise_y=False leaves nothing to refine.")
    return refine != "y", denoise_y and refine != "X"


def take(data: Tensor, rows: Selection) -> Tensor:
    """Rows of a tensor: a view of a range, a copy of indexed ones."""
    return data[rows] if isinstance(rows, slice) else data.index_select(0, rows)


def put(data: Tensor, rows: Selection, values: Tensor) -> None:
    """Overwrite rows of a tensor."""
    if isinstance(rows, slice):
        data[rows] = values
    else:
        data.index_copy_(0, rows, values)


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


def inverse(norms: Tensor) -> Tensor:
    """1 / norm, and 0 for norms so small that the squares they are made of underflow."""
    smallest = torch.finfo(norms.dtype).tiny ** 0.5
    return norms.reciprocal().masked_fill_(norms < smallest, 0.0)


def row_norms(x: Tensor, y: Tensor) -> Tensor:
    """Joint Euclidean norm of each row of two blocks."""
    return torch.hypot(torch.linalg.vector_norm(x, dim=1), torch.linalg.vector_norm(y, dim=1))
