"""Convolutions and pooling over the time steps of a window, then an LSTM, then dense layers."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from denograd.networks._base import Network, check_counts, check_dropout

_KERNEL_SIZES = (20, 10, 5)


class CNNLSTM(Network):
    """Three times convolution, ReLU and max pooling; an LSTM; its last step through dense layers.

    The network of Oh et al. as the package TSFEDL has it (`OhShuLih`): filters of 20, 10 and 5
    steps without bias, poolings that halve. The convolutions are full, that is padded by all but
    one of the filter's steps on both sides; so the poolings leave 9 steps of a window of 24, and 6
    of the shortest.

    It was made to classify heart beats of one channel. Here it reads all channels and its output is
    linear. What the filters found is transposed for the LSTM, which thus reads it in order of time;
    the package's version for torch reshapes it instead, which mixes time steps and filters.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    channels : tuple of int, default (3, 6, 6)
        Filters of the three convolutions.
    hidden_size : int, default 20
        Units of the LSTM.
    hidden_sizes : tuple of int, default (20, 10)
        Units of the dense layers, with ReLU.
    dropout : float, default 0.2
        Share of the LSTM's outputs dropped in training.

    References
    ----------
    Oh, Ng, San Tan and Acharya (2018). Automated diagnosis of arrhythmia using combination of CNN
    and LSTM techniques with variable length heart beats. Computers in Biology and Medicine 102,
    278-287.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    revision: ClassVar[int] = 2

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        channels: tuple[int, ...] = (3, 6, 6),
        hidden_size: int = 20,
        hidden_sizes: tuple[int, ...] = (20, 10),
        dropout: float = 0.2,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, hidden_size=hidden_size)
        check_dropout(self, dropout)
        if len(channels) != len(_KERNEL_SIZES):
            raise ValueError(f"CNNLSTM: channels must name three convolutions, got {channels!r}")
        layers: list[nn.Module] = []
        widths = pairwise((n_features, *channels))
        for (width_in, width_out), size in zip(widths, _KERNEL_SIZES, strict=True):
            check_counts(self, channels=width_out)
            layers += [
                nn.Conv1d(width_in, width_out, size, padding=size - 1, bias=False),
                nn.ReLU(),
                nn.MaxPool1d(2),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.lstm = nn.LSTM(channels[-1], hidden_size, batch_first=True)
        layers = [nn.Dropout(dropout)]
        for width_in, width_out in pairwise((hidden_size, *hidden_sizes)):
            check_counts(self, hidden_sizes=width_out)
            layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        self.head = nn.Sequential(*layers, nn.Linear((hidden_size, *hidden_sizes)[-1], n_targets))

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        patterns = self.convolutions(x.transpose(1, 2)).transpose(1, 2)
        states, _ = self.lstm(patterns)
        output: Tensor = self.head(states[:, -1])
        return output
