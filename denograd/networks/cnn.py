"""Convolutions over the time steps of a window."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from denograd.networks._base import Network, check_counts, check_dropout


class CNN(Network):
    """Convolutions over time with ReLU; all their outputs are mapped to the targets.

    The convolutions keep the number of time steps, and nothing is pooled: where in the window a
    pattern occurs matters to a forecast.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    channels : tuple of int, default (64, 64)
        Filters of the convolutions.
    kernel_size : int, default 3
        Time steps a filter covers. Odd, so that as many are padded before as after.
    dropout : float, default 0.0
        Share of the last convolution's outputs dropped in training.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998). Gradient-based learning applied to document
    recognition. Proceedings of the IEEE 86(11), 2278-2324.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        channels: tuple[int, ...] = (64, 64),
        kernel_size: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, kernel_size=kernel_size)
        check_dropout(self, dropout)
        if not channels:
            raise ValueError("CNN: channels must name at least one convolution")
        if kernel_size % 2 == 0:
            raise ValueError(f"CNN: kernel_size must be odd, got {kernel_size}")
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise((n_features, *channels)):
            check_counts(self, channels=width_out)
            layers += [nn.Conv1d(width_in, width_out, kernel_size, padding="same"), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels[-1] * self.n_steps, n_targets)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        output: Tensor = self.head(self.convolutions(x.transpose(1, 2)))
        return output
