"""Convolutions and pooling, then long short-term memory."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
class CNNLSTMRegressor(NeuralRegressor):
    """Three blocks of convolution and pooling, an LSTM over what they found, dense layers.

    The sizes are those of `OhShuLih` in the package TSFEDL, see `denograd.networks.cnn_lstm`.

    Parameters
    ----------
    dropout : float, default 0.1
        Share of the LSTM's outputs dropped in training.
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.

    References
    ----------
    Oh, Ng, San Tan and Acharya (2018). Automated diagnosis of arrhythmia using combination of CNN
    and LSTM techniques with variable length heart beats. Computers in Biology and Medicine 102,
    278-287.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    costly: ClassVar[bool] = True
    method: ClassVar[str] = "cnn_lstm"
    network: ClassVar[str] = "cnn_lstm"
    revision: ClassVar[int] = 2

    dropout: float = 0.1

    def _sizes(self) -> dict[str, Any]:
        return {"dropout": self.dropout}
