"""Convolutions, then long short-term memory."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
class CNNLSTMRegressor(NeuralRegressor):
    """Convolutions over the steps of a window, then stacked LSTM layers over what they found.

    Parameters
    ----------
    channels : tuple of int, default (32, 64)
        Filters of the convolutions.
    kernel_size : int, default 3
        Time steps a filter covers; odd.
    hidden_size : int, default 64
        Units of every LSTM layer.
    n_layers : int, default 2
        Number of LSTM layers.
    dropout : float, default 0.1
        Share of units dropped between LSTM layers in training.
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.

    References
    ----------
    Sainath, Vinyals, Senior and Sak (2015). Convolutional, long short-term memory, fully connected
    deep neural networks. ICASSP, 4580-4584.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    costly: ClassVar[bool] = True
    method: ClassVar[str] = "cnn_lstm"
    network: ClassVar[str] = "cnn_lstm"

    channels: tuple[int, ...] = (32, 64)
    kernel_size: int = 3
    hidden_size: int = 64
    n_layers: int = 2
    dropout: float = 0.1

    def _sizes(self) -> dict[str, Any]:
        return {
            "channels": self.channels,
            "kernel_size": self.kernel_size,
            "hidden_size": self.hidden_size,
            "n_layers": self.n_layers,
            "dropout": self.dropout,
        }
