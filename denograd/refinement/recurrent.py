"""LSTM layers on a CPU whose backward pass takes the gradient of their input alone.

The library's own backward pass of an LSTM computes the gradients of the weights whether they are
wanted or not, about a third of its arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn


def take_input_gradients_only(modules: Iterable[nn.Module]) -> None:
    """Give the plain LSTMs among the modules, whose weights are frozen, a faster backward pass.

    Calls that it does not cover (no gradient wanted, packed sequences, given states) and other
    layers (bidirectional ones, projections) run as always.
    """
    for module in modules:
        if _is_plain(module):
            module.__dict__["forward"] = partial(_forward, module, module.forward)


def _is_plain(module: nn.Module) -> TypeGuard[nn.LSTM]:
    return (
        type(module) is nn.LSTM
        and not module.bidirectional
        and module.proj_size == 0
        and "forward" not in module.__dict__
    )


def _forward(
    lstm: nn.LSTM, otherwise: Callable[..., Any], input: Any, hx: Any = None
) -> tuple[Any, Any]:
    """Replace the method `forward` of an LSTM, with its signature."""
    covered = (
        isinstance(input, Tensor)
        and input.ndim == 3
        and len(input) > 0
        and hx is None
        and input.requires_grad
        and torch.is_grad_enabled()
    )
    if not covered:
        result: tuple[Any, Any] = otherwise(input, hx)
        return result
    states = input.transpose(0, 1) if lstm.batch_first else input
    last_states, last_cells = [], []
    for layer in range(lstm.num_layers):
        states, cell = _Layer.apply(states, *_weights(lstm, layer))
        last_states.append(states[-1])
        last_cells.append(cell)
    output = states.transpose(0, 1) if lstm.batch_first else states
    return output, (torch.stack(last_states), torch.stack(last_cells))


def _weights(lstm: nn.LSTM, layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of a layer in the order input, forget, output, candidate: the sigmoids together."""

    def ordered(name: str) -> Tensor:
        weight = getattr(lstm, f"{name}_l{layer}").detach()
        of_input, of_forget, of_candidate, of_output = weight.chunk(4)
        return torch.cat([of_input, of_forget, of_output, of_candidate])

    of_inputs, of_states = ordered("weight_ih"), ordered("weight_hh")
    if not lstm.bias:
        return of_inputs, of_states, of_inputs.new_zeros(len(of_inputs))
    return of_inputs, of_states, ordered("bias_ih") + ordered("bias_hh")


class _Layer(torch.autograd.Function):
    """One layer over (time, batch, inputs); returns all its states and the last cell."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, of_inputs: Tensor, of_states: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        n_steps, n_rows, _ = inputs.shape
        size = of_states.shape[1]
        gates = torch.addmm(bias, inputs.flatten(0, 1), of_inputs.t())
        gates = gates.view(n_steps, n_rows, 4 * size)
        states, tanh_cells = inputs.new_empty(2, n_steps, n_rows, size)
        cells = inputs.new_empty(n_steps + 1, n_rows, size)
        cells[0] = 0.0
        for t, gate in enumerate(gates):
            if t > 0:
                gate.addmm_(states[t - 1], of_states.t())
            gate[:, : 3 * size].sigmoid_()
            gate[:, 3 * size :].tanh_()
            enter, keep, leave, candidate = gate.chunk(4, dim=1)
            torch.mul(keep, cells[t], out=cells[t + 1]).addcmul_(enter, candidate)
            torch.tanh(cells[t + 1], out=tanh_cells[t])
            torch.mul(leave, tanh_cells[t], out=states[t])
        ctx.save_for_backward(gates, cells, tanh_cells, of_inputs, of_states)
        return states, cells[-1].clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        d_states, d_cell = gradients
        gates, cells, tanh_cells, of_inputs, of_states = ctx.saved_tensors
        size = of_states.shape[1]
        d_gates = torch.empty_like(gates)
        d_cell = d_cell.clone()
        d_next: Tensor | None = None
        for t in reversed(range(len(gates))):
            enter, keep, leave, candidate = gates[t].chunk(4, dim=1)
            d_enter, d_keep, d_leave, d_candidate = d_gates[t].chunk(4, dim=1)
            d_state = d_states[t] if d_next is None else d_states[t] + d_next
            d_cell.addcmul_(d_state * leave, 1 - tanh_cells[t].square())
            torch.mul(d_state, tanh_cells[t], out=d_leave)
            torch.mul(d_cell, candidate, out=d_enter)
            torch.mul(d_cell, cells[t], out=d_keep)
            torch.mul(d_cell, enter, out=d_candidate)
            sigmoids = gates[t, :, : 3 * size]
            d_gates[t, :, : 3 * size].mul_(sigmoids).mul_(1 - sigmoids)
            d_candidate.mul_(1 - candidate.square())
            d_cell.mul_(keep)
            d_next = d_gates[t] @ of_states
        d_inputs = (d_gates.flatten(0, 1) @ of_inputs).view(*gates.shape[:2], -1)
        return d_inputs, None, None, None
