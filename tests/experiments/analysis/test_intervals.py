"""The intervals of means over seeds and over datasets, against scipy."""

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.aggregate import t_interval, t_interval_over_datasets


def seeds(n: int, mean: float, spread: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, spread, n)


def test_one_dataset_has_the_interval_of_its_seeds():
    values = seeds(5, 1.0, 0.3, 0)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)

    assert t_interval_over_datasets([values]) == pytest.approx(tuple(expected))
    assert t_interval(float(values.mean()), values) == pytest.approx(tuple(expected))


def test_two_datasets_have_the_interval_of_welch():
    """The mean of a and b is half the difference of a and -b."""
    a, b = seeds(3, 1.0, 0.1, 1), seeds(4, -2.0, 2.0, 2)
    expected = stats.ttest_ind(a, -b, equal_var=False).confidence_interval(0.95)

    low, high = t_interval_over_datasets([a, b])
    assert (low, high) == pytest.approx((expected.low / 2, expected.high / 2))


def test_how_far_datasets_lie_apart_widens_nothing():
    a, b = seeds(3, 0.0, 0.1, 3), seeds(3, 0.0, 0.1, 4)
    near, far = (t_interval_over_datasets([a, b + shift]) for shift in (0.0, 100.0))
    assert far == pytest.approx((near[0] + 50.0, near[1] + 50.0))


def test_equal_seeds_have_an_interval_without_width():
    assert t_interval_over_datasets([np.ones(3), np.zeros(3)]) == (0.5, 0.5)


@pytest.mark.parametrize(
    "groups",
    [[], [np.array([1.0])], [np.ones(3), np.array([1.0])], [np.array([1.0, -np.inf]), np.ones(2)]],
)
def test_too_little_is_known_for_an_interval(groups):
    assert t_interval_over_datasets(groups) == (None, None)
