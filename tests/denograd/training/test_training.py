"""Fitting a network: what is kept, what is repeatable, and what stays untouched."""

import copy
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from denograd.training import WindowedSeries, predict, seeded, train_network

CPU = {"device": "cpu", "random_state": 0}


@pytest.fixture
def plane():
    """Rows of an exactly linear table: training and validation part."""
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = X @ [2.0, -1.0] + 0.5
    return X[:240], y[:240], X[240:], y[240:]


def linear(seed: int = 0) -> nn.Linear:
    with seeded(seed):
        return nn.Linear(2, 1)


def test_learns_a_plane(plane):
    net = linear()
    history = train_network(net, *plane, epochs=300, learning_rate=0.02, batch_size=32, **CPU)
    np.testing.assert_allclose(net.weight.detach()[0], [2.0, -1.0], atol=1e-2)
    np.testing.assert_allclose(net.bias.detach(), [0.5], atol=1e-2)
    assert min(history.validation_loss) < 1e-4 < history.validation_loss[0]
    assert history.seconds > 0


def test_one_full_batch_is_one_step_of_adam(plane):
    X, y, _, _ = plane
    net, reference = linear(), linear()
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.1)
    for _ in range(3):
        inputs, targets = torch.tensor(X).float(), torch.tensor(y).float()
        loss = nn.functional.mse_loss(reference(inputs)[:, 0], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    train_network(net, X, y, epochs=3, batch_size=1000, learning_rate=0.1, **CPU)
    torch.testing.assert_close(net.weight, reference.weight)
    torch.testing.assert_close(net.bias, reference.bias)


def test_best_weights_are_kept_and_training_stops_early(plane):
    X, y, X_val, y_val = plane
    seen = []

    class Recorder(nn.Linear):
        def eval(self):
            seen.append(copy.deepcopy(self.state_dict()))
            return super().eval()

    net = Recorder(2, 1)
    history = train_network(
        net, X, y, X_val, -y_val, epochs=100, patience=4, learning_rate=0.05, **CPU
    )
    best = int(np.argmin(history.validation_loss))
    assert history.best_epoch == best + 1
    assert history.n_epochs == best + 1 + 4 < 100
    assert torch.equal(net.weight, seen[best]["weight"])
    assert not torch.equal(net.weight, seen[history.n_epochs - 1]["weight"])


def test_without_early_stopping_the_last_weights_stay_and_validation_rows_are_watched(plane):
    X, y, *_ = plane
    noise = torch.randn(10, generator=torch.Generator().manual_seed(0))
    alone, watched = linear(), linear()
    options = {"epochs": 12, "random_state": 0, "device": "cpu", "learning_rate": 0.1}
    train_network(alone, X, y, **options)
    history = train_network(
        watched, X, y, X[:10], noise, patience=1, early_stopping=False, **options
    )
    assert torch.equal(watched.weight, alone.weight)
    assert len(history.validation_loss) == history.n_epochs == history.best_epoch == 12
    assert min(history.validation_loss) < history.validation_loss[-1]


def test_without_validation_rows_the_last_weights_stay(plane):
    X, y, _, _ = plane
    history = train_network(linear(), X, y, epochs=5, patience=1, **CPU)
    assert (history.n_epochs, history.best_epoch) == (5, 5)
    assert history.validation_loss == []


def test_no_epochs_leave_the_network_as_it_is(plane):
    net = linear()
    before = copy.deepcopy(net.state_dict())
    history = train_network(net, *plane, epochs=0, **CPU)
    assert history.n_epochs == history.best_epoch == 0
    assert all(torch.equal(net.state_dict()[key], value) for key, value in before.items())


def test_same_seed_same_weights_other_seed_other_weights(plane):
    def trained(random_state):
        with seeded(0):
            net = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        train_network(net, *plane, epochs=2, device="cpu", random_state=random_state)
        return net[0].weight

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))
    assert not torch.equal(trained(None), trained(None))


def test_random_state_gradients_and_inputs_stay_as_they_were(plane):
    before, arrays = torch.get_rng_state(), [part.copy() for part in plane]
    net = linear()
    train_network(net, *plane, epochs=2, device="cpu")
    assert torch.equal(torch.get_rng_state(), before)
    assert net.weight.grad is None
    assert not net.training
    for part, array in zip(plane, arrays, strict=True):
        np.testing.assert_array_equal(part, array)


def test_random_state_is_restored_after_an_error():
    before = torch.get_rng_state()

    def fail():
        with seeded(3):
            torch.rand(5)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert torch.equal(torch.get_rng_state(), before)


def test_frozen_weights_are_not_trained(plane):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net[0].requires_grad_(False)
    before = net[0].weight.clone()
    train_network(net, *plane, epochs=2, **CPU)
    assert torch.equal(net[0].weight, before)


def test_weights_that_the_loss_does_not_reach_are_left_alone(plane):
    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(2, 1), nn.Linear(2, 1)

        def forward(self, x):
            return self.used(x)

    net = Forgetful()
    before = net.unused.weight.clone()
    train_network(net, *plane, epochs=2, **CPU)
    assert torch.equal(net.unused.weight, before)


def test_a_last_row_on_its_own_does_not_break_batch_normalisation():
    X = np.random.default_rng(0).normal(size=(33, 2))
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
    train_network(net, X, X[:, 0], epochs=2, batch_size=16, **CPU)
    assert net[0].num_batches_tracked == 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_network_keeps_its_dtype(plane, dtype):
    net = linear().to(dtype)
    train_network(net, *plane, epochs=1, **CPU)
    assert net.weight.dtype == dtype
    assert predict(net, plane[0], device="cpu").dtype == str(dtype).removeprefix("torch.")


@pytest.mark.parametrize("n_targets", [1, 2])
def test_shapes_of_targets_and_outputs(n_targets):
    X = np.random.default_rng(0).normal(size=(50, 2))
    targets = X[:, :n_targets] if n_targets > 1 else X[:, 0]
    net = (
        nn.Linear(2, n_targets) if n_targets > 1 else nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    )
    train_network(net, X, targets, epochs=1, **CPU)
    assert predict(net, X, device="cpu").shape == (50, n_targets)


def test_prediction_is_in_eval_mode_in_batches_and_changes_no_mode(plane):
    net = nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.9)).train()
    found = predict(net, plane[0], batch_size=7, device="cpu")
    assert net.training
    expected = plane[0] @ net[0].weight.detach().numpy()[0] + net[0].bias.item()
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


def test_read_only_arrays_are_taken_without_a_warning(plane, recwarn):
    for part in plane:
        part.setflags(write=False)
    train_network(linear(), *plane, epochs=1, **CPU)
    assert not [warning for warning in recwarn if "writ" in str(warning.message)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs has to be an integer of at least 0, got -1"),
        ({"patience": 0}, "patience has to be an integer of at least 1"),
        ({"batch_size": 0}, "batch_size has to be an integer of at least 1"),
    ],
)
def test_numbers_out_of_range_are_named(plane, options, message):
    with pytest.raises(ValueError, match=message):
        train_network(linear(), *plane, **options)


def test_lengths_and_emptiness_are_named():
    with pytest.raises(ValueError, match="differ in length: 3 and 2"):
        train_network(linear(), np.ones((3, 2)), np.ones(2))
    with pytest.raises(ValueError, match="no rows to train on"):
        train_network(linear(), np.ones((0, 2)), np.ones(0))


def test_divergence_is_an_error(plane):
    X, y, X_val, y_val = plane
    with pytest.raises(FloatingPointError, match=r"loss became .* in epoch .*standardise"):
        train_network(linear(), X * 1e30, y, X_val, y_val, epochs=3, **CPU)


def test_windows_are_slices_of_the_series():
    series = torch.arange(20.0).reshape(10, 2)
    windows = WindowedSeries(series, 3, torch.tensor([5, 0, 7]))
    assert windows.shape == (3, 3, 2)
    stacked = torch.stack([series[5:8], series[0:3], series[7:10]])
    assert torch.equal(windows[torch.tensor([0, 1, 2])], stacked)
    assert torch.equal(windows[1:3], stacked[1:])
    assert len(WindowedSeries(series, 3)) == 8


@pytest.mark.parametrize(
    ("window", "starts", "message"),
    [(11, None, "10 steps has no window of 11"), (3, [8], "start at 0 to 7"), (3, [-1], "0 to 7")],
)
def test_windows_outside_the_series_are_refused(window, starts, message):
    with pytest.raises(ValueError, match=message):
        WindowedSeries(torch.zeros(10, 2), window, None if starts is None else torch.tensor(starts))


def test_lazy_windows_train_as_stacked_ones_do():
    series = torch.tensor(np.random.default_rng(0).normal(size=(80, 2)))
    windows = WindowedSeries(series, 6)
    targets = series[:75, 0].numpy()

    def trained(inputs):
        with seeded(0):
            net = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
        train_network(net, inputs, targets, epochs=2, batch_size=16, **CPU)
        return net[1].weight

    assert torch.equal(trained(windows), trained(windows[:]))


def test_training_does_not_import_the_compiler():
    code = (
        "import sys, numpy as np; from torch import nn;"
        "from denograd.training import train_network;"
        "train_network(nn.Linear(2, 1), np.ones((4, 2)), np.ones(4), epochs=1, device='cpu');"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_trains_on_a_gpu_and_restores_its_generator(plane):
    before = torch.cuda.get_rng_state()
    net = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.1), nn.Linear(8, 1))
    history = train_network(net, *plane, epochs=5, random_state=0, device="cuda")
    assert next(net.parameters()).is_cuda
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert history.validation_loss[-1] < history.validation_loss[0]


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library has its own way with freed memory"
)
def test_a_step_finds_the_memory_that_the_one_before_freed():
    code = """
import resource, numpy as np
from denograd.refinement.model import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        [np.ones(2**20, np.uint8) for _ in range(16)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
without = faults()
keep_freed_memory()
print(without, faults())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    without, with_it = map(int, done.stdout.split())
    assert with_it < without / 4
