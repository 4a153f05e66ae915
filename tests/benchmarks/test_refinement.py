"""The benchmarks at a small size: that they run, and what pytest-benchmark makes of the loops."""

import pytest
import torch
from torch import nn

from denograd import DenoGrad
from denograd.networks import build

from . import __main__ as figures
from .workloads import WINDOW, noisy_series, noisy_table

ARGUMENTS = {"nrr": 0.01, "nr_threshold": 0.1, "max_epochs": 3, "save_gradients": False}


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.benchmark(group="refinement", max_time=0.5, min_rounds=3)
@pytest.mark.parametrize("rule", ["normalized", "gauss-newton"])
@pytest.mark.usefixtures("one_thread")
def test_table(benchmark, rule):
    X, y = noisy_table(2_000)
    denoiser = DenoGrad(build("mlp", 20), nn.MSELoss(), "cpu", rule=rule).fit(X, y)
    X_refined, *_ = benchmark(denoiser.transform, **ARGUMENTS)
    assert X_refined.shape == X.shape


@pytest.mark.benchmark(group="refinement", max_time=0.5, min_rounds=3)
@pytest.mark.parametrize("name", ["mlp", "lstm"])
@pytest.mark.usefixtures("one_thread")
def test_series(benchmark, name):
    X, y = noisy_series(200)
    denoiser = DenoGrad(build(name, 7, window=WINDOW), nn.MSELoss(), "cpu")
    denoiser.fit(X, y, is_ts=True, window_size=WINDOW)
    X_refined, *_ = benchmark(denoiser.transform, **ARGUMENTS)
    assert X_refined.shape == X.shape


def test_products_are_those_of_the_network():
    with torch.profiler.profile(with_flops=True) as profile:
        figures.products_seconds(build("mlp", 20), batch=10)
    flops = sum(event.flops for event in profile.key_averages())
    weights = 20 * 128 + 128 * 64 + 64 * 32 + 32
    assert flops == 2 * 10 * weights * 2
