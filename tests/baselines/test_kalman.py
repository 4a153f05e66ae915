"""The Kalman filter against filterpy and its closed form."""

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter

from baselines.kalman import KalmanDenoiser, kalman_gains
from tests.support.columns import random_column

PUBLISHED = {"process": 1e-5, "observation": 1e-2, "initial": 1.0}


def filterpy_column(column: np.ndarray, process: float, observation: float, initial: float):
    scalar = KalmanFilter(dim_x=1, dim_z=1)
    scalar.F = scalar.H = np.eye(1)
    scalar.Q, scalar.R, scalar.P = process, observation, initial
    means, _, _, _ = scalar.batch_filter(column)
    return means.ravel()


def test_equals_filterpy_on_random_columns():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        column = random_column(rng, int(10 ** rng.uniform(0, 2.5)))
        variances = 10 ** rng.uniform([-6, -3, -3], 2) if seed % 2 else list(PUBLISHED.values())
        _, refined = KalmanDenoiser(*variances).fit_resample(column[:, None], column)
        expected = filterpy_column(column, *variances)
        largest = np.abs(column).max()
        np.testing.assert_allclose(refined, expected, 0, 1e-12 * largest, err_msg=f"{seed=}")


def test_equals_filterpy_long_after_the_gain_is_steady():
    X = np.random.default_rng(0).normal(size=(3000, 2)) * [1.0, 10.0] + [0.0, 100.0]
    refined, _ = KalmanDenoiser().fit_resample(X, X[:, 0])
    expected = np.column_stack([filterpy_column(column, **PUBLISHED) for column in X.T])
    np.testing.assert_allclose(refined, expected, rtol=0, atol=1e-10)


def test_published_gain_settles_at_its_closed_form():
    gains = kalman_gains(100_000, **PUBLISHED)
    predicted_variance = (1e-5 + np.sqrt(1e-5**2 + 4 * 1e-5 * 1e-2)) / 2
    assert gains[0] == pytest.approx(1.00001 / 1.01001, rel=1e-12)
    assert gains[-1] == pytest.approx(predicted_variance / (predicted_variance + 1e-2), rel=1e-12)
    assert gains[-1] == pytest.approx(0.0311, abs=5e-5)
    assert gains.size < 2000, "later rows share the steady gain"


def test_steady_filter_leaves_its_share_of_white_noise():
    gain = kalman_gains(100_000, **PUBLISHED)[-1]
    assert gain / (2 - gain) == pytest.approx(0.0158, abs=5e-5)
    X = np.random.default_rng(0).normal(size=(200_000, 1))
    refined, _ = KalmanDenoiser().fit_resample(X, X[:, 0])
    assert refined[1000:].var() / X.var() == pytest.approx(gain / (2 - gain), rel=0.02)


@pytest.mark.parametrize("name", ["process_variance", "observation_variance", "initial_variance"])
def test_variances_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be positive, got 0.0"):
        KalmanDenoiser(**{name: 0.0}).fit(np.ones((3, 1)), np.ones(3))
