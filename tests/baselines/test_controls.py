"""What the controls do to the target, and that they leave the rest alone."""

import numpy as np
import pytest
from torch import nn

from baselines.constant import ConstantDenoiser
from baselines.identity import IdentityDenoiser
from baselines.predicted_target import PredictedTargetDenoiser
from baselines.shrink_target import ShrinkTargetDenoiser
from denograd.estimator import DenoGradDenoiser

CHEAP = {"backbone_epochs": 3, "window_size": 4, "random_state": 0, "device": "cpu"}


def data(domain: str, n_rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(n_rows, 3)) * 5.0 + 7.0
    return X, X[:, 0].copy() if domain == "series" else X @ [1.0, 2.0, 3.0]


@pytest.fixture(params=["tabular", "series"])
def domain(request) -> str:
    return request.param


def assert_only_the_target_changed(domain, X, refined_X, refined_y):
    if domain == "series":
        np.testing.assert_array_equal(refined_X[:, 0], refined_y)
        np.testing.assert_array_equal(refined_X[:, 1:], X[:, 1:])
    else:
        np.testing.assert_array_equal(refined_X, X)


def test_identity_changes_nothing(domain):
    X, y = data(domain)
    refined_X, refined_y = IdentityDenoiser().fit_resample(X, y)
    np.testing.assert_array_equal(refined_X, X)
    np.testing.assert_array_equal(refined_y, y)


@pytest.mark.parametrize("factor", [0.5, 0.0, 1.0])
def test_shrinking_moves_the_target_towards_its_mean(domain, factor):
    X, y = data(domain)
    refined_X, refined_y = ShrinkTargetDenoiser(factor, domain).fit_resample(X, y)
    np.testing.assert_allclose(refined_y, factor * y + (1 - factor) * y.mean(), rtol=1e-12)
    assert_only_the_target_changed(domain, X, refined_X, refined_y)


def test_shrinking_is_towards_the_mean_of_the_rows_that_change(domain):
    X, y = data(domain)
    denoiser = ShrinkTargetDenoiser(domain=domain).fit(X, y)
    _, refined_y = denoiser.denoise(X + 100.0, y + 100.0)
    np.testing.assert_allclose(refined_y, 100.0 + y.mean() + 0.5 * (y - y.mean()))


def test_constant_is_the_mean_of_the_rows_that_change(domain):
    X, y = data(domain)
    denoiser = ConstantDenoiser(domain).fit(X[:30], y[:30])
    refined_X, refined_y = denoiser.denoise(X, y)
    np.testing.assert_allclose(refined_y, np.full(60, y.mean()))
    assert_only_the_target_changed(domain, X, refined_X, refined_y)


def test_predicted_target_of_a_table_is_the_prediction():
    linear = nn.Linear(3, 1)
    X, y = data("tabular")
    denoiser = PredictedTargetDenoiser(linear, standardize=False, backbone_epochs=0, device="cpu")
    refined_X, refined_y = denoiser.fit_resample(X, y)
    weight, bias = linear.weight.detach().numpy()[0], linear.bias.item()
    np.testing.assert_allclose(refined_y, X @ weight + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(refined_X, X)


@pytest.mark.parametrize("horizon", [1, 3])
def test_predicted_target_of_a_series_begins_after_the_first_window(horizon):
    class LastStep(nn.Module):
        """Predict that the first channel stays where it is."""

        def forward(self, windows):
            return windows[:, -1, :1]

    X, y = data("series")
    denoiser = PredictedTargetDenoiser(
        LastStep(), domain="series", window_size=5, horizon=horizon, device="cpu"
    )
    refined_X, refined_y = denoiser.fit_resample(X, y)
    context = 5 + horizon - 1
    np.testing.assert_array_equal(refined_y[:context], y[:context])
    np.testing.assert_allclose(refined_y[context:], y[context - horizon : -horizon], atol=1e-5)
    assert_only_the_target_changed("series", X, refined_X, refined_y)


@pytest.mark.parametrize("n_steps", [3, 6])
def test_predicted_target_leaves_a_series_without_predictions_as_it_is(n_steps):
    denoiser = PredictedTargetDenoiser(domain="series", horizon=3, **CHEAP).fit(*data("series"))
    X, y = data("series", n_steps)
    refined_X, refined_y = denoiser.denoise(X, y)
    np.testing.assert_array_equal(refined_X, X)
    np.testing.assert_array_equal(refined_y, y)


def test_denograd_and_predicted_target_share_a_backbone(domain):
    X, y = data(domain)
    cache = {}
    denograd = DenoGradDenoiser(domain=domain, **CHEAP).share(cache).fit(X, y)
    control = PredictedTargetDenoiser(domain=domain, **CHEAP).share(cache).fit(X, y)
    assert control.backbone_ is denograd.backbone_
    assert (denograd.reused_seconds_, control.training_seconds_) == (0.0, 0.0)
    assert control.reused_seconds_ == denograd.training_seconds_ > 0.0
    epochs = denograd.backbone_.history.n_epochs
    assert (denograd.training_epochs_, denograd.reused_epochs_) == (epochs, 0)
    assert (control.training_epochs_, control.reused_epochs_) == (0, epochs)
    alone = PredictedTargetDenoiser(domain=domain, **CHEAP).fit(X, y)
    for shared, own in zip(control.denoise(X, y), alone.denoise(X, y), strict=True):
        np.testing.assert_array_equal(shared, own)


@pytest.mark.parametrize(
    "other",
    [{"random_state": 1}, {"backbone_epochs": 2}, {"standardize": False}, {"random_state": None}],
    ids=str,
)
def test_another_setting_is_another_backbone(other):
    X, y = data("tabular")
    cache = {}
    first = DenoGradDenoiser(**CHEAP).share(cache).fit(X, y)
    second = PredictedTargetDenoiser(**{**CHEAP, **other}).share(cache).fit(X, y)
    assert second.backbone_ is not first.backbone_
    assert second.reused_seconds_ == 0.0


def test_other_data_are_another_backbone():
    X, y = data("tabular")
    cache = {}
    denoiser = DenoGradDenoiser(**CHEAP).share(cache)
    first = denoiser.fit(X, y).backbone_
    assert denoiser.fit(X, y + 1.0).backbone_ is not first
    assert denoiser.fit(X, y, X, y).backbone_ is not first
    assert denoiser.fit(X, y).backbone_ is first
    assert len(cache) == 3
