"""How good a backbone is on rows set aside, beside what needs no network."""

import numpy as np
import pytest

from denograd import DenoGradDenoiser
from denograd.skill import Skill


def skill(y: np.ndarray, predicted: np.ndarray) -> Skill:
    return Skill.of(y, np.mean((y - predicted) ** 2))


def test_by_hand() -> None:
    y = np.array([1.0, 2.0, 3.0, 6.0])
    found = Skill.of(y, 0.5, np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.n_rows == 4
    assert found.r2 == pytest.approx(1 - 2 / 14)
    assert found.last_value_mse == pytest.approx((1 + 1 + 1 + 9) / 4)
    assert found.beats_last_value
    assert not Skill.of(y, 3.0, y - 1).beats_last_value
    assert Skill.of(y, 3.0).beats_last_value


@pytest.mark.parametrize("n_rows", [1, 2, 15, 400])
def test_nothing_beats_the_mean_without_a_reason(n_rows: int) -> None:
    y = np.random.default_rng(0).normal(size=n_rows)
    assert not skill(y, np.full(n_rows, y.mean())).beats_mean
    assert not skill(np.ones(n_rows), np.zeros(n_rows)).beats_mean


@pytest.mark.parametrize("scale", [0.03, 0.1, 0.3, 1.0])
def test_noise_hardly_ever_beats_the_mean(scale: float) -> None:
    y, guess = np.random.default_rng(0).normal(size=(2, 1000, 40))
    lucky = [skill(y[i], scale * guess[i]).beats_mean for i in range(1000)]
    assert np.mean(lucky) < 0.035


def test_skill_does() -> None:
    y, noise = np.random.default_rng(0).normal(size=(2, 1000, 40))
    found = [skill(y[i], 0.6 * (y[i] + 0.8 * noise[i])).beats_mean for i in range(1000)]
    assert np.mean(found) > 0.99


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_is_taken_on_the_rows_of_early_stopping(domain: str, given: bool) -> None:
    t = np.arange(160)
    channels = np.stack([np.sin(t / 5), np.cos(t / 7)], axis=1)
    X = 10 * channels + np.random.default_rng(1).normal(size=channels.shape)
    y = X[:, 0] if domain == "series" else 2 * X[:, 0] + X[:, 1]
    denoiser = DenoGradDenoiser(
        "mlp", domain=domain, window_size=6, horizon=2, backbone_epochs=4, random_state=0,
        device="cpu",
    )  # fmt: skip
    if given:
        denoiser.fit(X[:100], y[:100], X[100:], y[100:])
        X, y = X[100:], y[100:]
        rows = np.arange(7 if domain == "series" else 0, 60)
    else:
        denoiser.fit(X, y)
        rows = denoiser.backbone_.validation_rows
    predicted = denoiser.predict_target(X)[rows]
    assert denoiser.skill_.n_rows == len(rows)
    assert denoiser.skill_.mse == pytest.approx(np.mean((y[rows] - predicted) ** 2), rel=1e-4)
    if domain == "series":
        last = np.mean((y[rows] - y[rows - 2]) ** 2)
        assert denoiser.skill_.last_value_mse == pytest.approx(last)
    else:
        assert denoiser.skill_.last_value_mse is None


def test_a_network_that_is_not_trained_has_none() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    denoiser = DenoGradDenoiser(backbone_epochs=0, device="cpu", random_state=0)
    assert denoiser.fit(X, X.sum(axis=1)).skill_ is None
