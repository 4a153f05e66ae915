"""The two cells of xLSTM and the blocks around them (Beck et al., 2024).

Both cells gate with exponentials, which would overflow. What is read out is a quotient of two sums
over past inputs, and both sums are kept divided by the exponential of a stabiliser, the largest
exponent in them. The quotient does not depend on the stabiliser, therefore it is detached: the
gradient is exact, and no infinite factor enters it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, logsigmoid, silu

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
        Shape (batch, heads, time, width).
    input_gate, forget_gate : Tensor
        Pre-activations of the exponential input gate and of the sigmoid forget gate, shape
        (batch, heads, time).

    Returns
    -------
    Tensor
        What the memory answers at every step, shape (batch, heads, time, width).
    """
    n_steps, width = query.shape[-2:]
    kept = logsigmoid(forget_gate).cumsum(-1)
    log_decay = kept.unsqueeze(-1) - kept.unsqueeze(-2) + input_gate.unsqueeze(-2)
    future = torch.ones(n_steps, n_steps, dtype=torch.bool, device=query.device).triu(1)
    log_decay = log_decay.masked_fill(future, -torch.inf)
    stabiliser = log_decay.detach().amax(-1, keepdim=True)
    scores = query @ key.transpose(-1, -2) / math.sqrt(width)
    weights = scores * (log_decay - stabiliser).exp()
    floor = (-stabiliser).clamp(*_LOG_FLOOR).exp()
    return weights @ value / torch.maximum(weights.sum(-1, keepdim=True).abs(), floor)


def slstm(gates: Tensor, recurrent: Tensor) -> Tensor:
    """Run an sLSTM step by step, for the whole batch and all heads together.

    Parameters
    ----------
    gates : Tensor
        What the input adds to the pre-activations of input gate (exponential), forget gate
        (sigmoid), cell input (tanh) and output gate (sigmoid), shape
        (time, 4, heads, batch, width).
    recurrent : Tensor
        What the last output adds to them, shape (4, heads, width, width).

    Returns
    -------
    Tensor
        The outputs, shape (time, heads, batch, width).
    """
    hidden = cell = weight = torch.zeros_like(gates[0, 0])
    stabiliser = torch.full_like(hidden, -torch.inf)
    outputs = []
    for gates_now in gates:
        log_input, forget, candidate, output = gates_now + hidden @ recurrent
        log_kept = logsigmoid(forget) + stabiliser
        stabiliser = torch.maximum(log_input, log_kept).detach()
        kept, added = (log_kept - stabiliser).exp(), (log_input - stabiliser).exp()
        cell = kept * cell + added * candidate.tanh()
        weight = kept * weight + added
        hidden = output.sigmoid() * cell / weight
        outputs.append(hidden)
    return torch.stack(outputs)


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

    def forward(self, x: Tensor) -> Tensor:
        """Map the last dimension."""
        # For widths like these one dense product is faster than many tiny ones.
        return linear(x, torch.block_diag(*self.weight))


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
        return silu(self.filter(x.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))


class HeadNorm(nn.GroupNorm):
    """Normalise every head at every time step by itself."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        return super().forward(x.flatten(0, 1)).view_as(x)


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
        self.head_norm = HeadNorm(n_heads, inner)
        self.skip = nn.Parameter(torch.ones(inner))
        self.down = nn.Linear(inner, width)
        # The memory starts long (open forget gates) and writes alike whatever it is shown.
        nn.init.zeros_(self.gates.weight)
        input_bias, forget_bias = self.gates.bias.detach().chunk(2)
        nn.init.normal_(input_bias, std=0.1)
        forget_bias.copy_(torch.linspace(3, 6, n_heads))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        inner, gate = self.up(self.norm(x)).chunk(2, dim=-1)
        mixed = self.convolution(inner)
        parts = self.query(mixed), self.key(mixed), self.value(inner)
        gates = self.gates(torch.cat(parts, dim=-1)).transpose(1, 2).chunk(2, dim=1)
        answer = mlstm(*(self._split(part) for part in parts), *gates)
        normed = self.head_norm(answer.transpose(1, 2).flatten(2))
        output: Tensor = x + self.down((normed + self.skip * mixed) * silu(gate))
        return output

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


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
        self.head_norm = HeadNorm(n_heads, width)
        self.feed_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * hidden)
        self.down = nn.Linear(hidden, width)
        self.bias.detach()[1] = torch.linspace(3, 6, head)  # forget gates start open

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        normed = self.norm(x)
        mixed = self.convolution(normed)
        sources = mixed, mixed, normed, normed
        gates = torch.stack(
            [gate(source) for gate, source in zip(self.gates, sources, strict=True)]
        )
        by_head = gates.unflatten(-1, self.bias.shape[1::2]).permute(2, 0, 3, 1, 4) + self.bias
        hidden = slstm(by_head, self.recurrent).permute(2, 0, 1, 3).flatten(2)
        x = x + self.head_norm(hidden)
        gate, values = self.up(self.feed_norm(x)).chunk(2, dim=-1)
        output: Tensor = x + self.down(gelu(gate) * values)
        return output
