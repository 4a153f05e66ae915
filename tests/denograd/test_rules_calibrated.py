"""The rule whose step the noise dictates."""

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad
from denograd.calibration.mixture import precision
from denograd.published import STEPS
from denograd.rules import Calibrated

from .toys import (
    DATA,
    SERIES,
    Flat,
    assert_same,
    cheap,
    perceptron,
    plane,
    series,
    table,
    window_plane,
)

CPU = torch.device("cpu")


def refine(model, X, y, loss=None, cut=None, **arguments):
    denoiser = DenoGrad(model, loss or nn.MSELoss(), CPU, rule="calibrated")
    return denoiser.fit(X, y, **(cut or {})).transform(**arguments)


WEIGHTS = np.array([3.0, -4.0])


def noisy_plane(n=300):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, X @ WEIGHTS + np.random.default_rng(1).normal(size=n)


def expected_on_a_plane(X, y, sd_X, sd_y, error):
    """The formula as it is written: on a plane all rows have the same S²."""
    r = X @ WEIGHTS - y
    q = precision(r, max(error, sd_y**2 + sd_X**2 @ WEIGHTS**2), sd_y**2)
    return X - sd_X**2 * WEIGHTS * (q * r)[:, None], y + sd_y**2 * q * r


@pytest.mark.parametrize("error", [0.01, 2.0, 50.0])
@pytest.mark.parametrize(
    "loss", [nn.MSELoss(), nn.MSELoss(reduction="sum"), nn.HuberLoss()], ids=str
)
@pytest.mark.parametrize("batch_size", [1000, 7])
def test_is_its_formula(error, loss, batch_size):
    X, y = noisy_plane()
    model = plane(WEIGHTS, dtype=torch.float64)
    sd_X, sd_y = np.array([0.2, 0.1]), 0.5
    got = refine(
        model, X, y, loss, noise=(sd_X, sd_y), prediction_error=error, batch_size=batch_size
    )
    assert_same(got, expected_on_a_plane(X, y, sd_X, sd_y, error), atol=1e-9)


@pytest.mark.parametrize("known", ["prediction_error", "X_val"])
@pytest.mark.parametrize(("domain", "of_X"), [("tabular", (0.4, 0.1)), ("series", (2.0, 1.0))])
def test_units_of_the_data_are_those_of_its_arguments(known, domain, of_X):
    X, y = DATA[domain](60, 2)
    units = np.array([1e3, 1e-2])
    unit = units[0] if domain == "series" else 50.0
    of_y = of_X[0] if domain == "series" else 0.3

    def refined(units, unit):
        rule = {"name": "calibrated", "noise": (np.multiply(of_X, units), of_y * unit)}
        error = {"prediction_error": unit**2}
        rows = {"X_val": X[:30] * units, "y_val": y[:30] * unit}
        rule |= error if known == "prediction_error" else rows
        own = SERIES if domain == "series" else {}
        return cheap(rule=rule, **own).fit_resample(X * units, y * unit)

    plain, other = refined(np.ones(2), 1.0), refined(units, unit)
    for before, after, same in ((X, plain[0], other[0] / units), (y, plain[1], other[1] / unit)):
        largest = np.abs(after - before).max()
        assert largest > 1e-4
        np.testing.assert_allclose(same, after, rtol=0, atol=0.02 * largest)


def test_steep_rows_err_more():
    # f(x) = x² has J = 2x: S² is the noise of y, that of x times J², and what the model adds.
    model = Smooth(torch.square)
    X = np.linspace(0.5, 3.0, 200)[:, None]
    y = X[:, 0] ** 2 + np.random.default_rng(0).normal(size=200)
    sd_x, sd_y, own = 0.3, 0.5, 0.2
    variance = own + sd_y**2 + sd_x**2 * (2.0 * X[:, 0]) ** 2
    got = refine(model, X, y, noise=(sd_x, sd_y), prediction_error=float(variance.mean()))
    r = X[:, 0] ** 2 - y
    pull = precision(r, variance, sd_y**2) * r
    expected = X - (sd_x**2 * 2.0 * X[:, 0] * pull)[:, None], y + sd_y**2 * pull
    assert_same(got, expected, atol=1e-9)


class Smooth(nn.Module):
    """A function known by its formula."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def exponential(x):
    return torch.exp(3.0 * x).sum(dim=1)


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.filterwarnings("ignore::denograd.history.OscillationWarning")
def test_recovers_inputs_that_the_published_step_moves_away(columns, share):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(5000, columns))
    y = exponential(torch.tensor(X)).numpy()
    sd_X, sd_y = share * X.std(axis=0), share * y.std()
    noisy = X + sd_X * rng.standard_normal(X.shape), y + sd_y * rng.standard_normal(len(y))
    seen, X_val, y_val = [values[:2500] for values in noisy], noisy[0][2500:], noisy[1][2500:]
    arguments = {"noise": (sd_X, sd_y), "X_val": X_val, "y_val": y_val}
    refined = refine(Smooth(exponential), *seen, **arguments)
    published, *_ = DenoGrad(Smooth(exponential), nn.MSELoss(), CPU).fit(*seen).transform(**STEPS)

    def recovery(moved, clean, before):
        error = np.mean((moved - clean[:2500]) ** 2) / np.mean((before - clean[:2500]) ** 2)
        return 1.0 - np.sqrt(error)

    assert 0.13 <= recovery(refined[0], X, seen[0]) <= 0.25
    assert recovery(refined[1], y, seen[1]) >= 0.1
    assert recovery(published, X, seen[0]) <= 0.0


def test_a_number_is_a_share_of_each_spread():
    X, y = noisy_plane()
    got = refine(plane(WEIGHTS, dtype=torch.float64), X, y, noise=0.3, prediction_error=1.0)
    assert_same(got, expected_on_a_plane(X, y, 0.3 * X.std(0), 0.3 * y.std(), 1.0), atol=1e-9)


def test_no_noise_no_step():
    X, y = noisy_plane()
    got = refine(perceptron(2), X, y, noise=0.0, prediction_error=1.0)
    assert_same(got, (X, y))
    X_out, *_ = refine(
        perceptron(2, dtype=torch.float64), X, y, noise=np.array([0.0, 0.4]), prediction_error=1.0
    )
    np.testing.assert_array_equal(X_out[:, 0], X[:, 0])
    assert not np.array_equal(X_out[:, 1], X[:, 1])


def test_time_steps_move_by_the_consensus_of_their_windows():
    # One step of history, f(w) = 2 w: window s covers step s alone and predicts step s + 1.
    X, y = series(60, 1)
    cut = {"is_ts": True, "window_size": 1, "channels_first": False}
    X_out, y_out, *_ = refine(
        window_plane(1, 1, [2.0], torch.float64),
        X,
        y,
        cut=cut,
        noise=(0.2, 0.3),
        prediction_error=1.0,
    )
    r = 2.0 * X[:-1, 0] - y[1:]
    pull = precision(r, 1.0, 0.3**2) * r
    np.testing.assert_allclose(X_out[:-1, 0], X[:-1, 0] - 0.2**2 * 2.0 * pull)
    np.testing.assert_allclose(y_out[1:], y[1:] + 0.3**2 * pull)
    assert (X_out[-1], y_out[0]) == (X[-1], y[0])


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_the_error_is_found_on_rows_set_aside(domain):
    if domain == "tabular":
        (X, y), model, cut = table(40), perceptron(3, dtype=torch.float64), {}
        f = model(torch.tensor(X[30:])).detach().numpy()[:, 0]
        error = np.mean((f - y[30:]) ** 2)
    else:
        (X, y), model, cut = series(60), Flat(10, 6).double(), {"is_ts": True, "window_size": 5}
        windows = torch.stack([torch.tensor(X[s : s + 5]) for s in range(30, 55)])
        error = np.mean((model(windows).detach().numpy()[:, 0] - y[35:]) ** 2)
    told = refine(model, X[:30], y[:30], cut=cut, noise=0.2, prediction_error=error)
    found = refine(model, X[:30], y[:30], cut=cut, noise=0.2, X_val=X[30:], y_val=y[30:])
    assert_same(found, told, atol=1e-12)
    instance = Calibrated(noise=0.2, X_val=X[30:], y_val=y[30:])
    whole = DenoGrad(model, nn.MSELoss(), CPU, rule=instance).fit(X[:30], y[:30], **cut)
    assert_same(whole.transform(), found)


X, Y = table(20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prediction_error": 1.0}, "needs noise=, the standard deviation of the noise"),
        ({"noise": 0.1}, "pass prediction_error=, or such rows as X_val= and y_val="),
        ({"noise": 0.1, "X_val": X}, "X_val and y_val belong together"),
        ({"noise": 0.1, "X_val": X, "y_val": Y, "prediction_error": 1.0}, "not both"),
        ({"noise": 0.1, "prediction_error": -1.0}, "prediction_error"),
        ({"noise": -0.1, "prediction_error": 1.0}, "noise"),
        ({"noise": np.ones(7), "prediction_error": 1.0}, "noise has 7 values, but X has 3 columns"),
        ({"noise": 0.1, "X_val": X[:, :2], "y_val": Y}, "X_val has 2 columns, the data have 3"),
        ({"noise": 0.1, "X_val": X, "y_val": Y[1:]}, "X_val has 20 rows, but y_val has 19"),
        ({"noise": 0.1, "prediction_error": 1.0, "nrr": 0.1}, "nrr has no effect under the rule"),
    ],
    ids=str,
)
def test_what_is_missing_or_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        refine(perceptron(3), X, Y, **arguments)


def test_several_targets_are_refused():
    with pytest.raises(ValueError, match="refines one target, got 2 columns"):
        refine(perceptron(3, 2), X, np.column_stack([Y, Y]), noise=0.1, prediction_error=1.0)
