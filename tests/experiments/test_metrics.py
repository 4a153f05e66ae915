"""The metrics against hand-computed values, closed forms and other implementations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments import metrics
from tests.support.columns import random_column


def test_mse_is_the_mean_of_squared_differences() -> None:
    assert metrics.mse([1.0, 2.0, 3.0], [1.0, 4.0, 0.0]) == pytest.approx(13 / 3)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(2.0, 1.0, 50.0), (1.0, 3.0, -200.0), (0.3, 0.3, 0.0), (0.0, 0.0, 0.0), (4.0, 0.0, 100.0)],
)
def test_imp(before: float, after: float, expected: float) -> None:
    assert metrics.imp(before, after) == expected


def test_imp_of_an_error_that_was_zero() -> None:
    assert metrics.imp(0.0, 0.1) == -math.inf
    assert metrics.log_ratio(0.0, 0.1) == math.inf
    assert metrics.log_ratio(0.1, 0.0) == -math.inf
    assert metrics.imp_from_log_ratio(math.inf) == -math.inf


def test_imp_refuses_a_negative_error() -> None:
    with pytest.raises(ValueError, match="error after must be finite and not negative, got -1"):
        metrics.imp(1.0, -1)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_log_ratio_is_imp_in_other_units(before: float, after: float) -> None:
    imp = metrics.imp(before, after)
    assert metrics.imp_from_log_ratio(metrics.log_ratio(before, after)) == pytest.approx(
        imp, rel=1e-6, abs=1e-6
    )


def test_projections_are_unit_vectors_that_depend_on_the_seed_only() -> None:
    first = metrics.projections(5, 20, seed=3)
    assert first.shape == (5, 20)
    np.testing.assert_allclose(np.linalg.norm(first, axis=0), 1.0)
    np.testing.assert_array_equal(first, metrics.projections(5, 20, seed=3))
    assert not np.array_equal(first, metrics.projections(5, 20, seed=4))


def test_projections_need_a_column() -> None:
    with pytest.raises(ValueError, match="n_columns=0"):
        metrics.projections(0)


def test_sliced_wasserstein_of_a_shift_along_one_axis() -> None:
    # W2 of a shift by v along the direction p is |v . p|.
    data = np.random.default_rng(0).standard_normal((50, 2))
    axes = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    expected = math.sqrt((3.0**2 + 4.0**2 + 5.0**2) / 3)
    found = metrics.sliced_wasserstein(data, data + np.array([3.0, 4.0]), axes)
    assert found == pytest.approx(expected)


def test_sliced_wasserstein_ignores_the_order_of_rows() -> None:
    rng = np.random.default_rng(1)
    data = rng.standard_normal((40, 3))
    directions = metrics.projections(3)
    assert metrics.sliced_wasserstein(data, data.copy(), directions) == 0.0
    assert metrics.sliced_wasserstein(data, rng.permutation(data), directions) < 1e-12


def test_sliced_wasserstein_agrees_with_pot() -> None:
    ot = pytest.importorskip("ot", reason="POT is installed by the dev extra only")
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n_rows, n_columns = int(10 ** rng.uniform(0, 2.5)), int(rng.integers(1, 31))
        before, after = (
            np.column_stack([random_column(rng, n_rows) for _ in range(n_columns)])
            for _ in range(2)
        )
        directions = metrics.projections(n_columns, 20, seed=seed)
        expected = ot.sliced_wasserstein_distance(before, after, projections=directions, p=2)
        found = metrics.sliced_wasserstein(before, after, directions)
        assert found == pytest.approx(float(expected), rel=1e-12), f"{seed=}"


def test_sliced_wasserstein_does_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    before, after = rng.standard_normal((2, 60, 4))
    directions = metrics.projections(4)
    whole = metrics.sliced_wasserstein(before, after, directions)
    monkeypatch.setattr(metrics, "CHUNK_VALUES", 7 * 60)
    assert metrics.sliced_wasserstein(before, after, directions) == pytest.approx(whole, rel=1e-12)


def test_sliced_wasserstein_names_the_shape_it_needs() -> None:
    table = np.zeros((5, 3))
    with pytest.raises(ValueError, match=r"shape \(3, n\) for tables of 3 columns, got \(4, 10\)"):
        metrics.sliced_wasserstein(table, table, np.ones((4, 10)))
    with pytest.raises(ValueError, match=r"one shape, got \(5, 3\) and \(6, 3\)"):
        metrics.sliced_wasserstein(table, np.zeros((6, 3)), np.ones((3, 2)))


def test_mean_correlation_is_the_mean_of_the_columns() -> None:
    before = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    after = np.array([[2.0, 1.0], [4.0, 3.0], [6.0, 2.0]])
    # Columns: 1 (a multiple), and the correlation of (1, 2, 3) with (1, 3, 2), which is 1/2.
    assert metrics.mean_correlation(before, after) == pytest.approx(0.75)


def test_mean_correlation_of_constant_columns() -> None:
    ramp = np.arange(4.0)
    five = np.full(4, 5.0)
    before = np.column_stack([five, ramp, five, five])
    after = np.column_stack([five, five, ramp, five + 1])
    # Unchanged: 1. Made constant: 0. No longer constant: 0. Another constant: 0.
    assert metrics.mean_correlation(before, after) == pytest.approx(0.25)


def test_mean_correlation_takes_rounding_for_no_change() -> None:
    constant = np.full((6, 1), 0.1)
    rounded = constant + np.array([[0.0], [1e-17], [2e-17], [-1e-17], [0.0], [1.4e-17]])
    assert metrics.mean_correlation(constant, rounded) == 1.0


def test_mean_correlation_of_a_large_column_with_a_small_spread() -> None:
    before = 1e6 + np.array([[0.0], [1.0], [2.0]])
    assert metrics.mean_correlation(before, 2 * before) == pytest.approx(1.0)


@given(arrays(np.float64, (8, 3), elements=st.floats(-5, 5)))
def test_a_table_correlates_with_itself(table: np.ndarray) -> None:
    assert metrics.mean_correlation(table, table) == 1.0
    assert -1.0 <= metrics.mean_correlation(table, table[::-1]) <= 1.0


def test_mean_correlation_wants_tables() -> None:
    with pytest.raises(ValueError, match=r"must be tables .* got shape \(3,\)"):
        metrics.mean_correlation(np.ones(3), np.ones(3))


def test_recovery() -> None:
    clean = np.array([0.0, 0.0])
    noisy = np.array([2.0, -2.0])
    assert metrics.recovery(clean, noisy, clean) == 1.0
    assert metrics.recovery(noisy, noisy, clean) == 0.0
    assert metrics.recovery(noisy / 2, noisy, clean) == pytest.approx(0.5)
    assert metrics.recovery(2 * noisy, noisy, clean) == pytest.approx(-1.0)


def test_there_is_nothing_to_recover_without_noise() -> None:
    clean = np.array([[1.0], [2.0]])
    assert metrics.recovery(clean + 1, clean, clean) is None


def test_missing_values_are_counted() -> None:
    with pytest.raises(ValueError, match="2 of 3 values of prediction are NaN or infinite"):
        metrics.mse([1.0, 2.0, 3.0], [np.nan, 1.0, np.inf])
    with pytest.raises(ValueError, match="truth is empty"):
        metrics.mse([], [])


@given(arrays(float, (3, 7, 2), elements=st.floats(-10, 10)))
def test_recovery_follows_from_what_was_removed(values: np.ndarray) -> None:
    refined, noisy, clean = values
    share, collateral = metrics.removed(refined, noisy, clean)
    if share is None or collateral is None:
        assert metrics.recovery(refined, noisy, clean) is None
        return
    expected = 1 - math.hypot(1 - share, collateral)
    assert metrics.recovery(refined, noisy, clean) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_what_was_removed() -> None:
    clean, noisy = np.zeros(4), np.array([2.0, 0.0, 0.0, 0.0])
    assert metrics.removed(clean, noisy, clean) == (1.0, 0.0)
    assert metrics.removed(noisy, noisy, clean) == (0.0, 0.0)
    assert metrics.removed(noisy / 2, noisy, clean) == (0.5, 0.0)
    assert metrics.removed(noisy + np.eye(4)[1], noisy, clean) == (0.0, 0.5)
    assert metrics.removed(clean, clean, clean) == (None, None)
