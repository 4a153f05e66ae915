"""Leaving out what cannot move changes the time, not the result."""

import numpy as np
import pytest
import torch
from torch import nn

from denograd.refinement.criterion import Criterion
from denograd.refinement.model import frozen
from denograd.refinement.predictor import Predictor
from denograd.refinement.problem import Problem
from denograd.refinement.windows import Windows
from denograd.rules import make_rule

from ...benchmarks import naive
from ..toys import Calls, Flat, LastStep, perceptron, series, table, window_plane

CPU = torch.device("cpu")


def run(model, X, y, rule="normalized", windows=None, batch_size=1000, skip=True, **arguments):
    """Refined x and y, the history, and the model's calls."""
    model = Calls(model)
    problem = Problem(
        Predictor(frozen(model, CPU), 1, "rows" if windows is None else "time_first"),
        Criterion(nn.MSELoss(), 1, torch.float64, CPU),
        torch.tensor(X),
        torch.tensor(y)[:, None],
        windows,
        batch_size=batch_size,
        skip_resting=skip,
    )
    epochs = [step.epoch for step in make_rule(rule, **arguments).refine(problem)]
    return problem.x.numpy(), problem.y.numpy()[:, 0], epochs, model


def same_with_skips(*args, **arguments):
    """Assert that leaving out what rests changes nothing; the calls with it and without."""
    X_all, y_all, epochs_all, calls_all = run(*args, skip=False, **arguments)
    X_out, y_out, epochs, calls = run(*args, **arguments)
    np.testing.assert_allclose(X_out, X_all, atol=1e-12)
    np.testing.assert_allclose(y_out, y_all, atol=1e-12)
    for field in ("loss", "gated", "step", "swinging"):
        got, expected = ([getattr(e, field) for e in es] for es in (epochs, epochs_all))
        assert got == pytest.approx(expected, abs=1e-12)
    return calls, calls_all


RULES = [
    ("normalized", {"nrr": 0.02, "nr_threshold": 0.2, "max_epochs": 60}),
    ("gauss-newton", {"nr_threshold": 0.2, "max_epochs": 30}),
]


@pytest.mark.parametrize(("rule", "arguments"), RULES)
def test_rows_at_rest_can_leave_a_table(rule, arguments):
    X, y = table(300)
    model = perceptron(3, dtype=torch.float64)
    calls, calls_all = same_with_skips(model, X, y, rule, **arguments)
    assert sum(calls.batches) < sum(calls_all.batches)


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "most"),
    [(1_500, 1000, 512), (1_500, 100, 100), (9_600, 1000, 600), (16_000, 1000, 1000)],
)
def test_a_small_table_is_visited_in_small_batches(n_rows, batch_size, most):
    X, y = table(n_rows)
    *_, calls = run(perceptron(3, dtype=torch.float64), X, y, batch_size=batch_size, max_epochs=1)
    assert max(calls.batches) == most
    assert sum(calls.batches) == n_rows


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        *RULES,
        *((rule, {**more, "consensus": c}) for rule, more in RULES for c in ("sum", "last")),
    ],
)
@pytest.mark.parametrize(("future", "stride"), [(1, 1), (2, 3)])
@pytest.mark.parametrize("batch_size", [1000, 13])
def test_windows_at_rest_need_no_visit(rule, arguments, future, stride, batch_size):
    X, y = series(240)
    model = Flat(10, 6).double()
    windows = Windows(240, 5, future, stride)
    arguments = {"windows": windows, "batch_size": batch_size, **arguments}
    calls, calls_all = same_with_skips(model, X, y, rule, **arguments)

    def work(calls):
        costs = [3 if gradient else 1 for gradient in calls.gradients]
        return np.dot(costs, calls.batches)

    assert work(calls) < work(calls_all)


def test_far_from_the_only_noisy_step_no_window_is_visited_twice():
    # f(window) is its last value; a single step of a constant series is off.
    X = np.zeros((300, 1))
    X[150] = 1.0
    model = window_plane(4, 1, [0.0, 0.0, 0.0, 1.0], torch.float64)
    *_, calls = run(
        model, X, np.zeros(300), windows=Windows(300, 4), nr_threshold=0.1, max_epochs=10
    )
    assert calls.batches[0] == 296
    assert max(calls.batches[1:]) <= 7


def test_a_table_as_the_obvious_loop_refines_it():
    X, y = table(200)
    model = perceptron(3, dtype=torch.float64)
    arguments = {"nrr": 0.02, "nr_threshold": 0.1, "max_epochs": 40}
    X_naive, y_naive = naive.refine_table(model, X, y[:, None], batch_size=64, **arguments)
    X_out, y_out, *_ = run(model, X, y, **arguments)
    np.testing.assert_allclose(X_out, X_naive, atol=1e-10)
    np.testing.assert_allclose(y_out, y_naive[:, 0], atol=1e-10)


def test_a_series_as_the_obvious_loop_refines_it():
    X, y = series(120)
    model = LastStep(2, 4).double()
    arguments = {"nrr": 0.02, "nr_threshold": 0.1, "max_epochs": 20}
    X_naive, y_naive = naive.refine_series(
        model, X, y[:, None], window_size=6, batch_size=50, **arguments
    )
    X_out, y_out, *_ = run(model, X, y, windows=Windows(120, 6), **arguments)
    np.testing.assert_allclose(X_out, X_naive, atol=1e-10)
    np.testing.assert_allclose(y_out, y_naive[:, 0], atol=1e-10)
