"""The two cells of xLSTM (Beck et al., 2024), with backward passes written by hand.

Both cells gate with exponentials, which would overflow. What is read out is a quotient of two sums
over past inputs, and both sums are kept divided by the exponential of a stabiliser, the largest
exponent in them. The quotient does not depend on the stabiliser, therefore it is a constant to the
gradient, which is exact and holds no infinite factor.

Left to autograd, the many small steps of the cells cost several times their arithmetic.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

# An mLSTM divides by 1 at least. The stabilised 1 is kept in this range, so that neither it nor its
# square under- or overflows in single precision.
_LOG_FLOOR = (math.log(1e-6), math.log(1e15))


def mlstm(
    query: Tensor, key: Tensor, value: Tensor, input_gate: Tensor, forget_gate: Tensor
) -> Tensor:
    """Run an mLSTM over all time steps at once: a matrix memory, read and written like attention.

    Parameters
    ----------
    query, key, value : Tensor
        Shape (heads, batch, time, width).
    input_gate, forget_gate : Tensor
        Pre-activations of the exponential input gate and of the sigmoid forget gate, shape
        (heads, batch, time).

    Returns
    -------
    Tensor
        What the memory answers at every step, shape (heads, batch, time, width).
    """
    answer: Tensor = _MLSTM.apply(query, key, value, input_gate, logsigmoid(forget_gate).cumsum(-1))
    return answer


def slstm(
    mixed: Tensor,
    normed: Tensor,
    matrices: Tensor,
    bias: Tensor,
    recurrent: Tensor,
    last: bool = False,
) -> Tensor:
    """Run an sLSTM step by step, for the whole batch and all heads together.

    The pre-activations of a head are those of input gate (exponential), forget gate (sigmoid),
    cell input (tanh) and output gate (sigmoid), one below the other.

    Parameters
    ----------
    mixed, normed : Tensor of shape (batch, time, heads * width)
        What the first two and the last two of them read.
    matrices : Tensor of shape (heads, 4 * width, width)
        From these to the pre-activations.
    bias : Tensor of shape (heads, 4 * width, 1)
        Added to them.
    recurrent : Tensor of shape (heads, 4 * width, width)
        From the last output to them.
    last : bool
        Whether the output of the last step is all that is wanted.

    Returns
    -------
    Tensor
        The outputs, shape (time, heads, width, batch).
    """
    outputs: Tensor = _SLSTM.apply(mixed, normed, matrices, bias, recurrent, last)
    return outputs


class _MLSTM(torch.autograd.Function):
    """An mLSTM, given the logarithm `kept` of what is left at every step of the beginning."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, input_gate: Tensor, kept: Tensor
    ) -> Tensor:
        # What is left at step t of the input at step s is exp(kept[t] - kept[s] + input_gate[s]).
        # kept[t] is in the stabiliser, too, and cancels.
        added = input_gate - kept
        largest = added.cummax(-1).values
        decay = (added.unsqueeze(-2) - largest.unsqueeze(-1)).exp_().tril_()
        weights = (query @ key.transpose(-1, -2)).div_(math.sqrt(query.shape[-1])).mul_(decay)
        total = weights.sum(-1, keepdim=True)
        floor = (kept + largest).neg_().clamp_(*_LOG_FLOOR).exp_().unsqueeze(-1)
        floored = total.abs() <= floor
        answer = (weights @ value).div_(torch.where(floored, floor, total.abs()))
        ctx.save_for_backward(query, key, value, decay, weights, total, floor, floored, answer)
        return answer

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_answer: Tensor) -> tuple[Tensor, ...]:
        query, key, value, decay, weights, total, floor, floored, answer = ctx.saved_tensors
        d_read = d_answer / torch.where(floored, floor, total.abs())
        # The divisor is the total (up to its sign), or constant.
        along = (d_read * answer).sum(-1, keepdim=True)
        d_total = torch.where(floored, 0.0, along * total.sign()).neg_()
        d_weights = (d_read @ value.transpose(-1, -2)).add_(d_total)
        d_value = weights.transpose(-1, -2) @ d_read
        d_added = (d_weights * weights).sum(-2)
        d_kept = (d_weights * weights).sum(-1) - d_added
        d_scores = d_weights.mul_(decay).div_(math.sqrt(query.shape[-1]))
        return d_scores @ key, d_scores.transpose(-1, -2) @ query, d_value, d_added, d_kept


class _SLSTM(torch.autograd.Function):
    """An sLSTM with all that it reads from its inputs."""

    @staticmethod
    def forward(
        ctx: Any,
        mixed: Tensor,
        normed: Tensor,
        matrices: Tensor,
        bias: Tensor,
        recurrent: Tensor,
        last: bool,
    ) -> Tensor:
        n_steps, n_heads, width, n_rows = mixed.shape
        active = bias.repeat(n_steps, 1, 1, n_rows)
        for half, matrix, source in _halves(active, matrices, mixed, normed):
            half.baddbmm_(matrix, source)
        kept, outputs = active.new_empty(2, n_steps, n_heads, width, n_rows)
        # The sums of what was entered, and of the weights with which.
        sums = active.new_zeros(n_steps + 1, 2, n_heads, width, n_rows)
        stabiliser = torch.full_like(kept[0], -torch.inf)
        for t in range(n_steps):
            if t > 0:
                active[t].baddbmm_(recurrent, outputs[t - 1])
            enter, forget, candidate, leave = active[t].chunk(4, dim=1)
            log_kept = logsigmoid(forget).add_(stabiliser)
            stabiliser = torch.maximum(enter, log_kept)
            torch.exp(log_kept.sub_(stabiliser), out=kept[t])
            enter.sub_(stabiliser).exp_()
            candidate.tanh_()
            leave.sigmoid_()
            torch.mul(sums[t], kept[t], out=sums[t + 1])
            cell, weight = sums[t + 1].unbind()
            cell.addcmul_(enter, candidate)
            weight.add_(enter)
            torch.mul(leave, cell, out=outputs[t]).div_(weight)
        ctx.save_for_backward(mixed, normed, matrices, recurrent, active, kept, sums, outputs)
        return outputs[-1:].clone() if last else outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        mixed, normed, matrices, recurrent, active, kept, sums, outputs = ctx.saved_tensors
        by_gate = active.unflatten(2, (4, -1))
        enter, forget, candidate, leave = by_gate.unbind(2)
        weight = sums[1:, 1]
        # Factors of all steps at once: the loop below only adds up along time.
        to_sums = torch.empty_like(sums[1:])
        torch.div(leave, weight, out=to_sums[:, 0])
        torch.div(outputs, weight, out=to_sums[:, 1]).neg_()
        from_leave = outputs * (1 - leave)
        from_cell, from_weight = (torch.empty_like(by_gate[:, :, :n]) for n in (3, 2))
        open_forget = torch.sigmoid(-forget).mul_(kept)
        torch.mul(enter, candidate, out=from_cell[:, :, 0])
        torch.mul(open_forget, sums[:-1, 0], out=from_cell[:, :, 1])
        torch.mul(enter, 1 - candidate.square(), out=from_cell[:, :, 2])
        from_weight[:, :, 0] = enter
        torch.mul(open_forget, sums[:-1, 1], out=from_weight[:, :, 1])
        d_active = torch.empty_like(by_gate)
        d_sums = torch.zeros_like(sums[0])
        backwards = recurrent.transpose(1, 2)
        for t in reversed(range(len(active))):
            if t + 1 < len(active):
                d_output = backwards @ d_active[t + 1].flatten(1, 2)
                if len(d_outputs) > 1:
                    d_output += d_outputs[t]
            else:
                d_output = d_outputs[-1]
            d_sums.addcmul_(to_sums[t], d_output)
            d_cell, d_weight = d_sums.unsqueeze(2).unbind()
            torch.mul(d_output, from_leave[t], out=d_active[t, :, 3])
            torch.mul(d_cell, from_cell[t], out=d_active[t, :, :3])
            d_active[t, :, :2].addcmul_(d_weight, from_weight[t])
            d_sums.mul_(kept[t])
        d_active = d_active.flatten(2, 3)
        d_sources, d_matrices = [], []
        weights_move = any(ctx.needs_input_grad[2:])
        for half, matrix, source in _halves(d_active, matrices, mixed, normed):
            d_sources.append((matrix.transpose(1, 2) @ half).view(mixed.shape))
            if weights_move:
                products = half @ source.transpose(1, 2)
                d_matrices.append(products.unflatten(0, mixed.shape[:2]).sum(0))
        if not weights_move:
            return *d_sources, None, None, None, None
        d_recurrent = (d_active[1:] @ outputs[:-1].transpose(2, 3)).sum(0)
        d_bias = d_active.sum((0, 3)).unsqueeze(2)
        return *d_sources, torch.cat(d_matrices, dim=1), d_bias, d_recurrent, None


def _halves(
    active: Tensor, matrices: Tensor, mixed: Tensor, normed: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Pre-activations that read one source, their matrices, and it, by step and head."""
    parts = zip(active.chunk(2, dim=2), matrices.chunk(2, dim=1), (mixed, normed), strict=True)
    for half, matrix, source in parts:
        yield half.flatten(0, 1), matrix.repeat(len(active), 1, 1), source.flatten(0, 1)
