"""Transformer encoder for windows of a series: every time step is a token."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from denograd.networks._attention import PreNormBlock
from denograd.networks._base import Network, check_counts, check_dropout


class Transformer(Network):
    """Linear embedding of time steps, sinusoidal positions, PreNorm blocks, last step to target.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    n_blocks : int, default 2
        Number of transformer blocks.
    width : int, default 64
        Numbers per time step; even.
    n_heads : int, default 4
        Attention heads.
    hidden_size : int, default 128
        Units of the feed-forward parts, with GELU.
    dropout : float, default 0.1
        Share of attention weights and feed-forward units dropped in training.

    References
    ----------
    Vaswani et al. (2017). Attention is all you need. NeurIPS 30.
    Xiong et al. (2020). On layer normalization in the transformer architecture. ICML, 10524-10533.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    positions: Tensor

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        n_blocks: int = 2,
        width: int = 64,
        n_heads: int = 4,
        hidden_size: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, n_blocks=n_blocks, width=width, n_heads=n_heads)
        check_dropout(self, dropout)
        if width % 2:
            raise ValueError(f"Transformer: width must be even, got {width}")
        self.embedding = nn.Linear(n_features, width)
        self.register_buffer("positions", sinusoids(self.n_steps, width), persistent=False)
        self.blocks = nn.ModuleList(
            PreNormBlock(width, n_heads, hidden_size, attention_dropout=dropout, dropout=dropout)
            for _ in range(n_blocks)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_targets))

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        tokens = self.embedding(x) + self.positions
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        output: Tensor = self.head(self.blocks[-1](tokens, only=-1).squeeze(1))
        return output


def sinusoids(window: int, width: int) -> Tensor:
    """Return sines and cosines of the position, with wavelengths from 2π to 20,000π steps."""
    angles = torch.arange(window).unsqueeze(1) * torch.exp(
        torch.arange(0, width, 2) * (-math.log(10_000) / width)
    )
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
