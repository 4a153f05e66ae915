"""One refinement at work: the network, the data as they stand, and how they are visited."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor

from denograd.history import Epoch
from denograd.refinement.gradients import Criterion, Predictor, SampleGradient, sample_gradient
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


class MovesSamples(Protocol):
    """What the loops ask of a step rule; `denograd.rules.base.SampleRule` says what it means."""

    @property
    def nrr(self) -> float:
        """Step size."""

    @property
    def nr_threshold(self) -> float:
        """Residual up to which a sample rests."""

    @property
    def consensus(self) -> str:
        """What a time step makes of the windows that cover it."""

    @property
    def gated_windows_count(self) -> bool:
        """Whether windows at rest count in that."""

    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """Direction of each sample, (B, n_inputs) and (B, n_targets)."""


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


class Move(NamedTuple):
    """What a rule makes of some samples.

    Attributes
    ----------
    loss : Tensor of shape ()
        Sum of their losses.
    residual : Tensor of shape (B, n_targets)
        Prediction minus target.
    moving : Tensor of shape (B,)
        True for those that do not rest.
    x, y : Tensor
        Directions, zero for those at rest and for what is held fixed.
    """

    loss: Tensor
    residual: Tensor
    moving: Tensor
    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, problem: Problem, rule: MovesSamples, x: Tensor, y: Tensor) -> Self:
        """Take the gradient of samples and gate the directions that the rule makes of it."""
        gradient = problem.gradient(x, y)
        moving = gate(gradient.residual, rule.nr_threshold)
        step_x, step_y = rule.direction(gradient)
        return cls(
            gradient.loss,
            gradient.residual,
            moving,
            step_x.mul_(moving[:, None]) if problem.denoise_x else torch.zeros_like(step_x),
            step_y.mul_(moving[:, None]) if problem.denoise_y else torch.zeros_like(step_y),
        )


class Tally(NamedTuple):
    """The figures of an epoch, as numbers.

    Attributes
    ----------
    loss : float
        Sum, or mean, of the losses.
    moving, swinging : float
        How many samples moved; how many of them against their residual of the epoch before.
    length : float
        Sum of the lengths of the directions.
    stale : float
        How many windows have to be seen again; 0 for a table.
    """

    loss: float
    moving: float
    swinging: float
    length: float
    stale: float = 0.0

    @classmethod
    def read(cls, figures: Tensor, number: int) -> Self:
        """Copy the figures of `figures_of` from the device and check them.

        Raises
        ------
        FloatingPointError
            When the loss or the step is NaN or infinite.
        """
        tally = cls(*figures.tolist())
        check_finite([tally.loss, tally.length], number)
        return tally

    def epoch(self, loss: float, nrr: float, n_samples: int, n_rows: int) -> Epoch:
        """The figures as shares of all samples and means over all rows or time steps."""
        return Epoch(
            loss=loss,
            gated=1 - self.moving / n_samples,
            step=nrr * self.length / n_rows,
            swinging=self.swinging / n_samples,
        )


def gate(residual: Tensor, threshold: float) -> Tensor:
    """Which samples move: those with a residual above the threshold (NaN moves, to be seen)."""
    return ~(residual.abs() <= threshold).all(dim=1)


def swings(residual: Tensor, before: Tensor) -> Tensor:
    """Which residuals point against those of the epoch before."""
    return (residual * before).sum(dim=1) < 0


def stacked(*figures: Tensor) -> Tensor:
    """Figures of an epoch as one tensor, so that they come from the device in one copy."""
    return torch.stack([figure.double() for figure in figures])


def figures_of(loss: Tensor, move: Move, before: Tensor, *masks: Tensor) -> Tensor:
    """Loss, samples that move and that swing, and length of the directions; then what masks count.

    `before` holds the residuals of the epoch before.
    """
    return stacked(
        loss,
        move.moving.sum(),
        (swings(move.residual, before) & move.moving).sum(),
        row_norms(move.x, move.y).sum(dtype=torch.float64),
        *(mask.sum() for mask in masks),
    )


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
