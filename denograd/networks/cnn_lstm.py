"""Convolutions over the time steps of a window, then an LSTM over what they found."""

from typing import ClassVar

from torch import Tensor, nn

from denograd.networks._base import Network, check_counts, check_dropout
from denograd.networks._convolution import convolutions


class CNNLSTM(Network):
    """Convolutions over time with ReLU, then stacked LSTM layers; their last step to the targets.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    channels : tuple of int, default (32, 64)
        Filters of the convolutions.
    kernel_size : int, default 3
        Time steps a filter covers; odd.
    hidden_size : int, default 64
        Units of every LSTM layer.
    n_layers : int, default 2
        Number of LSTM layers.
    dropout : float, default 0.2
        Share of units dropped between LSTM layers in training.

    References
    ----------
    Sainath, Vinyals, Senior and Sak (2015). Convolutional, long short-term memory, fully connected
    deep neural networks. ICASSP, 4580-4584.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        channels: tuple[int, ...] = (32, 64),
        kernel_size: int = 3,
        hidden_size: int = 64,
        n_layers: int = 2,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, hidden_size=hidden_size, n_layers=n_layers)
        check_dropout(self, dropout)
        self.convolutions, width = convolutions(self, n_features, channels, kernel_size)
        self.lstm = nn.LSTM(
            width,
            hidden_size,
            n_layers,
            batch_first=True,
            dropout=dropout if n_layers > 1 else 0.0,  # there is nothing between layers to drop
        )
        self.head = nn.Linear(hidden_size, n_targets)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        patterns = self.convolutions(x.transpose(1, 2)).transpose(1, 2)
        states, _ = self.lstm(patterns)
        output: Tensor = self.head(states[:, -1])
        return output
