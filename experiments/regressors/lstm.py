"""Long short-term memory."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
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
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.

    References
    ----------
    Hochreiter and Schmidhuber (1997). Long short-term memory. Neural Computation 9(8), 1735-1780.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    costly: ClassVar[bool] = True
    method: ClassVar[str] = "lstm"
    network: ClassVar[str] = "lstm"

    hidden_size: int = 64
    n_layers: int = 2
    dropout: float = 0.1

    def _sizes(self) -> dict[str, Any]:
        return {"hidden_size": self.hidden_size, "n_layers": self.n_layers, "dropout": self.dropout}
