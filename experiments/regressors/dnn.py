"""A small multilayer perceptron."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
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
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.
    """

    method: ClassVar[str] = "dnn"
    network: ClassVar[str] = "mlp"

    hidden_tabular: tuple[int, ...] = (128, 64, 32)
    hidden_series: tuple[int, ...] = (64, 32)
    domain: Literal["tabular", "series"] = "tabular"

    def _sizes(self) -> dict[str, Any]:
        hidden = self.hidden_series if self.domain == "series" else self.hidden_tabular
        return {"hidden_sizes": tuple(hidden)}
