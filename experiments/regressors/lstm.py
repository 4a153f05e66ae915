"""Long short-term memory."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


class LSTMRegressor(NeuralRegressor):
    """Stacked LSTM layers over a window; the last step gives the target.

    Parameters
    ----------
    hidden_size : int, default 64
        Units of every layer.
    n_layers : int, default 2
        Number of layers.
    dropout : float, default 0.1
        Share of units dropped between layers in training.
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
    Hochreiter and Schmidhuber (1997). Long short-term memory. Neural Computation 9(8), 1735-1780.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    method: ClassVar[str] = "lstm"
    network: ClassVar[str] = "lstm"

    def __init__(
        self,
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
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.dropout = dropout

    def _sizes(self) -> dict[str, Any]:
        return {"hidden_size": self.hidden_size, "n_layers": self.n_layers, "dropout": self.dropout}
