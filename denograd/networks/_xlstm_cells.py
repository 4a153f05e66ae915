"""The two cells of xLSTM (Beck et al., 2024), with backward passes written by hand.

Both cells gate with exponentials, which would overflow. What is read out is a quotient of two sums
over past inputs. An mLSTM keeps both divided by the exponential of a stabiliser, the largest
exponent in them; the quotient does not depend on it, therefore it is a constant to the gradient,
which is exact and holds no infinite factor. An sLSTM keeps the quotient itself, an average of what
was entered, and the logarithm of the sum below: what was kept has in the new average the share of
a sigmoid, that of the difference of the logarithms.

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
    mixed, normed : Tensor of shape (time, heads, width, batch)
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
        The outputs, shape (time, heads, width, batch); the last alone has a time of 1.
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
        # Arrays of their own for the gates that read the one source and the other: whole products.
        active = bias.unflatten(1, (2, -1)).transpose(0, 1).unsqueeze(1)
        active = active.repeat(1, n_steps, 1, 1, n_rows)
        for half, matrix, source in _halves(active, matrices, mixed, normed):
            half.baddbmm_(matrix, source)
        kept, outputs = active.new_empty(2, n_steps, n_heads, width, n_rows)
        cells = active.new_zeros(n_steps + 1, n_heads, width, n_rows)
        log_weight = torch.full_like(kept[0], -torch.inf)
        for t, (enter, forget, candidate, leave) in enumerate(zip(*_gates(active), strict=True)):
            if t > 0:
                for half, matrix in zip(active[:, t], recurrent.chunk(2, dim=1), strict=True):
                    half.baddbmm_(matrix, outputs[t - 1])
            log_kept = logsigmoid(forget).add_(log_weight)
            log_weight = torch.logaddexp(enter, log_kept)
            torch.sub(log_kept, enter, out=kept[t]).sigmoid_()
            # tanh(x) = 2 sigmoid(2x) - 1, at a fraction of its cost.
            candidate.mul_(2)
            active[1, t].sigmoid_()
            candidate.mul_(2).sub_(1)
            torch.lerp(candidate, cells[t], kept[t], out=cells[t + 1])
            torch.mul(leave, cells[t + 1], out=outputs[t])
        ctx.save_for_backward(mixed, normed, matrices, recurrent, active, kept, cells, outputs)
        return outputs[-1:].clone() if last else outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        mixed, normed, matrices, recurrent, active, kept, cells, outputs = ctx.saved_tensors
        _, forget, candidate, leave = _gates(active)
        # Factors of all steps at once: the loop below only adds up along time.
        entered = 1 - kept
        shut_forget = torch.sigmoid(-forget)
        from_cell = (cells[:-1] - candidate).mul_(kept).mul_(entered)
        d_active = torch.empty_like(active)
        d_gates = _gates(d_active)
        torch.addcmul(entered, entered, candidate.square(), value=-1, out=d_gates[2])
        torch.addcmul(outputs, outputs, leave, value=-1, out=d_gates[3])
        d_cell, d_log_weight = torch.zeros_like(cells[:2])
        backwards = recurrent.transpose(1, 2).chunk(2, dim=2)
        steps = [*zip(*d_gates, leave, kept, from_cell, shut_forget, strict=True)]
        for t in reversed(range(len(steps))):
            d_enter, d_forget, d_candidate, d_leave, opened, keep, slope, shut = steps[t]
            if t + 1 < len(steps):
                d_output = backwards[0] @ d_active[0, t + 1]
                d_output.baddbmm_(backwards[1], d_active[1, t + 1])
                if len(d_outputs) > 1:
                    d_output += d_outputs[t]
            else:
                d_output = d_outputs[-1]
            d_cell.addcmul_(opened, d_output)
            d_log_kept = (d_log_weight * keep).addcmul_(d_cell, slope)
            torch.sub(d_log_weight, d_log_kept, out=d_enter)
            torch.mul(d_log_kept, shut, out=d_forget)
            d_candidate.mul_(d_cell)
            d_leave.mul_(d_output)
            d_cell.mul_(keep)
            d_log_weight = d_log_kept
        d_sources, d_matrices, d_recurrent = [], [], []
        n_heads, weights_move = len(matrices), any(ctx.needs_input_grad[2:])
        for half, matrix, source in _halves(d_active, matrices, mixed, normed):
            d_sources.append((matrix.transpose(1, 2) @ half).view(mixed.shape))
            if weights_move:
                products = half @ source.transpose(1, 2)
                d_matrices.append(products.unflatten(0, mixed.shape[:2]).sum(0))
                products = half[n_heads:] @ outputs[:-1].flatten(0, 1).transpose(1, 2)
                d_recurrent.append(products.unflatten(0, (-1, n_heads)).sum(0))
        if not weights_move:
            return *d_sources, None, None, None, None
        d_bias = d_active.sum((1, 4)).transpose(0, 1).reshape(n_heads, -1, 1)
        return *d_sources, torch.cat(d_matrices, dim=1), d_bias, torch.cat(d_recurrent, dim=1), None


def _gates(active: Tensor) -> tuple[Tensor, ...]:
    """Input gate, forget gate, cell input and output gate, of all steps."""
    return *active[0].chunk(2, dim=2), *active[1].chunk(2, dim=2)


def _halves(
    active: Tensor, matrices: Tensor, mixed: Tensor, normed: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Pre-activations that read one source, their matrices, and it, by step and head."""
    parts = zip(active, matrices.chunk(2, dim=1), (mixed, normed), strict=True)
    for half, matrix, source in parts:
        yield half.flatten(0, 1), matrix.repeat(len(half), 1, 1), source.flatten(0, 1)
