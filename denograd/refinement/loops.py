"""The loops over the rows of a table and the windows of a series."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from denograd.history import Epoch
from denograd.refinement.consensus import CONSENSUS
from denograd.refinement.problem import (
    MovesSamples,
    Problem,
    Step,
    check_finite,
    put,
    row_norms,
    take,
)

_SCOUT_SHARE = 0.6
"""Up to this share of moving windows a forward pass that finds them first saves time: a gradient
costs about three forward passes."""


def gate(residual: Tensor, threshold: float) -> Tensor:
    """Which samples move: those with a residual above the threshold (NaN moves, to be seen)."""
    return ~(residual.abs() <= threshold).all(dim=1)


def swings(residual: Tensor, before: Tensor) -> Tensor:
    """Which residuals point against those of the epoch before."""
    return (residual * before).sum(dim=1) < 0


def stacked(*figures: Tensor) -> Tensor:
    """Figures of an epoch as one tensor, so that they come from the device in one copy."""
    return torch.stack([figure.double() for figure in figures])


def table_epochs(problem: Problem, rule: MovesSamples) -> Iterator[Step]:
    """Move the rows of a table, epoch by epoch, until none moves.

    Rows do not depend on each other, so a row within the threshold stays there for good and
    leaves the loop.
    """
    x, y = problem.x, problem.y
    n_rows = len(x)
    residuals = torch.zeros_like(y)
    active: Tensor | int = n_rows
    n_active, n_epoch, resting_loss = n_rows, 0, 0.0
    while True:
        n_epoch += 1
        direction_x, direction_y = problem.no_directions()
        masks, figures = [], []
        for rows in problem.chunks(active):
            x_chunk, y_chunk = take(x, rows), take(y, rows)
            gradient = problem.gradient(x_chunk, y_chunk)
            moving = gate(gradient.residual, rule.nr_threshold)
            step_x, step_y = problem.gated_direction(rule, gradient, moving)
            swinging = swings(gradient.residual, take(residuals, rows)) & moving
            masks.append(moving)
            length = row_norms(step_x, step_y).sum(dtype=torch.float64)
            figures.append(stacked(gradient.loss, moving.sum(), swinging.sum(), length))
            put(x, rows, x_chunk.sub_(step_x, alpha=rule.nrr))
            put(y, rows, y_chunk.sub_(step_y, alpha=rule.nrr))
            put(residuals, rows, gradient.residual)
            if direction_x is not None and direction_y is not None:
                put(direction_x, rows, step_x)
                put(direction_y, rows, step_y)
            del gradient, step_x, step_y, x_chunk, y_chunk  # else held beside the next ones
        loss, n_moving, n_swinging, total_length = torch.stack(figures).sum(dim=0).tolist()
        check_finite([loss, total_length], n_epoch)
        yield Step(
            Epoch(
                loss=(loss + resting_loss) / n_rows,
                gated=1 - n_moving / n_rows,
                step=rule.nrr * total_length / n_rows,
                swinging=n_swinging / n_rows,
            ),
            direction_x,
            direction_y,
        )
        if n_moving == 0:
            return
        if problem.skips_resting and n_moving < n_active:
            moving = torch.cat(masks)
            rows = torch.arange(n_rows, device=x.device) if isinstance(active, int) else active
            rested, active, n_active = rows[~moving], rows[moving], int(n_moving)
            target = y[rested]
            loss_of_rested = problem.criterion.mean(target + residuals[rested], target)
            resting_loss += loss_of_rested.item() * len(rested)


def series_epochs(problem: Problem, rule: MovesSamples) -> Iterator[Step]:
    """Move the time steps of a series, epoch by epoch, until no window moves any.

    A time step moves by what the rule's consensus makes of the directions of the windows that
    cover it. A window at rest in which nothing has moved since it was seen rests on, so it is not
    visited.
    """
    windows = problem.windows
    assert windows is not None
    x, y = problem.x, problem.y
    device, n_windows = x.device, len(windows)
    targets = windows.targets(slice(None), device)
    consensus = CONSENSUS[rule.consensus](windows, rule.gated_windows_count, device)
    residuals = torch.zeros(n_windows, y.shape[1], dtype=y.dtype, device=device)
    stale: Tensor | int = n_windows
    n_epoch, scouts = 0, False
    while True:
        n_epoch += 1
        before = residuals.clone()
        total_x, total_y = torch.zeros_like(x), torch.zeros_like(y)
        visited = stale
        if scouts:
            for chunk in problem.chunks(stale):
                put(residuals, chunk, problem.residual(windows.gather(x, chunk), y[targets[chunk]]))
            visited = gate(residuals, rule.nr_threshold).nonzero().squeeze(1)
        for chunk in problem.chunks(visited):
            x_chunk = windows.gather(x, chunk)
            gradient = problem.gradient(x_chunk, y[targets[chunk]])
            moving = gate(gradient.residual, rule.nr_threshold)
            step_x, step_y = problem.gated_direction(rule, gradient, moving)
            consensus.add(total_x, step_x.view(x_chunk.shape), chunk, moving)
            total_y[targets[chunk]] = step_y
            put(residuals, chunk, gradient.residual)
        moves = gate(residuals, rule.nr_threshold)
        consensus.settle(total_x, moves)
        changed = windows.covering(total_x.any(dim=1)) | total_y.any(dim=1)[targets] | moves
        figures = stacked(
            problem.criterion.mean(y[targets] + residuals, y[targets]),
            moves.sum(),
            (swings(residuals, before) & moves).sum(),
            row_norms(total_x, total_y).sum(dtype=torch.float64),
            changed.sum(),
        )
        loss, n_moving, n_swinging, length, n_stale = figures.tolist()
        check_finite([loss, length], n_epoch)
        x.sub_(total_x, alpha=rule.nrr)
        y.sub_(total_y, alpha=rule.nrr)
        yield Step(
            Epoch(
                loss=loss,
                gated=1 - n_moving / n_windows,
                step=rule.nrr * length / len(x),
                swinging=n_swinging / n_windows,
            ),
            total_x if problem.keep_directions else None,
            total_y if problem.keep_directions else None,
        )
        if n_moving == 0:
            return
        if problem.skips_resting:
            stale = n_windows if n_stale == n_windows else changed.nonzero().squeeze(1)
            scouts = n_moving < _SCOUT_SHARE * n_stale
