"""The calibrated step of a series, against golden numbers and against what must hold."""

from pathlib import Path

import numpy as np
import pytest

from denograd import noise
from denograd.calibration.gross import gross_errors
from denograd.calibration.kalman import maximum_likelihood, one_step, without_itself
from denograd.calibration.series import channel_groups, refine_other, refine_series
from denograd.calibration.stacking import stacking_weights
from denograd.calibration.windows import Windows, blocks, half_windows

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("calibrated_series*.npz"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_numbers(path: Path) -> None:
    golden = np.load(path)
    Z = golden["Z"]
    np.testing.assert_allclose(
        noise.estimate(Z, tails="normal"), golden["estimated_sigma"], rtol=1e-9
    )
    for case in ("known", "estimated", "gross"):
        _, step = refine_series(Z, golden[f"{case}_sigma"], gross=case == "gross", combine="mean")
        np.testing.assert_allclose((Z + step.change) / Z.std(0), golden[case] / Z.std(0), atol=1e-9)
        np.testing.assert_allclose(step.error, golden[f"{case}_v"], rtol=1e-9)


def test_there_are_golden_numbers() -> None:
    assert len(GOLDEN) == 3


def smooth(n: int = 600, channels: int = 2, sd: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    t, rng = np.arange(n), np.random.default_rng(3)
    clean = np.column_stack([np.sin(t / (9 + 4 * j)) for j in range(channels)])
    return clean, clean + rng.normal(0.0, sd, clean.shape)


@pytest.mark.parametrize("half", [3, 40])
def test_windows_are_those_of_a_padded_series(half: int) -> None:
    series = np.random.default_rng(0).normal(size=(50, 3))
    windows = Windows(series, half)
    padded = np.pad(series, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    whole = np.stack([padded[t : t + 2 * half + 1].ravel() for t in range(50)])
    np.testing.assert_allclose(windows.mean(), whole.mean(axis=0), atol=1e-12)
    parts = [part for _, part in windows.chunks(slice(7, 33), np.zeros(windows.width))]
    np.testing.assert_allclose(np.concatenate(parts), whole[7:33], atol=1e-12)
    centred = whole - whole.mean(axis=0)
    expected = np.stack([centred[rows].T @ centred[rows] for rows in blocks(50)])
    np.testing.assert_allclose(windows.products(windows.mean()), expected, atol=1e-9)


def test_a_series_too_short_says_what_it_needs() -> None:
    assert half_windows(500, (3, 6, 12, 24)) == [3, 6, 12, 24]
    assert half_windows(71, (3, 6)) == [3]
    with pytest.raises(ValueError, match=r"70 steps is too short: at least 71"):
        half_windows(70, (3, 6))


def test_a_local_level_without_the_step_is_a_weighted_mean_of_the_others() -> None:
    """Generalised least squares with the covariance of a random walk is the definition."""
    values, ratio, n = np.random.default_rng(1).normal(size=12).cumsum(), 0.4, 12
    walk = np.minimum.outer(np.arange(n), np.arange(n)) * ratio + 1e9
    total, expected = walk + np.eye(n), np.empty(n)
    for t in range(n):
        rest = np.delete(np.arange(n), t)
        expected[t] = walk[t, rest] @ np.linalg.solve(total[np.ix_(rest, rest)], values[rest])
    past, spread = one_step(values, ratio)
    future = one_step(values[::-1], ratio)[0][::-1]
    inverse = 1.0 / np.concatenate([[np.inf], spread[1:]])
    weights = inverse / (inverse + inverse[::-1])
    np.testing.assert_allclose(weights * past + (1 - weights) * future, expected, atol=1e-5)


def test_the_level_s_variance_is_found_and_units_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    level = rng.normal(0.0, 0.5, 4000).cumsum()
    values = level + rng.normal(0.0, 1.0, 4000)
    assert maximum_likelihood(values, 1.0) == pytest.approx(0.25, rel=0.2)
    scaled = without_itself(1e6 * values, 1e6)
    np.testing.assert_allclose(scaled / 1e6, without_itself(values, 1.0), rtol=1e-9, atol=1e-9)


def test_stacking_weights_by_hand() -> None:
    # Independent errors of variance 1 and 3: weights 3/4 and 1/4.
    np.testing.assert_allclose(stacking_weights(np.diag([1.0, 3.0])), [0.75, 0.25])
    # A member that is another one with more error on top counts nothing.
    np.testing.assert_allclose(stacking_weights(np.array([[1.0, 1.0], [1.0, 2.0]])), [1.0, 0.0])
    np.testing.assert_allclose(stacking_weights(np.zeros((2, 2))), [0.5, 0.5])


def test_gross_errors_are_told_from_noise() -> None:
    rng = np.random.default_rng(4)
    residual = rng.normal(0.0, 0.1, 2000)
    assert not gross_errors(residual, 1.0).probability.any()
    residual[::40] += 3.0
    found = gross_errors(residual, 1.0)
    assert found.probability[::40].min() > 0.99
    assert np.mean(found.probability > 0.5) < 0.05
    assert found.variance == pytest.approx(9.0, rel=0.2)
    assert not gross_errors(residual, 1e3).probability.any()
    assert not gross_errors(np.zeros(100), 1.0).probability.any()


@pytest.mark.parametrize("combine", ["stacked", "mean"])
def test_it_comes_nearer_to_the_clean_values(combine: str) -> None:
    clean, series = smooth()
    model, step = refine_series(series, np.full(2, 0.3), combine=combine)
    refined = series + step.change
    assert np.std(refined - clean) < 0.6 * np.std(series - clean)
    assert (step.weights >= 0.0).all()
    assert (step.weights <= 1.0).all()
    other = refine_other(model, series, np.full(2, 0.3), step.error, gross=False)
    assert np.std(series + other.change - clean) < 0.6 * np.std(series - clean)


def test_channels_of_a_wide_series_are_grouped_by_what_they_share() -> None:
    rng = np.random.default_rng(5)
    sources = rng.normal(size=(400, 4)).cumsum(axis=0)
    series = np.repeat(sources, 5, axis=1) + rng.normal(0.0, 0.1, (400, 20))
    shuffled = rng.permutation(20)
    groups = channel_groups(series[:, shuffled], 5)
    assert sorted(np.concatenate(groups)) == list(range(20))
    assert all(len({shuffled[j] // 5 for j in group}) == 1 for group in groups)
    assert len(channel_groups(series, 20)) == 1


def test_noise_of_heavy_tails_is_estimated_by_means() -> None:
    clean, _ = smooth(3000)
    heavy = np.random.default_rng(6).standard_t(3, clean.shape) / np.sqrt(3)
    by_medians = noise.estimate(clean + 0.3 * heavy, tails="normal")
    by_means = noise.estimate(clean + 0.3 * heavy)
    assert (by_medians < 0.26).all()
    np.testing.assert_allclose(by_means, 0.3 * heavy.std(), rtol=0.1)


def test_a_bent_variogram_s_intercept_does_not_count_where_it_is_above_0_by_chance() -> None:
    t = np.arange(1100)
    bent = np.sin(2 * np.pi * t / 24) + 0.4 * np.sin(2 * np.pi * t / 5)
    for seed in range(6):
        noisy = bent + np.random.default_rng(seed).normal(0.0, 0.2, len(t))
        assert 0.16 < noise.estimate(noisy)[0] < 0.22


def test_an_estimate_is_in_the_units_of_its_channel() -> None:
    _, series = smooth(2000)
    found = noise.estimate(series)
    np.testing.assert_allclose(found, 0.3, rtol=0.1)
    np.testing.assert_allclose(noise.estimate(series * [1e-6, 1e6]), found * [1e-6, 1e6], rtol=1e-9)
    constant = np.column_stack([series, np.ones((2000, 3))])
    np.testing.assert_allclose(noise.estimate(constant), [*found, 0.0, 0.0, 0.0])
    assert not noise.estimate(np.ones((2000, 2))).any()
    with pytest.raises(ValueError, match="tails has to be one of"):
        noise.estimate(series, tails="heavy")
    with pytest.raises(ValueError, match="too short: at least 71"):
        noise.estimate(series[:70])
