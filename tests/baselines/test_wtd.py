"""Wavelet thresholding against the transform done level by level, and against white noise."""

import numpy as np
import pytest
import pywt

from baselines.wtd import WTDDenoiser
from baselines.wtd_sane import WTDSaneDenoiser
from tests.support.columns import random_column


def level_by_level(x: np.ndarray, keep_approximation: bool = False) -> np.ndarray:
    """Threshold one column with nothing but single steps of the transform."""
    n_levels = pywt.dwt_max_level(len(x), pywt.Wavelet("db4").dec_len)
    if n_levels == 0:
        return x
    approximation, details = x, []
    for _ in range(n_levels):
        approximation, detail = pywt.dwt(approximation, "db4", mode="smooth")
        details.append(detail)
    threshold = np.median(np.abs(details[0])) / 0.6745 * np.sqrt(2 * np.log(len(x)))

    def shrink(band: np.ndarray) -> np.ndarray:
        return np.array([np.sign(c) * max(abs(c) - threshold, 0.0) for c in band])

    if not keep_approximation:
        approximation = shrink(approximation)
    for detail in reversed(details):
        approximation = pywt.idwt(approximation[: len(detail)], shrink(detail), "db4", "smooth")
    return approximation[: len(x)]


@pytest.mark.parametrize(
    ("cls", "keep_approximation"), [(WTDDenoiser, False), (WTDSaneDenoiser, True)]
)
def test_equals_the_transform_level_by_level(cls, keep_approximation):
    for seed in range(200):
        rng = np.random.default_rng(seed)
        column = random_column(rng, int(10 ** rng.uniform(0, 2.7)))
        _, refined = cls().fit_resample(column[:, None], column)
        expected = level_by_level(column, keep_approximation)
        largest = np.abs(column).max()
        np.testing.assert_allclose(refined, expected, 0, 1e-10 * largest, err_msg=f"{seed=}")


def test_by_hand():
    """One step of Haar on two rows: sum and difference over √2, each moved towards zero."""
    x = np.array([1.0, 9.0])
    threshold = (8 / np.sqrt(2)) / 0.6745 * np.sqrt(2 * np.log(2))
    assert threshold > 8 / np.sqrt(2), "so the difference goes"
    _, published = WTDDenoiser(wavelet="haar").fit_resample(x[:, None], x)
    left = max(10 / np.sqrt(2) - threshold, 0.0) / np.sqrt(2)
    np.testing.assert_allclose(published, [left, left])
    _, sane = WTDSaneDenoiser(wavelet="haar").fit_resample(x[:, None], x)
    np.testing.assert_allclose(sane, [5.0, 5.0])


def test_of_white_noise_next_to_nothing_is_left():
    X = np.random.default_rng(0).normal(size=(50_000, 2))
    refined, _ = WTDDenoiser().fit_resample(X, X[:, 0])
    assert refined[3000:-3000].var() < 0.005
    assert refined.var() < 0.02, "`smooth` follows the noise beyond both ends"
    level, _ = WTDDenoiser(mode="symmetric").fit_resample(X, X[:, 0])
    assert level.var() < 0.001


def test_straight_lines_and_constants_stay():
    X = np.column_stack([np.linspace(-3.0, 4.0, 200), np.full(200, 3.7)])
    refined, _ = WTDDenoiser().fit_resample(X, X[:, 0])
    np.testing.assert_allclose(refined, X, atol=1e-9)


def test_published_pulls_the_level_towards_zero_and_sane_does_not():
    x = 2.0 + np.random.default_rng(0).normal(size=4096)
    _, published = WTDDenoiser().fit_resample(x[:, None], x)
    _, sane = WTDSaneDenoiser().fit_resample(x[:, None], x)
    assert published[500:-500].mean() < x.mean() - 0.1
    assert sane[500:-500].mean() == pytest.approx(x.mean(), abs=0.05)


def test_sane_recovers_a_slow_wave():
    steps = np.arange(5000)
    clean = np.sin(2 * np.pi * steps / 500)
    noisy = clean + 0.3 * np.random.default_rng(0).normal(size=5000)
    _, refined = WTDSaneDenoiser().fit_resample(noisy[:, None], noisy)
    assert np.sqrt(np.mean((refined - clean) ** 2)) < 0.5 * 0.3


@pytest.mark.parametrize("n_rows", [1, 2, 6, 13])
def test_columns_too_short_for_one_level_stay(n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 2))
    refined, _ = WTDDenoiser().fit_resample(X, X[:, 0])
    np.testing.assert_array_equal(refined, X)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wavelet": "daub"}, "wavelet must be one of .*db4.*got 'daub'"),
        ({"wavelet": "morl"}, "wavelet must be one of"),
        ({"mode": "bent"}, "mode must be one of .*smooth.*got 'bent'"),
    ],
)
def test_unknown_names_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        WTDDenoiser(**wrong).fit(np.ones((3, 1)), np.ones(3))
