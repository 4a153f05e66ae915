"""The blocks of xLSTM (Beck et al., 2024), around the cells of `_xlstm_cells`."""

import math
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import gelu, layer_norm, linear, silu

from denograd.networks._xlstm_cells import mlstm, slstm


class Headwise(nn.Module):
    """A linear map with a block-diagonal matrix: every block sees its own inputs only.

    Parameters
    ----------
    width : int
        Numbers in and out.
    n_blocks : int
        Number of blocks, a divisor of `width`.
    """

    def __init__(self, width: int, n_blocks: int) -> None:
        super().__init__()
        size = width // n_blocks
        self.weight = nn.Parameter(torch.empty(n_blocks, size, size))
        nn.init.uniform_(self.weight, -1 / math.sqrt(size), 1 / math.sqrt(size))

    def matrices(self, n_groups: int) -> Tensor:
        """Return the diagonal of the matrix as so many blocks, (n_groups, width out, width in).

        For widths like these some larger products are faster than many tiny ones.
        """
        if n_groups == len(self.weight):
            return self.weight
        blocks = self.weight.unflatten(0, (n_groups, -1))
        alike = torch.eye(blocks.shape[1], dtype=blocks.dtype, device=blocks.device)
        return (blocks.unsqueeze(3) * alike[:, None, :, None]).flatten(3, 4).flatten(1, 2)


class CausalConvolution(nn.Module):
    """Every channel filtered over the present and past time steps, then SiLU.

    Parameters
    ----------
    width : int
        Channels.
    kernel_size : int
        Time steps a filter covers.
    """

    def __init__(self, width: int, kernel_size: int) -> None:
        super().__init__()
        self.filter = nn.Conv1d(width, width, kernel_size, padding=kernel_size - 1, groups=width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        assert self.filter.bias is not None
        taps = self.filter.weight.squeeze(1).t().flip(0).contiguous()
        output: Tensor = _FilteredSiLU.apply(x, taps, self.filter.bias)
        return output


class _FilteredSiLU(torch.autograd.Function):
    """Some shifted products: far cheaper than the library's convolution of single channels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
        filtered = torch.addcmul(bias, x, taps[0])
        for lag in range(1, min(len(taps), x.shape[1])):
            filtered[:, lag:].addcmul_(x[:, :-lag], taps[lag])
        openness = filtered.sigmoid()
        output = filtered.mul_(openness)
        ctx.save_for_backward(x, taps, openness, output)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, taps, openness, output = ctx.saved_tensors
        slope = torch.add(openness, output).addcmul_(openness, output, value=-1)
        d_filtered = slope.mul_(d_output)
        lags = range(1, min(len(taps), x.shape[1]))
        d_x = d_taps = d_bias = None
        if ctx.needs_input_grad[0]:
            d_x = d_filtered * taps[0]
            for lag in lags:
                d_x[:, :-lag].addcmul_(d_filtered[:, lag:], taps[lag])
        if ctx.needs_input_grad[1]:
            d_taps = torch.zeros_like(taps)
            d_taps[0] = (d_filtered * x).sum((0, 1))
            for lag in lags:
                d_taps[lag] = (d_filtered[:, lag:] * x[:, :-lag]).sum((0, 1))
        if ctx.needs_input_grad[2]:
            d_bias = d_filtered.sum((0, 1))
        return d_x, d_taps, d_bias


class MLSTMBlock(nn.Module):
    """An mLSTM between projections to twice the width and back, gated, added to its input.

    Parameters
    ----------
    width : int
        Numbers per time step.
    n_heads : int
        Heads of the cell.
    kernel_size : int
        Time steps of the causal convolution before query and key.
    """

    def __init__(self, width: int, n_heads: int, kernel_size: int) -> None:
        super().__init__()
        inner = 2 * width
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * inner)
        self.convolution = CausalConvolution(inner, kernel_size)
        self.query, self.key, self.value = (Headwise(inner, inner // 4) for _ in range(3))
        self.gates = nn.Linear(3 * inner, 2 * n_heads)
        self.head_norm = nn.GroupNorm(n_heads, inner)
        self.skip = nn.Parameter(torch.ones(inner))
        self.down = nn.Linear(inner, width)
        # The memory starts long (open forget gates) and writes alike whatever it is shown.
        nn.init.zeros_(self.gates.weight)
        input_bias, forget_bias = self.gates.bias.detach().chunk(2)
        nn.init.normal_(input_bias, std=0.1)
        forget_bias.copy_(torch.linspace(3, 6, n_heads))

    def forward(self, x: Tensor, last: bool = False) -> Tensor:
        """Map (batch, time, width) to the same shape, or to the last time step of it."""
        normed = self.norm(x)
        halves = zip(self.up.weight.chunk(2), self.up.bias.chunk(2), strict=True)
        inner, gate = (linear(normed, weight, bias) for weight, bias in halves)
        mixed = self.convolution(inner)
        answer = mlstm(mixed, inner, *self._maps(), self.head_norm.eps)
        if last:
            answer = answer[:, :, -1:]
            x, gate, mixed = x[:, -1:], gate[:, -1:], mixed[:, -1:]
        answer = answer.permute(1, 2, 0, 3).flatten(2)
        normed = torch.addcmul(self.head_norm.bias, answer, self.head_norm.weight)
        output: Tensor = x + self.down(torch.addcmul(normed, self.skip, mixed) * silu(gate))
        return output

    def _maps(self) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """What the cell reads from its inputs; see `mlstm`.

        The gates read query, key and value of all heads, which are linear maps themselves.
        """
        n_groups = math.gcd(self.n_heads, len(self.query.weight))
        parts = [part.matrices(n_groups) for part in (self.query, self.key, self.value)]
        of_query, of_key, of_value = (
            (weight.unflatten(1, (n_groups, -1)).transpose(0, 1) @ part).transpose(0, 1).flatten(1)
            for weight, part in zip(self.gates.weight.chunk(3, dim=1), parts, strict=True)
        )
        query, key, value = (
            part.unflatten(1, (self.n_heads // n_groups, -1)).flatten(0, 1) for part in parts
        )
        keys = key.transpose(1, 2) @ query / math.sqrt(query.shape[1])
        return keys, value.transpose(1, 2), (of_query + of_key, of_value, self.gates.bias)


class SLSTMBlock(nn.Module):
    """An sLSTM and a gated feed-forward part, each normalised before and added to its input.

    Parameters
    ----------
    width : int
        Numbers per time step.
    n_heads : int
        Heads of the cell; the outputs of a head feed back into that head alone.
    kernel_size : int
        Time steps of the causal convolution before input and forget gate.
    """

    def __init__(self, width: int, n_heads: int, kernel_size: int) -> None:
        super().__init__()
        head, hidden = width // n_heads, max(1, width * 4 // 3)
        self.norm = nn.LayerNorm(width)
        self.convolution = CausalConvolution(width, kernel_size)
        self.gates = nn.ModuleList(Headwise(width, n_heads) for _ in range(4))
        self.bias = nn.Parameter(torch.zeros(4, n_heads, 1, head))
        self.recurrent = nn.Parameter(torch.zeros(4, n_heads, head, head))
        self.head_norm = nn.GroupNorm(n_heads, width)
        self.feed_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * hidden)
        self.down = nn.Linear(hidden, width)
        self.bias.detach()[1] = torch.linspace(3, 6, head)  # forget gates start open

    def forward(self, x: Tensor, last: bool = False) -> Tensor:
        """Map (batch, time, width) to the same shape, or to the last time step of it."""
        normed = self.norm(x)
        mixed = self.convolution(normed)
        n_heads = self.recurrent.shape[1]
        matrices = [cast(Headwise, gate).matrices(n_heads) for gate in self.gates]
        mixed, normed = (
            x.unflatten(-1, (n_heads, -1)).permute(1, 2, 3, 0) for x in (mixed, normed)
        )
        hidden = slstm(
            mixed,
            normed,
            torch.cat(matrices, dim=1),
            self.bias.squeeze(2).transpose(0, 1).flatten(1).unsqueeze(2),
            self.recurrent.permute(1, 0, 3, 2).flatten(1, 2),
            last,
        )
        if last:
            x = x[:, -1:]
        hidden = hidden.permute(3, 0, 1, 2)
        normed = layer_norm(hidden, hidden.shape[-1:], eps=self.head_norm.eps).flatten(2)
        x = x + torch.addcmul(self.head_norm.bias, normed, self.head_norm.weight)
        gate, values = self.up(self.feed_norm(x)).chunk(2, dim=-1)
        output: Tensor = x + self.down(gelu(gate) * values)
        return output
