"""Convolutions, then long short-term memory."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


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
    epochs : int, default 100
        Most passes over the training rows.
    patience : int, default 15
        Epochs without improvement after which training stops.
    batch_size : int, default 128
        Training rows per step.
    learning_rate : float, default 1e-3
        Learning rate of Adam.
    random_state : int, optional
        Seed of the initial weights, of the order of the rows and of dropout.
    device : str, optional
        Where to train; None takes a CUDA device if there is one.

    References
    ----------
    Sainath, Vinyals, Senior and Sak (2015). Convolutional, long short-term memory, fully connected
    deep neural networks. ICASSP, 4580-4584.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    method: ClassVar[str] = "cnn_lstm"
    network: ClassVar[str] = "cnn_lstm"

    def __init__(
        self,
        channels: tuple[int, ...] = (32, 64),
        kernel_size: int = 3,
        hidden_size: int = 64,
        n_layers: int = 2,
        dropout: float = 0.1,
        epochs: int = 100,
        patience: int = 15,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__(epochs, patience, batch_size, learning_rate, random_state, device)
        self.channels = channels
        self.kernel_size = kernel_size
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.dropout = dropout

    def _sizes(self) -> dict[str, Any]:
        return {
            "channels": self.channels,
            "kernel_size": self.kernel_size,
            "hidden_size": self.hidden_size,
            "n_layers": self.n_layers,
            "dropout": self.dropout,
        }
