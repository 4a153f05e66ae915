"""The two cells of xLSTM (Beck et al., 2024), with backward passes written by hand.

Both cells gate with exponentials, which would overflow. What is read out is a quotient of two sums
over past inputs, and both sums are kept divided by the exponential of a stabiliser, the largest
exponent in them. The quotient does not depend on the stabiliser, therefore it is a constant to the
gradient, which is exact and holds no infinite factor.

Left to autograd, the many small steps of the cells cost several times their arithmetic.
"""

import math
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


def slstm(gates: Tensor, recurrent: Tensor) -> Tensor:
    """Run an sLSTM step by step, for the whole batch and all heads together.

    Parameters
    ----------
    gates : Tensor
        What the input adds to the pre-activations of input gate (exponential), forget gate
        (sigmoid), cell input (tanh) and output gate (sigmoid), shape
        (time, heads, 4, width, batch).
    recurrent : Tensor
        What the last output adds to them, shape (4, heads, width, width): from the third
        dimension to the fourth.

    Returns
    -------
    Tensor
        The outputs, shape (time, heads, width, batch).
    """
    by_head = recurrent.permute(1, 0, 3, 2).flatten(1, 2)
    outputs: Tensor = _SLSTM.apply(gates, by_head)
    return outputs


class _MLSTM(torch.autograd.Function):
    """An mLSTM, given the logarithm `kept` of what is left at every step of the beginning."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, input_gate: Tensor, kept: Tensor
    ) -> Tensor:
        n_steps, width = query.shape[-2:]
        # What is left at step t of the input at step s is exp(kept[t] - kept[s] + input_gate[s]).
        # kept[t] is in the stabiliser, too, and cancels.
        added = input_gate - kept
        largest = added.cummax(-1).values
        future = torch.ones(n_steps, n_steps, dtype=torch.bool, device=query.device).triu(1)
        decay = added.unsqueeze(-2) - largest.unsqueeze(-1)
        decay = decay.masked_fill_(future, -torch.inf).exp_()
        weights = (query @ key.transpose(-1, -2)).div_(math.sqrt(width)).mul_(decay)
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
    """An sLSTM with the recurrent weights of its gates as one matrix a head, (heads, 4w, w)."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, recurrent: Tensor) -> Tensor:
        n_steps, n_heads, _, width, n_rows = gates.shape
        active = torch.empty_like(gates, memory_format=torch.contiguous_format)
        kept, outputs = gates.new_empty(2, n_steps, n_heads, width, n_rows)
        # The sums of what was entered, and of the weights with which.
        sums = gates.new_zeros(n_steps + 1, 2, n_heads, width, n_rows)
        stabiliser = torch.full_like(kept[0], -torch.inf)
        for t in range(n_steps):
            if t == 0:
                active[0] = gates[0]
            else:
                torch.baddbmm(
                    gates[t].flatten(1, 2),
                    recurrent,
                    outputs[t - 1],
                    out=active[t].flatten(1, 2),
                )
            enter, forget, candidate, leave = active[t].unbind(1)
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
        ctx.save_for_backward(active, kept, sums, outputs, recurrent)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor, Tensor | None]:
        active, kept, sums, outputs, recurrent = ctx.saved_tensors
        enter, forget, candidate, leave = active.unbind(2)
        weight = sums[1:, 1]
        # Factors of all steps at once: the loop below only adds up along time.
        to_sums = torch.stack([leave / weight, -outputs / weight], dim=1)
        from_leave = outputs * (1 - leave)
        from_enter = torch.stack([enter * candidate, enter], dim=1)
        from_forget = (torch.sigmoid(-forget) * kept).unsqueeze(1) * sums[:-1]
        from_candidate = enter * (1 - candidate.square())
        d_active = torch.empty_like(active)
        d_sums = torch.zeros_like(sums[0])
        backwards = recurrent.transpose(1, 2)
        for t in reversed(range(len(active))):
            d_output = d_outputs[t]
            if t + 1 < len(active):
                d_output = torch.baddbmm(d_output, backwards, d_active[t + 1].flatten(1, 2))
            d_enter, d_forget, d_candidate, d_leave = d_active[t].unbind(1)
            d_sums.addcmul_(to_sums[t], d_output)
            torch.mul(d_output, from_leave[t], out=d_leave)
            torch.mul(d_sums[0], from_enter[t, 0], out=d_enter)
            d_enter.addcmul_(d_sums[1], from_enter[t, 1])
            torch.mul(d_sums[0], from_forget[t, 0], out=d_forget)
            d_forget.addcmul_(d_sums[1], from_forget[t, 1])
            torch.mul(d_sums[0], from_candidate[t], out=d_candidate)
            d_sums.mul_(kept[t])
        d_recurrent = None
        if ctx.needs_input_grad[1]:
            products = d_active[1:].flatten(2, 3) @ outputs[:-1].transpose(2, 3)
            d_recurrent = products.sum(0)
        return d_active, d_recurrent
