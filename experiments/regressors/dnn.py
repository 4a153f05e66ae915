"""A small multilayer perceptron."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


class DNNRegressor(NeuralRegressor):
    """Multilayer perceptron with ReLU, trained with Adam on the squared error.

    Training stops when the error on the validation rows has not improved for `patience` epochs,
    and the best weights are kept.

    Parameters
    ----------
    hidden_tabular : tuple of int, default (128, 64, 32)
        Widths of the hidden layers on a table.
    hidden_series : tuple of int, default (64, 32)
        Widths of the hidden layers on flattened windows.
    epochs : int, default 100
        Most passes over the training rows.
    patience : int, default 15
        Epochs without improvement after which training stops.
    batch_size : int, default 128
        Training rows per step.
    learning_rate : float, default 1e-3
        Learning rate of Adam.
    domain : {"tabular", "series"}, default "tabular"
        Which of the two widths is used.
    random_state : int, optional
        Seed of the initial weights and of the order of the rows.
    device : str, optional
        Where to train; None takes a CUDA device if there is one.
    """

    method: ClassVar[str] = "dnn"
    network: ClassVar[str] = "mlp"

    def __init__(
        self,
        hidden_tabular: tuple[int, ...] = (128, 64, 32),
        hidden_series: tuple[int, ...] = (64, 32),
        epochs: int = 100,
        patience: int = 15,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        domain: Literal["tabular", "series"] = "tabular",
        random_state: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__(epochs, patience, batch_size, learning_rate, random_state, device)
        self.hidden_tabular = hidden_tabular
        self.hidden_series = hidden_series
        self.domain = domain

    def _sizes(self) -> dict[str, Any]:
        hidden = self.hidden_series if self.domain == "series" else self.hidden_tabular
        return {"hidden_sizes": tuple(hidden)}
