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
    mixed: Tensor,
    inner: Tensor,
    keys: Tensor,
    values: Tensor,
    gates: tuple[Tensor, Tensor, Tensor],
    eps: float,
) -> Tensor:
    """Run an mLSTM over all time steps at once: a matrix memory, read and written like attention.

    Of query and key only the products count, so that one map between them does for both.

    Parameters
    ----------
    mixed : Tensor of shape (batch, time, inner)
        What is asked with, as it is: the query of a head is the group of numbers that it sees.
    inner : Tensor of shape (batch, time, inner)
        What is written.
    keys : Tensor of shape (heads, group, group)
        From `mixed` to the key of each head, scaled.
    values : Tensor of shape (heads, group, width)
        From `inner` to the value of each head.
    gates : tuple of Tensor
        From `mixed` and from `inner` to the pre-activations of the exponential input gates and the
        sigmoid forget gates, (2 * heads, inner) each, and their bias, (2 * heads,).
    eps : float
        Added to the variance of an answer.

    Returns
    -------
    Tensor
        What the memory answers at every step, normalised, shape (heads, batch, time, width).
    """
    answer: Tensor = _MLSTM.apply(mixed, inner, keys, values, *gates, eps)
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
    """An mLSTM with all that it reads from its inputs: few large products, few copies."""

    @staticmethod
    def forward(
        ctx: Any,
        mixed: Tensor,
        inner: Tensor,
        keys: Tensor,
        values: Tensor,
        of_mixed: Tensor,
        of_inner: Tensor,
        bias: Tensor,
        eps: float,
    ) -> Tensor:
        n_rows, n_steps, _ = mixed.shape
        query, source = _by_head(mixed, keys).contiguous(), _by_head(inner, keys)
        windows = (-1, n_steps, keys.shape[-1])
        key = (query @ keys).view(windows)
        value = (source @ values).view(-1, n_steps, values.shape[-1])
        gates = torch.addmm(bias.unsqueeze(1), of_mixed, mixed.flatten(0, 1).t())
        gates.addmm_(of_inner, inner.flatten(0, 1).t())
        input_gate, forget_gate = gates.view(2, -1, n_steps)
        kept = logsigmoid(forget_gate).cumsum(-1)
        # What is left at step t of the input at step s is exp(kept[t] - kept[s] + input_gate[s]).
        # kept[t] is in the stabiliser, too, and cancels.
        added = input_gate - kept
        largest = added.cummax(-1).values
        decay = (added.unsqueeze(-2) - largest.unsqueeze(-1)).exp_().tril_()
        weights = (query.view(windows) @ key.transpose(-1, -2)).mul_(decay)
        total = weights.sum(-1, keepdim=True)
        floor = (kept + largest).neg_().clamp_(*_LOG_FLOOR).exp_().unsqueeze(-1)
        # An answer is what is read over the divisor, which its normalisation but for eps undoes.
        divisor = torch.maximum(total.abs(), floor)
        answer = weights @ value
        answer.sub_(answer.mean(-1, keepdim=True))
        spread = torch.linalg.vector_norm(answer, dim=-1, keepdim=True).square_()
        spread.div_(answer.shape[-1]).addcmul_(divisor, divisor, value=eps).rsqrt_()
        answer.mul_(spread)
        ctx.save_for_backward(
            mixed, inner, query, source, key, value, forget_gate, decay, weights, total, floor,
            answer, spread, keys, values, of_mixed, of_inner,
        )  # fmt: skip
        ctx.eps = eps
        return answer.view(-1, n_rows, *answer.shape[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_answer: Tensor) -> tuple[Tensor | None, ...]:
        (
            mixed, inner, query, source, key, value, forget_gate, decay, weights, total, floor,
            answer, spread, keys, values, of_mixed, of_inner,
        ) = ctx.saved_tensors  # fmt: skip
        n_heads, n_samples = query.shape[:2]
        by_head = (n_heads, n_samples, -1)
        d_answer = d_answer.reshape(answer.shape)
        along = (d_answer * answer).sum(-1, keepdim=True)
        d_read = d_answer - d_answer.mean(-1, keepdim=True)
        d_read.addcmul_(answer, along, value=-1 / answer.shape[-1]).mul_(spread)
        # The divisor is the total (up to its sign), or constant.
        d_total = along.mul_(spread.square()).mul_(total).mul_(-ctx.eps)
        d_total.masked_fill_(total.abs() <= floor, 0.0)
        d_weights = torch.baddbmm(d_total, d_read, value.transpose(-1, -2))
        d_value = (weights.transpose(-1, -2) @ d_read).view(by_head)
        d_exponents = weights * d_weights
        d_added = d_exponents.sum(-2)
        d_kept = (d_exponents.sum(-1) - d_added).flip(-1).cumsum(-1).flip(-1)
        d_gates = torch.stack([d_added, d_kept.mul_(torch.sigmoid(-forget_gate))])
        d_gates = d_gates.view(-1, n_samples)
        d_scores = d_weights.mul_(decay)
        d_query = (d_scores @ key).view(by_head)
        d_key = (d_scores.transpose(-1, -2) @ query.view_as(key)).view(by_head)
        d_query.baddbmm_(d_key, keys.transpose(1, 2))
        d_source = d_value @ values.transpose(1, 2)
        d_mixed = _from_heads(d_query, mixed).addmm_(d_gates.t(), of_mixed).view_as(mixed)
        d_inner = _from_heads(d_source, inner).addmm_(d_gates.t(), of_inner).view_as(inner)
        if not any(ctx.needs_input_grad[2:]):
            return d_mixed, d_inner, None, None, None, None, None, None
        d_keys = query.transpose(1, 2) @ d_key
        d_values = source.transpose(1, 2) @ d_value
        d_of_mixed = d_gates @ mixed.flatten(0, 1)
        d_of_inner = d_gates @ inner.flatten(0, 1)
        d_bias = d_gates.sum(1)
        return d_mixed, d_inner, d_keys, d_values, d_of_mixed, d_of_inner, d_bias, None


def _by_head(x: Tensor, matrices: Tensor) -> Tensor:
    """The group of numbers that each head sees, of all samples: (heads, samples, group)."""
    n_heads, group, _ = matrices.shape
    groups = x.flatten(0, 1).unflatten(1, (-1, group)).transpose(0, 1)
    return groups.unsqueeze(1).expand(-1, n_heads // len(groups), -1, -1).flatten(0, 1)


def _from_heads(by_head: Tensor, like: Tensor) -> Tensor:
    """The reverse for gradients, (samples, inner)."""
    n_heads, n_samples, group = by_head.shape
    n_groups = like.shape[-1] // group
    if n_heads > n_groups:
        by_head = by_head.unflatten(0, (n_groups, -1)).sum(1)
    return by_head.transpose(0, 1).reshape(n_samples, -1)


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
