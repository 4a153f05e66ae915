"""A target in another order keeps its values and loses its rows."""

import numpy as np
import pandas as pd

from experiments.noise.permutation import permute_target
from tests.support.toy_tables import flat_table, rng, series_table


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
