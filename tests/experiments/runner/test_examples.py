"""Windows of a series and rows of a table, on numbers that can be counted."""

import numpy as np
import pytest

from experiments.runner.corruption import Data
from experiments.runner.examples import examples
from experiments.runner.protocols import with_context

STEPS = np.arange(10.0)
SERIES = Data(np.stack([STEPS, 100 + STEPS], axis=1), STEPS)


def test_the_rows_of_a_table_are_its_examples():
    rows = np.array([1, 4])

    found = examples(SERIES, rows, window_size=None)

    np.testing.assert_array_equal(found.X, SERIES.X[rows])
    np.testing.assert_array_equal(found.y, [1, 4])


@pytest.mark.parametrize(("horizon", "first"), [(1, 3), (2, 2)])
def test_a_window_ends_a_horizon_before_its_target(horizon, first):
    found = examples(SERIES, np.array([5]), window_size=2, horizon=horizon, flat=False)

    assert found.X.shape == (1, 2, 2)
    np.testing.assert_array_equal(found.X[0, :, 0], [first, first + 1])
    np.testing.assert_array_equal(found.X[0, :, 1], [100 + first, 101 + first])
    np.testing.assert_array_equal(found.y, [5])


def test_a_flat_window_is_the_window_row_by_row():
    found = examples(SERIES, np.array([5]), window_size=2)

    np.testing.assert_array_equal(found.X, [[3, 103, 4, 104]])


def test_targets_without_a_whole_window_before_them_are_left_out():
    found = examples(SERIES, np.arange(6), window_size=3, horizon=2)

    np.testing.assert_array_equal(found.y, [4, 5])


def test_a_block_with_context_gives_every_one_of_its_targets_a_window():
    block = np.arange(6, 9)
    part = SERIES.rows(with_context(block, 3))

    found = examples(part, np.arange(len(part.y)), window_size=3)

    np.testing.assert_array_equal(found.y, block)
    np.testing.assert_array_equal(with_context(block, 0), block)
