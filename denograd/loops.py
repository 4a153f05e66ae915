"""The loops over the rows of a table and the windows of a series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from denograd.history import Epoch
from denograd.problem import Problem, Step, check_finite, row_norms

if TYPE_CHECKING:
    from denograd.rules.base import SampleRule


def gate(residual: Tensor, threshold: float) -> Tensor:
    """Which samples move: those with a residual above the threshold (NaN moves, to be seen)."""
    return ~(residual.abs() <= threshold).all(dim=1)


def swings(residual: Tensor, before: Tensor) -> Tensor:
    """Which residuals point against those of the epoch before."""
    return (residual * before).sum(dim=1) < 0


def table_epochs(problem: Problem, rule: SampleRule) -> Iterator[Step]:
    """Move the rows of a table, epoch by epoch, until none moves.

    Rows do not depend on each other, so a row within the threshold stays there for good and
    leaves the loop.
    """
    x, y = problem.x, problem.y
    n_rows = len(x)
    independent = problem.predict.rows_are_independent
    if not independent:
        problem.batch_size = n_rows
    residuals = torch.zeros_like(y)
    active: Tensor | int = n_rows
    resting_loss = 0.0
    n_epoch = 0
    while True:
        n_epoch += 1
        direction_x = torch.zeros_like(x) if problem.keep_directions else None
        direction_y = torch.zeros_like(y) if problem.keep_directions else None
        masks, figures = [], []
        for rows in problem.batches(active):
            x_batch, y_batch = x[rows], y[rows]
            gradient = problem.gradient(x_batch, y_batch)
            moving = gate(gradient.residual, rule.nr_threshold)
            step_x, step_y = rule.direction(gradient)
            step_x *= moving[:, None]
            step_y *= moving[:, None] if problem.denoise_y else 0.0
            swinging = swings(gradient.residual, residuals[rows]) & moving
            masks.append(moving)
            figures.append(
                torch.stack(
                    [
                        gradient.loss.double() * len(x_batch),
                        moving.sum().double(),
                        swinging.sum().double(),
                        row_norms(step_x, step_y).sum(dtype=torch.float64),
                    ]
                )
            )
            x[rows] = x_batch.sub_(step_x, alpha=rule.nrr)
            y[rows] = y_batch.sub_(step_y, alpha=rule.nrr)
            residuals[rows] = gradient.residual
            if direction_x is not None and direction_y is not None:
                direction_x[rows] = step_x
                direction_y[rows] = step_y
        loss, n_moving, n_swinging, length = torch.stack(figures).sum(0).tolist()
        check_finite([loss, length], n_epoch)
        yield Step(
            Epoch(
                loss=(loss + resting_loss) / n_rows,
                gated=1 - n_moving / n_rows,
                step=rule.nrr * length / n_rows,
                swinging=n_swinging / n_rows,
            ),
            direction_x,
            direction_y,
        )
        if n_moving == 0:
            return
        if independent and n_moving < (active if isinstance(active, int) else len(active)):
            moving = torch.cat(masks)
            indices = torch.arange(n_rows, device=x.device) if isinstance(active, int) else active
            rested = indices[~moving]
            predictions = y[rested] + residuals[rested]
            resting_loss += problem.criterion.mean(predictions, y[rested]).item() * len(rested)
            active = indices[moving]


def series_epochs(problem: Problem, rule: SampleRule) -> Iterator[Step]:
    """Move the time steps of a series by the mean direction of the windows that cover them."""
    windows = problem.windows
    assert windows is not None
    x, y = problem.x, problem.y
    device = x.device
    n_windows = len(windows)
    residuals = torch.zeros(n_windows, y.shape[1], dtype=y.dtype, device=device)
    n_epoch = 0
    while True:
        n_epoch += 1
        total_x, total_y = torch.zeros_like(x), torch.zeros_like(y)
        moves = torch.zeros(n_windows, dtype=torch.bool, device=device)
        losses, swinging = [], []
        for batch in problem.batches(n_windows):
            targets = windows.targets(batch, device)
            x_batch = windows.gather(x, batch)
            gradient = problem.gradient(x_batch, y[targets])
            moving = gate(gradient.residual, rule.nr_threshold)
            step_x, step_y = rule.direction(gradient)
            step_x *= moving[:, None]
            step_y *= moving[:, None] if problem.denoise_y else 0.0
            windows.add(total_x, step_x.view(x_batch.shape), batch)
            total_y[targets] = step_y
            losses.append(gradient.loss.double() * len(targets))
            swinging.append((swings(gradient.residual, residuals[batch]) & moving).sum())
            moves[batch] = moving
            residuals[batch] = gradient.residual
        counted = torch.ones_like(moves) if rule.gated_windows_count else moves
        total_x /= windows.visits(counted).clamp_(min=1)[:, None]
        length = row_norms(total_x, total_y).sum(dtype=torch.float64)
        figures = [torch.stack(losses).sum(), moves.sum(), torch.stack(swinging).sum(), length]
        loss, n_moving, n_swinging, length = torch.stack([f.double() for f in figures]).tolist()
        check_finite([loss, length], n_epoch)
        x.sub_(total_x, alpha=rule.nrr)
        y.sub_(total_y, alpha=rule.nrr)
        yield Step(
            Epoch(
                loss=loss / n_windows,
                gated=1 - n_moving / n_windows,
                step=rule.nrr * length / len(x),
                swinging=n_swinging / n_windows,
            ),
            total_x if problem.keep_directions else None,
            total_y if problem.keep_directions else None,
        )
        if n_moving == 0:
            return
