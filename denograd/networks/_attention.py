"""The PreNorm block that both transformers are made of."""

import torch
from torch import Tensor, nn

from denograd.networks._base import check_counts


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al., 2017).

    Parameters
    ----------
    width : int
        Numbers per token; a multiple of `n_heads`.
    n_heads : int
        Number of heads.
    dropout : float
        Share of attention weights dropped in training.
    """

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        check_counts(self, width=width, n_heads=n_heads)
        if width % n_heads:
            raise ValueError(f"width {width} must be a multiple of n_heads {n_heads}")
        self.n_heads = n_heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens: Tensor, queries: Tensor) -> Tensor:
        """Let `queries` (batch, m, width) attend to `tokens` (batch, n, width)."""
        key, value = self.key_value(tokens).chunk(2, dim=-1)
        heads = nn.functional.scaled_dot_product_attention(
            self._split(self.query(queries)),
            self._split(key),
            self._split(value),
            dropout_p=self.dropout if self.training else 0.0,
        )
        output: Tensor = self.output(heads.transpose(1, 2).flatten(2))
        return output

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


class ReGLU(nn.Module):
    """Gated linear unit: one half of the numbers times the ReLU of the other (Shazeer, 2020)."""

    def forward(self, x: Tensor) -> Tensor:
        """Halve the last dimension."""
        values, gate = x.chunk(2, dim=-1)
        return values * torch.relu(gate)


class PreNormBlock(nn.Module):
    """Attention and feed-forward part, each normalised before and added to its input.

    Parameters
    ----------
    width : int
        Numbers per token.
    n_heads : int
        Number of heads.
    hidden_size : int
        Units of the feed-forward part.
    attention_dropout, dropout : float
        Shares of attention weights and of hidden units dropped in training.
    gated : bool, default False
        Whether the hidden units are ReGLU; otherwise GELU.
    normalize_input : bool, default True
        Whether the attention's input is normalised.
    """

    def __init__(
        self,
        width: int,
        n_heads: int,
        hidden_size: int,
        attention_dropout: float,
        dropout: float,
        *,
        gated: bool = False,
        normalize_input: bool = True,
    ) -> None:
        super().__init__()
        check_counts(self, hidden_size=hidden_size)
        self.attention_norm = nn.LayerNorm(width) if normalize_input else nn.Identity()
        self.attention = Attention(width, n_heads, attention_dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * hidden_size if gated else hidden_size),
            ReGLU() if gated else nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_size, width),
        )

    def forward(self, tokens: Tensor, only: int | None = None) -> Tensor:
        """Transform the tokens, or only the one at an index: all that a last block is asked for."""
        normed = self.attention_norm(tokens)
        if only is None:
            tokens = tokens + self.attention(normed, normed)
        else:
            one = normed[:, only].unsqueeze(1)
            tokens = tokens[:, only].unsqueeze(1) + self.attention(normed, one)
        output: Tensor = tokens + self.feed_forward(tokens)
        return output
