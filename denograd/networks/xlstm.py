"""xLSTM: exponential gates, a matrix memory (mLSTM) and a recurrent scalar one (sLSTM)."""

from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import linear

from denograd.networks._base import Network, check_counts
from denograd.networks._xlstm import MLSTMBlock, SLSTMBlock

_BLOCKS = {"mlstm": MLSTMBlock, "slstm": SLSTMBlock}


class XLSTM(Network):
    """Linear embedding of time steps, xLSTM blocks, normalisation, last step to the targets.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    width : int, default 64
        Numbers per time step; even, and a multiple of `n_heads`.
    n_heads : int, default 4
        Heads of every cell.
    kernel_size : int, default 4
        Time steps of the causal convolutions.
    blocks : tuple of {"mlstm", "slstm"}, default ("mlstm", "slstm")
        The blocks, from input to output.

    References
    ----------
    Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter and Hochreiter (2024).
    xLSTM: extended long short-term memory. NeurIPS 37.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    revision: ClassVar[int] = 2

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        width: int = 64,
        n_heads: int = 4,
        kernel_size: int = 4,
        blocks: tuple[Literal["mlstm", "slstm"], ...] = ("mlstm", "slstm"),
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, width=width, n_heads=n_heads, kernel_size=kernel_size)
        if width % 2 or width % n_heads:
            raise ValueError(
                f"XLSTM: width must be even and a multiple of n_heads, got {width} and {n_heads}"
            )
        unknown = [block for block in blocks if block not in _BLOCKS]
        if unknown or not blocks:
            raise ValueError(f"XLSTM: blocks must name some of {tuple(_BLOCKS)}, got {blocks!r}")
        self.embedding = nn.Linear(n_features, width)
        self.blocks = nn.Sequential(
            *(_BLOCKS[block](width, n_heads, kernel_size) for block in blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_targets)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        *blocks, last_block = self.blocks
        # Stored by columns, a matrix as narrow as this has its gradient several times as fast.
        weight = self.embedding.weight.t().contiguous().t()
        states = linear(x, weight, self.embedding.bias)
        for block in blocks:
            states = block(states)
        output: Tensor = self.head(self.norm(last_block(states, last=True)[:, 0]))
        return output
