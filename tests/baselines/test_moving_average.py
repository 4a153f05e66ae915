"""The trailing moving average against hand-computed values and pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.moving_average import MovingAverageDenoiser


def test_by_hand():
    y = np.array([3.0, 1.0, 2.0, 10.0])
    refined_X, refined_y = MovingAverageDenoiser(width=3).fit_resample(y[:, None] * [1.0, -2.0], y)
    np.testing.assert_allclose(refined_y, [3.0, 2.0, 2.0, 13.0 / 3.0])
    np.testing.assert_allclose(refined_X, refined_y[:, None] * [1.0, -2.0])


@given(width=st.integers(1, 12), n_rows=st.integers(1, 30))
def test_equals_pandas(width, n_rows):
    X = np.random.default_rng(n_rows).normal(size=(n_rows, 2))
    refined, _ = MovingAverageDenoiser(width).fit_resample(X, X[:, 0])
    expected = pd.DataFrame(X).rolling(width, min_periods=1).mean()
    np.testing.assert_allclose(refined, expected, atol=1e-12)


def test_seven_rows_leave_a_seventh_of_the_variance():
    X = np.random.default_rng(0).normal(size=(200_000, 1))
    refined, _ = MovingAverageDenoiser().fit_resample(X, X[:, 0])
    assert refined.var() / X.var() == pytest.approx(1 / 7, rel=0.02)


def test_large_values_leave_no_trace_behind():
    X = np.zeros((20, 1))
    X[3] = 1e16
    refined, _ = MovingAverageDenoiser().fit_resample(X, X[:, 0])
    np.testing.assert_array_equal(refined[10:], 0.0)


def test_width_must_be_positive():
    with pytest.raises(ValueError, match="width must be at least 1 row, got 0"):
        MovingAverageDenoiser(width=0).fit(np.ones((3, 1)), np.ones(3))
