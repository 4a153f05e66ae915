"""The loops over the rows of a table and the windows of a series."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import torch
from torch import Tensor

from denograd.refinement.consensus import CONSENSUS, Consensus
from denograd.refinement.moves import Move, MovesSamples, Tally, figures_of, gate
from denograd.refinement.problem import Problem, Step, put, take
from denograd.refinement.windows import Selection

_SCOUT_SHARE = 0.6
"""Up to this share of moving windows a forward pass that finds them first saves time: a gradient
costs about three forward passes."""


def table_epochs(problem: Problem, rule: MovesSamples) -> Iterator[Step]:
    """Move the rows of a table, epoch by epoch, until none moves.

    Rows do not depend on each other, so a row within the threshold stays there for good and
    leaves the loop.
    """
    n_rows = len(problem.x)
    residuals = torch.zeros_like(problem.y)
    active: Tensor | int = n_rows
    n_active, resting_loss = n_rows, 0.0
    for number in count(1):
        directions = problem.no_directions()
        masks, figures = zip(
            *(
                _move_rows(problem, rule, rows, residuals, directions)
                for rows in problem.chunks(active)
            ),
            strict=True,
        )
        tally = Tally.read(torch.stack(figures).sum(dim=0), number)
        loss = (tally.loss + resting_loss) / n_rows
        yield Step(tally.epoch(loss, rule.nrr, n_rows, n_rows), *directions)
        if tally.moving == 0:
            return
        if problem.skips_resting and tally.moving < n_active:
            rested, active = _parted(active, torch.cat(masks))
            n_active = int(tally.moving)
            resting_loss += problem.loss(rested, residuals) * len(rested)


def _move_rows(
    problem: Problem,
    rule: MovesSamples,
    rows: Selection,
    residuals: Tensor,
    directions: tuple[Tensor | None, Tensor | None],
) -> tuple[Tensor, Tensor]:
    """Move some rows and note their residuals; return which of them moved, and the figures."""
    x, y = take(problem.x, rows), take(problem.y, rows)
    move = Move.of(problem, rule, x, y)
    figures = figures_of(move.loss, move, take(residuals, rows))
    put(problem.x, rows, x.sub_(move.x, alpha=rule.nrr))
    put(problem.y, rows, y.sub_(move.y, alpha=rule.nrr))
    put(residuals, rows, move.residual)
    for kept, step in zip(directions, (move.x, move.y), strict=True):
        if kept is not None:
            put(kept, rows, step)
    return move.moving, figures


def _parted(active: Tensor | int, moving: Tensor) -> tuple[Tensor, Tensor]:
    """Active rows that have come to rest, and those that go on."""
    rows = torch.arange(active, device=moving.device) if isinstance(active, int) else active
    return rows[~moving], rows[moving]


def series_epochs(problem: Problem, rule: MovesSamples) -> Iterator[Step]:
    """Move the time steps of a series, epoch by epoch, until no window moves any.

    A time step moves by what the rule's consensus makes of the directions of the windows that
    cover it. A window at rest in which nothing has moved since it was seen rests on, so it is not
    visited.
    """
    windows = problem.windows
    assert windows is not None
    x, y, n_windows = problem.x, problem.y, len(windows)
    targets = windows.targets(slice(None), x.device)
    consensus = CONSENSUS[rule.consensus](windows, rule.gated_windows_count, x.device)
    residuals = torch.zeros(n_windows, y.shape[1], dtype=y.dtype, device=x.device)
    stale: Tensor | int = n_windows
    scouts = False
    for number in count(1):
        before = residuals.clone()
        visited = _scouted(problem, rule, stale, targets, residuals) if scouts else stale
        total_x, total_y = _visit(problem, rule, visited, targets, residuals, consensus)
        moves = gate(residuals, rule.nr_threshold)
        consensus.settle(total_x, moves)
        changed = windows.covering(total_x.any(dim=1)) | total_y.any(dim=1)[targets] | moves
        loss = problem.criterion.mean(y[targets] + residuals, y[targets])
        figures = figures_of(loss, Move(loss, residuals, moves, total_x, total_y), before, changed)
        tally = Tally.read(figures, number)
        x.sub_(total_x, alpha=rule.nrr)
        y.sub_(total_y, alpha=rule.nrr)
        yield problem.step(tally.epoch(tally.loss, rule.nrr, n_windows, len(x)), total_x, total_y)
        if tally.moving == 0:
            return
        if problem.skips_resting:
            stale = n_windows if tally.stale == n_windows else changed.nonzero().squeeze(1)
            scouts = tally.moving < _SCOUT_SHARE * tally.stale


def _scouted(
    problem: Problem,
    rule: MovesSamples,
    stale: Tensor | int,
    targets: Tensor,
    residuals: Tensor,
) -> Tensor:
    """The windows that move, found without a gradient; the residuals of the stale ones are noted.

    What is not stale keeps its residual, and with it its place among those that move or rest.
    """
    windows = problem.windows
    assert windows is not None
    for chunk in problem.chunks(stale):
        x_chunk, y_chunk = windows.gather(problem.x, chunk), problem.y[targets[chunk]]
        put(residuals, chunk, problem.residual(x_chunk, y_chunk))
    return gate(residuals, rule.nr_threshold).nonzero().squeeze(1)


def _visit(
    problem: Problem,
    rule: MovesSamples,
    visited: Tensor | int,
    targets: Tensor,
    residuals: Tensor,
    consensus: Consensus,
) -> tuple[Tensor, Tensor]:
    """Directions of time steps and targets, not yet settled; the residuals are noted."""
    windows = problem.windows
    assert windows is not None
    total_x, total_y = torch.zeros_like(problem.x), torch.zeros_like(problem.y)
    for chunk in problem.chunks(visited):
        x_chunk = windows.gather(problem.x, chunk)
        move = Move.of(problem, rule, x_chunk, problem.y[targets[chunk]])
        consensus.add(total_x, move.x.view(x_chunk.shape), chunk, move.moving)
        total_y[targets[chunk]] = move.y
        put(residuals, chunk, move.residual)
    return total_x, total_y
