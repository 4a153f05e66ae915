"""The same refinement on CUDA: equal results, a model left on its device, no needless copies."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad

from .toys import LastStep, perceptron, series, table

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
SERIES = {"is_ts": True, "window_size": 6}
RULES = ["normalized", "gauss-newton", "global"]


CASES = [(rule, "series") for rule in RULES] + [(rule, "table") for rule in RULES[:2]]


def problem(kind):
    if kind == "table":
        return perceptron(3, dtype=torch.float64), *table(300), {}
    return LastStep(2, 8, n_layers=2, dropout=0.3).double(), *series(300), SERIES


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_agrees_with_the_cpu(rule, kind):
    model, X, y, how = problem(kind)
    outputs = [
        DenoGrad(model, nn.MSELoss(), device, rule=rule).fit_transform(X, y, max_epochs=5, **how)
        for device in ("cpu", "cuda")
    ]
    for cpu, cuda in zip(outputs[0][:2], outputs[1][:2], strict=True):
        np.testing.assert_allclose(cuda, cpu, atol=1e-6)
    for cpu, cuda in zip(outputs[0][2], outputs[1][2], strict=True):
        np.testing.assert_allclose(cuda, cpu, atol=1e-5)


def test_is_the_default_where_there_is_one():
    model, X, y, _ = problem("table")
    devices = set()
    model.register_forward_hook(lambda module, inputs, output: devices.add(output.device.type))
    DenoGrad(model, nn.MSELoss()).fit_transform(X, y, max_epochs=1)
    assert devices == {"cuda"}


@pytest.mark.parametrize("home", ["cpu", "cuda"])
def test_the_model_stays_where_it_was(home):
    model, X, y, how = problem("series")
    model.to(home).train()
    model.rnn.weight_ih_l0.grad = torch.ones_like(model.rnn.weight_ih_l0)
    storage = [weight.data_ptr() for weight in model.parameters()]
    other = "cuda" if home == "cpu" else "cpu"
    for device in (home, other):
        DenoGrad(model, nn.MSELoss(), device).fit_transform(X, y, max_epochs=2, **how)
        assert {weight.device.type for weight in model.parameters()} == {home}
        assert [weight.data_ptr() for weight in model.parameters()] == storage
        assert model.rnn.weight_ih_l0.grad.device.type == home
        assert model.rnn.dropout == 0.3
        assert all(module.training for module in model.modules())


def test_tensors_come_back_to_their_device():
    model, X, y, _ = problem("table")
    X_out, y_out, steps_x, _ = DenoGrad(model, nn.MSELoss()).fit_transform(
        torch.tensor(X, device="cuda"), torch.tensor(y), max_epochs=2
    )
    assert (X_out.device.type, y_out.device.type) == ("cuda", "cpu")
    assert steps_x[0].device.type == "cuda"


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_waits_for_the_device_once_per_epoch_not_per_batch(rule, kind):
    model, X, y, how = problem(kind)
    model.cuda()
    denoiser = DenoGrad(model, nn.MSELoss(), "cuda", rule=rule).fit(X, y, **how)

    def waits(**arguments):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                denoiser.transform(save_gradients=False, **arguments)
            finally:
                torch.cuda.set_sync_debug_mode("default")
        return sum("synchronizing" in str(warning.message) for warning in caught)

    few, many = (waits(max_epochs=2, batch_size=size) for size in (1000, 10))
    # The first run may wait once more, for what is set up on first use.
    assert many <= few
    assert (waits(max_epochs=6) - waits(max_epochs=2)) / 4 <= 6
