"""One objective for the whole series."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from typing import ClassVar

import torch
from torch import Tensor

from denograd.checks import check_number
from denograd.history import Epoch
from denograd.refinement.moves import stacked
from denograd.refinement.problem import Problem, Step, check_finite, row_norms
from denograd.rules.base import Rule


@dataclass(frozen=True, kw_only=True)
class Global(Rule):
    """Adam on criterion(f(windows), targets) + lam · mean((z − z_observed)²).

    z is every value that is refined: the series and its targets, or what of them is not held fixed;
    the series alone where the target is one of its columns.

    Parameters
    ----------
    max_epochs : int
        Steps at most.
    lam : float
        Weight of the distance to the observed values.
    lr : float
        Learning rate of Adam.
    tol : float
        The refinement stops when the objective changes by less.
    """

    name: ClassVar[str] = "global"
    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    ties_target: ClassVar[bool] = True

    max_epochs: int = 300
    lam: float = 1.0
    lr: float = 0.05
    tol: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("lam", self.lam)
        check_number("lr", self.lr, positive=True)
        check_number("tol", self.tol)

    def refine(self, problem: Problem) -> Iterator[Step]:
        """Take one step of Adam per epoch."""
        held = _held_columns(problem)
        moving = _moving_blocks(problem, held)
        refined = list(compress((problem.x, problem.y), moving))
        observed = [values.clone() for values in refined]
        n_held = len(problem.x) * len(held) if moving[0] else 0
        weight = self.lam / (sum(values.numel() for values in refined) - n_held)
        optimizer = torch.optim.Adam(refined, lr=self.lr)
        before = math.inf
        for number in range(1, self.max_epochs + 1):
            loss, *gradients = _loss_gradient(problem)
            gradients[0][:, held] = 0.0
            penalty = _pull_back(refined, observed, list(compress(gradients, moving)), weight)
            x, y = problem.x.clone(), problem.y.clone()
            optimizer.step()
            direction_x, direction_y = (x - problem.x) / self.lr, (y - problem.y) / self.lr
            length = row_norms(direction_x, direction_y).mean(dtype=torch.float64)
            objective, step = stacked(loss + penalty, length).tolist()
            check_finite([objective, step], number)
            if problem.target_columns:
                direction_y = direction_x[:, list(problem.target_columns)]
            epoch = Epoch(loss=objective, gated=0.0, step=self.lr * step)
            yield problem.step(epoch, direction_x, direction_y)
            if abs(before - objective) < self.tol:
                return
            before = objective


def _moving_blocks(problem: Problem, held: list[int]) -> tuple[bool, bool]:
    """Whether anything of X moves, and whether the target beside it does."""
    moving = len(held) < problem.x.shape[1], problem.denoise_y and not problem.target_columns
    if not any(moving):
        raise ValueError(
            "Every column of X is held fixed by denoise_y or refine: nothing is left to refine."
        )
    return moving


def _pull_back(
    refined: list[Tensor], observed: list[Tensor], gradients: list[Tensor], weight: float
) -> Tensor:
    """Complete the gradients by that of weight · Σ(z − z_observed)², and return its value."""
    penalty = torch.zeros((), dtype=torch.float64, device=refined[0].device)
    for values, start, gradient in zip(refined, observed, gradients, strict=True):
        away = values - start
        penalty += away.square().sum(dtype=torch.float64) * weight
        values.grad = gradient.add_(away, alpha=2 * weight)
    return penalty


def _held_columns(problem: Problem) -> list[int]:
    """Columns of X that do not move."""
    columns = range(problem.x.shape[1])
    target = problem.target_columns or ()
    return [
        column
        for column in columns
        if not (problem.denoise_y if column in target else problem.denoise_x)
    ]


def _loss_gradient(problem: Problem) -> tuple[Tensor, Tensor, Tensor]:
    """Mean loss over all windows, and its gradient with respect to the series and the targets.

    Where the target is a column of the series its gradient is already added there.
    """
    windows = problem.windows
    assert windows is not None
    x, columns = problem.x, problem.target_columns
    y = problem.target
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    gradient_x, gradient_y = torch.zeros_like(x), torch.zeros_like(y)
    for chunk in problem.chunks(len(windows)):
        targets = windows.targets(chunk, x.device)
        x_chunk = windows.gather(x, chunk)
        sample = problem.gradient(x_chunk, y[targets])
        windows.add(gradient_x, sample.x.view(x_chunk.shape), chunk)
        gradient_y[targets] += sample.y
        total += sample.loss
    for gradient in (gradient_x, gradient_y):
        gradient /= len(windows)
    if columns:
        gradient_x[:, list(columns)] += gradient_y
    return total / len(windows), gradient_x, gradient_y
