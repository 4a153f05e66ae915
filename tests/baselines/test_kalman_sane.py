"""The smoother against filterpy's, and its likelihood against that of the normal distribution."""

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter
from scipy.linalg import toeplitz
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from baselines.kalman_sane import KalmanSaneDenoiser, likeliest_variances, smooth


def walk(n: int, process: float, observation: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = np.sqrt(process) * rng.normal(size=n)
    return np.cumsum(steps) + np.sqrt(observation) * rng.normal(size=n)


def rauch_tung_striebel(z: np.ndarray, process: float, observation: float) -> np.ndarray:
    """Smooth with filterpy, from a start of which next to nothing is known."""
    scalar = KalmanFilter(dim_x=1, dim_z=1)
    scalar.F = scalar.H = np.eye(1)
    scalar.x = np.array([z[0]])
    scalar.Q, scalar.R, scalar.P = process, observation, 1e9
    means, covariances, _, _ = scalar.batch_filter(z)
    return scalar.rts_smoother(means, covariances)[0].ravel()


@pytest.mark.parametrize("n", [2, 3, 50, 301])
@pytest.mark.parametrize(("process", "observation"), [(0.1, 1.0), (1e-3, 0.5), (2.0, 0.01)])
def test_equals_filterpys_smoother(n, process, observation):
    z = walk(n, process, observation) + 20.0
    smoothed = smooth(z[:, None], np.array([process]), np.array([observation]))[:, 0]
    np.testing.assert_allclose(smoothed, rauch_tung_striebel(z, process, observation), atol=1e-6)


@pytest.mark.parametrize("truth", [(0.1, 1.0), (1.0, 0.2), (0.01, 2.0)])
def test_variances_are_those_of_greatest_likelihood(truth):
    z = walk(120, *truth, seed=3)

    def minus_likelihood(logarithms: np.ndarray) -> float:
        process, observation = np.exp(logarithms)
        covariance = toeplitz([process + 2 * observation, -observation, *np.zeros(len(z) - 3)])
        return -multivariate_normal.logpdf(np.diff(z), cov=covariance)

    best = minimize(minus_likelihood, np.log(truth), method="Nelder-Mead", options={"fatol": 1e-9})
    process, observation = likeliest_variances(z[:, None])
    found = np.log([process[0], observation[0]])
    assert minus_likelihood(found) == pytest.approx(best.fun, abs=1e-6)
    np.testing.assert_allclose(found, best.x, atol=0.01)


def test_variances_of_a_long_series_are_recovered():
    columns = np.column_stack([walk(20_000, 0.01, 1.0), walk(20_000, 0.5, 0.5, seed=1)])
    process, observation = likeliest_variances(columns)
    np.testing.assert_allclose(process, [0.01, 0.5], rtol=0.15)
    np.testing.assert_allclose(observation, [1.0, 0.5], rtol=0.05)


def test_variances_are_in_the_squared_units_of_the_column():
    z = walk(300, 0.1, 1.0)
    in_metres, in_millimetres = (likeliest_variances(unit * z[:, None]) for unit in (1.0, 1000.0))
    np.testing.assert_allclose(np.array(in_millimetres), 1e6 * np.array(in_metres), rtol=1e-6)


def test_noise_becomes_its_mean_and_a_walk_stays():
    rng = np.random.default_rng(1)
    noise, clean = rng.normal(size=3000), np.cumsum(rng.normal(size=3000))
    lasting = np.tile([1.0, -1.0], 1500)
    X = np.column_stack([noise, clean, lasting])
    denoiser = KalmanSaneDenoiser()
    refined, _ = denoiser.fit_resample(X, noise)
    assert refined[:, 0].var() < 0.01
    assert np.sqrt(np.mean((refined[:, 1] - clean) ** 2)) < 0.02 * clean.std()
    assert denoiser.process_variance_[2] == 0.0
    np.testing.assert_allclose(refined[:, 2], 0.0, atol=1e-9)


def test_recovers_more_of_a_noisy_walk_than_a_mean_of_seven():
    rng = np.random.default_rng(0)
    clean = np.cumsum(0.1 * rng.normal(size=4000))
    noisy = clean + rng.normal(size=4000)
    _, refined = KalmanSaneDenoiser().fit_resample(noisy[:, None], noisy)
    mean_of_seven = np.convolve(noisy, np.full(7, 1 / 7), mode="same")
    assert np.mean((refined - clean) ** 2) < 0.6 * np.mean((mean_of_seven - clean) ** 2)


def test_variances_come_from_the_rows_given_to_fit():
    z = walk(2000, 0.05, 1.0)
    denoiser = KalmanSaneDenoiser().fit(z[:1000, None], z[:1000])
    process, observation = denoiser.process_variance_.copy(), denoiser.observation_variance_.copy()
    _, refined = denoiser.denoise(z[:, None], z)
    expected = smooth(z[:, None], process[:1], observation[:1])[:, 0]
    np.testing.assert_allclose(refined, expected)
    np.testing.assert_array_equal(denoiser.process_variance_, process)


def test_a_constant_column_stays():
    X = np.column_stack([walk(100, 0.1, 1.0), np.full(100, 3.7)])
    refined, _ = KalmanSaneDenoiser().fit_resample(X, X[:, 0])
    np.testing.assert_allclose(refined[:, 1], 3.7, rtol=1e-12)
