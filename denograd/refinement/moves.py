"""What a step rule makes of some samples, and the figures of an epoch."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor

from denograd.history import Epoch
from denograd.refinement.gradients import SampleGradient
from denograd.refinement.problem import Problem, check_finite, row_norms


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
