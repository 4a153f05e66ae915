"""The Kalman filter against filterpy and its closed form."""

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.kalman import KalmanDenoiser, kalman_gains

PUBLISHED = {"process": 1e-5, "observation": 1e-2, "initial": 1.0}


def filterpy_column(column: np.ndarray, process: float, observation: float, initial: float):
    scalar = KalmanFilter(dim_x=1, dim_z=1)
    scalar.F = scalar.H = np.eye(1)
    scalar.Q, scalar.R, scalar.P = process, observation, initial
    means, _, _, _ = scalar.batch_filter(column)
    return means.ravel()


@pytest.mark.parametrize("n_rows", [1, 2, 50, 3000])
def test_equals_filterpy_column_by_column(n_rows):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 100.0, -3.0, 0.0]
    y = np.cumsum(rng.normal(size=n_rows))
    refined_X, refined_y = KalmanDenoiser().fit_resample(X, y)
    expected = [filterpy_column(column, **PUBLISHED) for column in (*X.T, y)]
    for found, wanted in zip((*refined_X.T, refined_y), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())


@settings(max_examples=20, deadline=None)
@given(
    process=st.floats(1e-6, 1e2),
    observation=st.floats(1e-3, 1e2),
    initial=st.floats(1e-3, 1e2),
)
def test_equals_filterpy_whatever_the_variances(process, observation, initial):
    column = np.random.default_rng(1).normal(size=400)
    denoiser = KalmanDenoiser(process, observation, initial)
    _, refined = denoiser.fit_resample(column[:, None], column)
    expected = filterpy_column(column, process, observation, initial)
    np.testing.assert_allclose(refined, expected, rtol=0, atol=1e-12)


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
