"""Rivals of the calibrated step against closed forms and brute force."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from baselines.factor_analysis import FactorAnalysisDenoiser
from baselines.kalman_known import KalmanKnownDenoiser
from baselines.kalman_sane import KalmanSaneDenoiser, likeliest_variances
from baselines.lowess import LowessDenoiser, left_out_error, local_line
from baselines.ppca import PPCADenoiser
from baselines.savgol import SavgolDenoiser

TOLD = [KalmanKnownDenoiser, FactorAnalysisDenoiser, PPCADenoiser]


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def walk(n: int, process: float, observation: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    clean = np.cumsum(np.sqrt(process) * rng.normal(size=n))
    return clean, clean + np.sqrt(observation) * rng.normal(size=n)


def test_the_likeliest_walk_given_its_noise_is_the_likeliest_of_both():
    _, z = walk(500, 0.1, 1.0)
    both = likeliest_variances(z[:, None])
    given = likeliest_variances(z[:, None], both[1])
    np.testing.assert_allclose(given, both, rtol=1e-3)


def test_a_smoother_that_is_told_the_noise_gains_where_a_walk_fits_badly():
    clean = np.sin(np.arange(2000) / 4.0)
    noisy = clean + 0.3 * np.random.default_rng(0).normal(size=2000)
    errors = [
        rms(denoiser.fit_resample(noisy[:, None], noisy)[1] - clean)
        for denoiser in (KalmanKnownDenoiser().tell(np.array([0.3]), 0.3), KalmanSaneDenoiser())
    ]
    assert errors[0] < 0.9 * rms(noisy - clean)
    assert errors[0] < errors[1]


@pytest.mark.parametrize("cls", TOLD)
def test_a_column_without_noise_stays(cls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) + rng.normal(size=(200, 1))
    y = X.sum(axis=1)
    refined_X, refined_y = cls().tell(np.array([0.5, 0.0]), 0.0).fit_resample(X, y)
    np.testing.assert_allclose(refined_X[:, 1], X[:, 1], rtol=1e-9)
    np.testing.assert_allclose(refined_y, y, rtol=1e-9)
    assert rms(refined_X[:, 0] - X[:, 0]) > 0.1


@pytest.mark.parametrize("cls", TOLD)
@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (None, "pass noise="),
        (-0.1, "noise has to be"),
        ((np.ones(3), 1.0), "noise has 3 values for X, but X has 2"),
    ],
)
def test_what_is_told_is_checked(cls, noise, message):
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match=message):
        cls(noise).fit(X, X[:, 0])


@pytest.mark.parametrize("cls", [FactorAnalysisDenoiser, PPCADenoiser])
def test_a_table_with_few_factors_comes_near_the_best_linear_step(cls):
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 6))
    clean = 10.0 + rng.normal(size=(3000, 2)) @ loadings
    sd = np.full(6, 0.5)
    noisy = clean + sd * rng.normal(size=clean.shape)
    X, y = cls().tell(sd[1:], sd[0]).fit_resample(noisy[:, 1:], noisy[:, 0])
    covariance = loadings.T @ loadings + np.diag(sd**2)
    best = noisy - (noisy - 10.0) @ np.linalg.inv(covariance) * sd**2
    left = rms(np.column_stack([y, X]) - clean)
    assert left < 1.02 * rms(best - clean) < 0.7 * rms(noisy - clean)


def test_savgols_width_has_the_least_error_of_rows_left_out():
    clean, z = walk(150, 0.02, 1.0)
    denoiser = SavgolDenoiser().fit(z[:, None], z)
    width = 9
    around = np.arange(-4, 5)
    others = around != 0
    predicted = [
        np.polynomial.Polynomial.fit(around[others], z[t + around[others]], 2)(0)
        for t in range(4, len(z) - 4)
    ]
    expected = np.mean((z[4:-4] - predicted) ** 2)
    np.testing.assert_allclose(denoiser._error(z[:, None], width)[0], expected)
    refined = denoiser.denoise(z[:, None], z)[1]
    np.testing.assert_array_equal(refined, savgol_filter(z, denoiser.width_[0], 2))
    assert denoiser.width_[0] > 19
    assert rms(refined - clean) < 0.5 * rms(z - clean)


@pytest.mark.parametrize("degree", [-1, 4])
def test_savgols_degree_is_checked(degree):
    with pytest.raises(ValueError, match="degree must lie between 0 and 3"):
        SavgolDenoiser(degree).fit(np.ones((9, 1)), np.ones(9))


def test_local_lines_are_those_of_weighted_least_squares():
    rng = np.random.default_rng(0)
    z, counts, reach = rng.normal(size=30), rng.uniform(0.1, 1.0, size=30), 6
    line, own = local_line(z[:, None], counts[:, None], reach)
    for t in range(30):
        distance = np.arange(30) - t
        weights = counts * np.clip(1.0 - np.abs(distance / reach) ** 3, 0.0, None) ** 3
        design = np.column_stack([np.ones(30), distance])
        hat = np.linalg.solve(design.T * weights @ design, design.T * weights)[0]
        np.testing.assert_allclose([line[t, 0], own[t, 0]], [hat @ z, hat[t]], atol=1e-10)


def test_a_row_left_out_is_predicted_from_the_others():
    z, reach = np.random.default_rng(0).normal(size=20), 5
    errors = []
    for t in range(20):
        counts = np.where(np.arange(20) == t, 0.0, 1.0)
        errors.append(abs(z[t] - local_line(z[:, None], counts[:, None], reach)[0][t, 0]))
    np.testing.assert_allclose(left_out_error(z[:, None], reach), np.mean(errors))


def test_lowess_follows_a_line_past_far_values():
    rng = np.random.default_rng(0)
    line = np.arange(300.0) / 30.0
    z = line + 0.1 * rng.normal(size=300)
    far = np.arange(10, 300, 20)
    z[far] += 20.0
    _, refined = LowessDenoiser().fit_resample(z[:, None], z)
    assert np.abs(refined - line).max() < 0.3
