"""FT-Transformer: every column of a table becomes a token."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from denograd.networks._attention import PreNormBlock
from denograd.networks._base import Network, check_counts, check_dropout


class FTTransformer(Network):
    """Feature tokenizer for numbers, PreNorm transformer blocks, prediction from a CLS token.

    As in the paper, the first block does not normalise the attention's input, and the feed-forward
    parts use ReGLU with 4/3 of the width as hidden units. The last block computes the CLS token
    alone, since nothing else of it is read.

    Parameters
    ----------
    n_features : int
        Columns of the table.
    n_targets : int, default 1
        Columns of the output.
    window : None
        Accepted for the sake of a common signature; only rows of a table are read.
    n_blocks : int, default 2
        Number of transformer blocks.
    width : int, default 192
        Numbers per token.
    n_heads : int, default 8
        Attention heads.
    attention_dropout : float, default 0.2
        Share of attention weights dropped in training.
    dropout : float, default 0.1
        Share of feed-forward units dropped in training.

    References
    ----------
    Gorishniy, Rubachev, Khrulkov and Babenko (2021). Revisiting deep learning models for tabular
    data. NeurIPS 34, 18932-18943.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular"})

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        n_blocks: int = 2,
        width: int = 192,
        n_heads: int = 8,
        attention_dropout: float = 0.2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, n_blocks=n_blocks, width=width, n_heads=n_heads)
        check_dropout(self, attention_dropout)
        check_dropout(self, dropout)
        # Token 0 is CLS: it has a bias only.
        self.weight = nn.Parameter(torch.empty(n_features, width))
        self.bias = nn.Parameter(torch.empty(n_features + 1, width))
        for parameter in (self.weight, self.bias):
            nn.init.uniform_(parameter, -1 / math.sqrt(width), 1 / math.sqrt(width))
        self.blocks = nn.ModuleList(
            PreNormBlock(
                width,
                n_heads,
                hidden_size=max(1, width * 4 // 3),
                attention_dropout=attention_dropout,
                dropout=dropout,
                gated=True,
                normalize_input=index > 0,
            )
            for index in range(n_blocks)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, n_targets))

    def forward(self, x: Tensor) -> Tensor:
        """Map rows to targets."""
        self.check_input(x)
        cls = self.bias[0].expand(len(x), 1, -1)
        tokens = torch.cat((cls, x.unsqueeze(-1) * self.weight + self.bias[1:]), dim=1)
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        output: Tensor = self.head(self.blocks[-1](tokens, only=0).squeeze(1))
        return output
