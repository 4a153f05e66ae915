"""Long short-term memory for windows of a series."""

from typing import ClassVar

from torch import Tensor, nn

from denograd.networks._base import Network, check_counts, check_dropout


class LSTM(Network):
    """Stacked LSTM layers; the state at the last time step is mapped to the targets.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int
        Time steps of a window.
    hidden_size : int, default 64
        Units of every layer.
    n_layers : int, default 2
        Number of layers.
    dropout : float, default 0.2
        Share of units dropped between layers in training.

    References
    ----------
    Hochreiter and Schmidhuber (1997). Long short-term memory. Neural Computation 9(8), 1735-1780.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        hidden_size: int = 64,
        n_layers: int = 2,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, hidden_size=hidden_size, n_layers=n_layers)
        check_dropout(self, dropout)
        self.lstm = nn.LSTM(
            n_features,
            hidden_size,
            n_layers,
            batch_first=True,
            dropout=dropout if n_layers > 1 else 0.0,  # there is nothing between layers to drop
        )
        self.head = nn.Linear(hidden_size, n_targets)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        states, _ = self.lstm(x)
        output: Tensor = self.head(states[:, -1])
        return output
