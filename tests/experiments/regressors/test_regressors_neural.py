"""The networks behind the neural regressors: their sizes, their training, their memory."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn

from denograd import networks
from denograd.networks._base import Network
from experiments.regressors.cnn_lstm import CNNLSTMRegressor
from experiments.regressors.dlinear import DLinearRegressor
from experiments.regressors.lstm import LSTMRegressor
from experiments.regressors.neural import NeuralRegressor
from experiments.regressors.xlstm import XLSTMRegressor

SEQUENCE = [LSTMRegressor, CNNLSTMRegressor, XLSTMRegressor, DLinearRegressor]
TRAINING = {"epochs", "patience", "batch_size", "learning_rate", "random_state", "device"}
WINDOW, CHANNELS = 24, 3


def windows(n: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(n, WINDOW, CHANNELS))
    return X, X[:, -1, 0] - 0.5 * X[:, -2, 1]


def network(cls: type[NeuralRegressor], **sizes: object) -> Network:
    """The network after an epoch that is as short as can be."""
    X, y = windows(4)
    return cls(epochs=1, random_state=0, device="cpu", **sizes).fit(X, y, X, y).network_


@pytest.mark.parametrize("cls", SEQUENCE)
class TestSequence:
    def test_windows_of_series_are_what_it_reads(self, cls: type[NeuralRegressor]) -> None:
        assert cls.domains == {"series"}
        assert cls.inputs == "sequence"
        net = network(cls)
        assert type(net) is networks.network_class(cls.network)
        assert (net.window, net.n_features, net.n_targets) == (WINDOW, CHANNELS, 1)

    def test_every_size_reaches_the_network(self, cls: type[NeuralRegressor]) -> None:
        sizes = set(inspect.signature(cls).parameters) - TRAINING
        assert cls()._sizes() == {name: getattr(cls(), name) for name in sizes}
        assert sizes <= set(networks.size_names(cls.network))
        for name in sizes & {"hidden_size", "width", "kernel_size", "n_layers"}:
            value = getattr(cls(), name)
            larger = network(cls, **{name: 3 * value})
            assert _anatomy(larger) != _anatomy(network(cls))

    def test_training_is_as_published(self, cls: type[NeuralRegressor]) -> None:
        model = cls()
        assert (model.epochs, model.patience, model.learning_rate) == (100, 15, 1e-3)

    def test_it_stops_when_the_validation_error_grows(self, cls: type[NeuralRegressor]) -> None:
        """Validation targets far below the training targets: every step leads away from them."""
        X, y = windows()
        model = cls(patience=2, learning_rate=0.01, random_state=0, device="cpu")
        history = model.fit(X, y + 9, X, y - 90).history_
        assert history.n_epochs < 10
        assert history.best_epoch == history.n_epochs - 2
        error = np.mean((model.predict(X) - (y - 90)) ** 2)
        assert error == pytest.approx(min(history.validation_loss), rel=1e-4)

    def test_predictions_are_made_in_batches(
        self, cls: type[NeuralRegressor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        X, y = windows(5000)
        model = cls(epochs=0, random_state=0, device="cpu").fit(X[:8], y[:8], X[:8], y[:8])
        sizes: list[int] = []
        model.network_.register_forward_hook(lambda _, inputs, __: sizes.append(len(inputs[0])))
        together = model.predict(X)
        assert sum(sizes) == 5000
        assert max(sizes) <= 4096
        np.testing.assert_allclose(model.predict(X[4090:4100]), together[4090:4100], atol=1e-5)

    def test_the_window_is_fixed_by_the_fit(self, cls: type[NeuralRegressor]) -> None:
        X, y = windows(4)
        model = cls(epochs=0, random_state=0, device="cpu").fit(X, y, X, y)
        with pytest.raises(ValueError, match=r"row of X has the shape \(23, 3\)"):
            model.predict(X[:, 1:])


def _anatomy(net: nn.Module) -> list[object]:
    """Shapes of the weights, and what is computed from sizes alone."""
    constants = [buffer.tolist() for buffer in net.buffers()]
    return [[tuple(weight.shape) for weight in net.parameters()], constants]


def test_lstm_has_the_published_layers() -> None:
    net = network(LSTMRegressor)
    (lstm,) = (module for module in net.modules() if isinstance(module, nn.LSTM))
    assert (lstm.hidden_size, lstm.num_layers, lstm.dropout) == (64, 2, 0.1)


def test_cnn_lstm_has_the_published_layers() -> None:
    modules = [*network(CNNLSTMRegressor).modules()]
    filters = [(m.out_channels, *m.kernel_size) for m in modules if isinstance(m, nn.Conv1d)]
    assert filters == [(3, 20), (6, 10), (6, 5)]
    kinds = [type(m) for m in modules if isinstance(m, nn.LSTM | nn.Dropout | nn.Linear)]
    assert kinds == [nn.LSTM, nn.Dropout, nn.Linear, nn.Linear, nn.Linear]
    assert [m.p for m in modules if isinstance(m, nn.Dropout)] == [0.1]


def test_dlinear_reads_the_past_of_the_target_alone() -> None:
    X, y = windows()
    model = DLinearRegressor(epochs=2, random_state=0, device="cpu").fit(X, y, X, y)
    others = X + np.array([0, 1, 1])
    np.testing.assert_array_equal(model.predict(others), model.predict(X))


def test_xlstm_has_a_projection_an_mlstm_and_an_slstm_with_four_heads() -> None:
    net = network(XLSTMRegressor)
    assert net.embedding.out_features == 64
    assert [type(block).__name__ for block in net.blocks] == ["MLSTMBlock", "SLSTMBlock"]
    assert net.blocks[0].n_heads == 4
    assert net.blocks[1].head_norm.num_groups == 4


def test_dlinear_averages_over_25_steps() -> None:
    """An impulse in the middle of a long window is spread over 25 steps."""
    X = np.zeros((4, 61, 1))
    model = DLinearRegressor(epochs=0, random_state=0, device="cpu").fit(
        X, X[:, 0, 0], X, X[:, 0, 0]
    )
    smoothed = torch.eye(61)[30] @ model.network_.smoother
    assert int((smoothed > 0).sum()) == 25
    assert smoothed[30].item() == pytest.approx(1 / 25)
