"""What methods without skill score under the published protocol, in closed form.

There every row is refined, and errors are taken against the refined target: before, a regressor
is fitted on noisy rows and scored on noisy test rows; after, both are refined.
"""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from baselines.kalman import KalmanDenoiser, kalman_gains
from baselines.moving_average import MovingAverageDenoiser
from baselines.shrink_target import ShrinkTargetDenoiser
from baselines.wtd import WTDDenoiser

GAIN = kalman_gains(10_000, 1e-5, 1e-2, 1.0)[-1]


def published_improvement(denoiser, regressor, X, y, test) -> float:
    """Return Imp% of a table: the share of the error that is gone, as published."""
    refined_X, refined_y = denoiser.fit_resample(X, y)
    errors = []
    for inputs, targets in ((X, y), (refined_X, refined_y)):
        regressor.fit(inputs[~test], targets[~test])
        errors.append(np.mean((regressor.predict(inputs[test]) - targets[test]) ** 2))
    return 100 * (errors[0] - errors[1]) / errors[0]


@pytest.fixture(scope="module")
def white_noise():
    """A table without signal, and which of its rows are test rows."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(100_000, 2)), rng.normal(size=100_000), rng.random(100_000) < 0.2


@pytest.mark.parametrize(
    ("denoiser", "left", "improvement"),
    [
        (KalmanDenoiser(), GAIN / (2 - GAIN), 98.42),
        (MovingAverageDenoiser(), 1 / 7, 85.71),
    ],
    ids=["kalman", "moving_average"],
)
def test_filters_improve_a_constant_predictor_of_noise(white_noise, denoiser, left, improvement):
    assert 100 * (1 - left) == pytest.approx(improvement, abs=0.005)
    found = published_improvement(denoiser, DummyRegressor(), *white_noise)
    assert found == pytest.approx(improvement, abs=0.5)


@pytest.mark.parametrize(
    ("denoiser", "expected", "printed"),
    [
        (KalmanDenoiser(), np.sqrt(GAIN * (2 - GAIN)), 0.248),
        (MovingAverageDenoiser(), np.sqrt(1 / 7), 0.378),
    ],
    ids=["kalman", "moving_average"],
)
def test_filtered_noise_correlates_with_noise(white_noise, denoiser, expected, printed):
    X, y, _ = white_noise
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert expected == pytest.approx(printed, abs=5e-4)
    for before, after in ((X[:, 0], refined_X[:, 0]), (X[:, 1], refined_X[:, 1]), (y, refined_y)):
        assert np.corrcoef(before, after)[0, 1] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("denoiser", "improvement", "tolerance"),
    [
        (KalmanDenoiser(), 100 * (1 - GAIN**2), 0.02),
        (MovingAverageDenoiser(), 97.5, 0.1),
        (WTDDenoiser(), 100.0, 0.1),
    ],
    ids=["kalman", "moving_average", "wtd"],
)
def test_filters_make_white_noise_predictable_from_its_past(denoiser, improvement, tolerance):
    window, n_steps = 24, 40_000
    X = np.random.default_rng(0).normal(size=(n_steps, 1))
    refined_X, refined_y = denoiser.fit_resample(X, X[:, 0])
    errors = []
    for channel, target in ((X, X[:, 0]), (refined_X, refined_y)):
        steady = channel[1000:, 0]  # past the first, large gains
        past = np.lib.stride_tricks.sliding_window_view(steady, window)[:-1]
        future = target[1000 + window :]
        half = len(past) // 2
        model = Ridge(alpha=1e-9).fit(past[:half], future[:half])
        errors.append(np.mean((model.predict(past[half:]) - future[half:]) ** 2))
    found = 100 * (errors[0] - errors[1]) / errors[0]
    assert found == pytest.approx(improvement, abs=tolerance)
    if isinstance(denoiser, KalmanDenoiser):
        assert improvement == pytest.approx(99.90, abs=0.005)


@pytest.mark.parametrize(
    "regressor",
    [Ridge(1.0), KNeighborsRegressor(7)],
    ids=lambda regressor: type(regressor).__name__,
)
def test_shrinking_the_target_by_half_gains_three_quarters(regressor):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4))
    y = X[:, 0] ** 2 + X[:, 1] + rng.normal(size=2000) + 5.0
    found = published_improvement(ShrinkTargetDenoiser(), regressor, X, y, rng.random(2000) < 0.2)
    assert found == pytest.approx(75.0, abs=1e-8)
