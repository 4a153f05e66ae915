"""Gaussian noise: one draw per table, scaled by the level and by each column's spread."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.datasets.base import DataTable
from experiments.noise.gaussian import Gaussian
from experiments.noise.permutation import permute_target
from tests.support.toy_tables import flat_table, rng, series_table

LEVELS = st.floats(0.01, 2.0)


def test_noise_is_level_times_population_sd_times_the_draw():
    table = flat_table()
    noisy = Gaussian(0.3, on="both").corrupt(table, rng(5))
    draw = rng(5).standard_normal((60, 5))
    for position, column in ((0, "small"), (1, "dummy"), (3, "large")):
        clean = table.X[column]
        expected = clean + 0.3 * np.std(clean.to_numpy()) * draw[:, position]
        np.testing.assert_allclose(noisy.X[column], expected, rtol=1e-12)
    expected = table.y + 0.3 * np.std(table.y.to_numpy()) * draw[:, 4]
    np.testing.assert_allclose(noisy.y, expected, rtol=1e-12)


@given(low=LEVELS, high=LEVELS, seed=st.integers(0, 1000))
def test_levels_scale_one_draw(low, high, seed):
    table = flat_table()
    first = Gaussian(low, on="both").corrupt(table, rng(seed))
    second = Gaussian(high, on="both").corrupt(table, rng(seed))
    for a, b, clean in ((first.X, second.X, table.X), (first.y, second.y, table.y)):
        np.testing.assert_allclose((a - clean) / low, (b - clean) / high, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("make", [flat_table, series_table])
def test_the_draw_does_not_depend_on_what_is_hit(make):
    table = make()
    everything = Gaussian(0.1, on="both").corrupt(table, rng(7))
    part = Gaussian(0.1, on="X", columns="continuous").corrupt(table, rng(7))
    same = [c for c in table.X.columns if c not in table.categorical]
    pd.testing.assert_frame_equal(part.X[same], everything.X[same])
    after_all, after_part = rng(7), rng(7)
    Gaussian(0.1, on="both").corrupt(table, after_all)
    Gaussian(0.0, on="X", columns="continuous").corrupt(table, after_part)
    assert after_all.random() == after_part.random()


@given(
    values=arrays(
        np.float64, (12, 3), elements=st.floats(-1e9, 1e9, allow_subnormal=True, width=64)
    ),
    on=st.sampled_from(["X", "y", "both"]),
)
def test_level_zero_changes_no_bit(values, on):
    values[0] = -0.0
    table = DataTable.tabular(pd.DataFrame(values, columns=["a", "b", "y"]), "y")
    noisy = Gaussian(0.0, on=on).corrupt(table, rng())
    assert noisy.X.to_numpy().tobytes() == table.X.to_numpy().tobytes()
    assert noisy.y.to_numpy().tobytes() == table.y.to_numpy().tobytes()


def test_level_zero_changes_no_bit_of_a_series():
    table = series_table()
    noisy = Gaussian(0.0).corrupt(table, rng())
    assert noisy.X.to_numpy().tobytes() == table.X.to_numpy().tobytes()


@pytest.mark.parametrize(("on", "X_moves", "y_moves"), [("X", 1, 0), ("y", 0, 1), ("both", 1, 1)])
def test_on_chooses_inputs_or_target(on, X_moves, y_moves):
    table = flat_table()
    noisy = Gaussian(0.1, on=on).corrupt(table, rng())
    assert noisy.X.equals(table.X) != bool(X_moves)
    assert noisy.y.equals(table.y) != bool(y_moves)


def test_constant_column_gets_no_noise():
    table = flat_table()
    # 60 times 0.1 does not sum to 6 in floating point: the computed spread is not quite 0.
    assert table.X["constant"].to_numpy().std() > 0
    assert Gaussian(1.0).corrupt(table, rng()).X["constant"].equals(table.X["constant"])


def test_categorical_columns_get_noise_unless_left_out():
    table = flat_table()
    assert not Gaussian(0.1).corrupt(table, rng()).X["dummy"].equals(table.X["dummy"])
    spared = Gaussian(0.1, columns="continuous").corrupt(table, rng())
    assert spared.X["dummy"].equals(table.X["dummy"])
    assert not spared.X["large"].equals(table.X["large"])


@pytest.mark.parametrize("on", ["X", "y", "both"])
def test_series_gets_noise_on_every_channel_whatever_on_says(on):
    table = series_table()
    noisy = Gaussian(0.2, on=on).corrupt(table, rng(4))
    clean = table.X.to_numpy()
    expected = clean + 0.2 * np.std(clean, axis=0) * rng(4).standard_normal((60, 3))
    np.testing.assert_allclose(noisy.X, expected, rtol=1e-12)
    np.testing.assert_array_equal(noisy.y, noisy.X["y"])


@pytest.mark.parametrize("make", [flat_table, series_table])
def test_clean_table_and_facts_are_kept(make):
    table, untouched = make(), make()
    noisy = Gaussian(0.5, on="both").corrupt(table, rng())
    pd.testing.assert_frame_equal(table.X, untouched.X)
    pd.testing.assert_series_equal(table.y, untouched.y)
    assert list(noisy.X.columns) == list(table.X.columns)
    assert noisy.X.index.equals(table.X.index)
    assert noisy.y.name == table.y.name
    facts = (noisy.domain, noisy.categorical, noisy.fingerprint)
    assert facts == (table.domain, table.categorical, table.fingerprint)


def test_noise_has_the_size_that_the_level_says():
    values = rng(1).normal(3, 20, size=(20_000, 1))
    table = DataTable.tabular(pd.DataFrame({"x": values[:, 0], "y": values[:, 0]}), "y")
    noise = Gaussian(0.15).corrupt(table, rng(2)).X["x"] - table.X["x"]
    assert noise.std() / table.X["x"].std() == pytest.approx(0.15, rel=0.02)


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf")])
def test_bad_level_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must be"):
        Gaussian(sigma)


def test_bad_choices_are_refused():
    with pytest.raises(ValueError, match="on must be X, y or both, not 'Z'"):
        Gaussian(0.1, on="Z")
    with pytest.raises(ValueError, match="columns must be all or continuous, not 'some'"):
        Gaussian(0.1, columns="some")


def test_level_is_sigma():
    assert Gaussian(0.15).level == 0.15


def test_permuted_target_of_a_table():
    table = flat_table()
    permuted = permute_target(table, rng(3))
    pd.testing.assert_frame_equal(permuted.X, table.X)
    np.testing.assert_array_equal(np.sort(permuted.y), np.sort(table.y))
    assert not np.array_equal(permuted.y, table.y)
    assert permuted.y.index.equals(table.y.index)
    np.testing.assert_array_equal(permute_target(table, rng(3)).y, permuted.y)


def test_permuted_target_of_a_series_takes_channel_0_and_the_mask_along():
    table = series_table()
    was_observed = dict(zip(table.y, table.observed, strict=True))
    permuted = permute_target(table, rng(3))
    np.testing.assert_array_equal(permuted.X["y"], permuted.y)
    np.testing.assert_array_equal(np.sort(permuted.y), np.sort(table.y))
    pd.testing.assert_frame_equal(permuted.X[["a", "b"]], table.X[["a", "b"]])
    assert [was_observed[value] for value in permuted.y] == list(permuted.observed)
    assert not np.array_equal(permuted.y, table.y)
