"""Splits: every row once, sorted, in the shares that the protocol names."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.datasets.base import DataTable
from experiments.runner.splits import split
from tests.support.toy_tables import rng

SEEDS = st.integers(0, 2**32 - 1)


def table_of(n_rows: int, groups: np.ndarray | None = None) -> DataTable:
    values = np.arange(n_rows, dtype=float)
    return DataTable(X=pd.DataFrame({"x": values}), y=pd.Series(values, name="y"), groups=groups)


@given(n_rows=st.integers(10, 400), seed=SEEDS, kind=st.sampled_from(["random", "chronological"]))
def test_every_row_once_and_sorted_in_shares_of_70_10_20(n_rows, seed, kind):
    parts = split(table_of(n_rows), kind, rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n_rows))
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        assert np.all(np.diff(part) > 0)
        assert len(part) >= 1
        assert abs(len(part) - share * n_rows) <= 1


def test_hundred_rows_give_70_10_20():
    assert [len(part) for part in split(table_of(100), "random", rng())] == [70, 10, 20]


def test_chronological_parts_follow_each_other():
    parts = split(table_of(50), "chronological", rng())
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(50))
    assert [len(part) for part in parts] == [35, 5, 10]


def test_chronological_draws_nothing():
    used, fresh = rng(3), rng(3)
    split(table_of(50), "chronological", used)
    assert used.random() == fresh.random()


def test_random_depends_on_the_generator_only():
    first = split(table_of(200), "random", rng(1))
    again = split(table_of(200), "random", rng(1))
    other = split(table_of(200), "random", rng(2))
    np.testing.assert_array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


@given(
    sizes=st.lists(st.integers(1, 30), min_size=3, max_size=40).filter(lambda s: sum(s) >= 10),
    seed=SEEDS,
)
def test_groups_stay_whole(sizes, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    groups = np.random.default_rng(seed).permutation(groups)  # groups need not be contiguous
    parts = split(table_of(len(groups), groups), "grouped", rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(groups)))
    members = [set(groups[part]) for part in parts]
    assert all(members)
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]
    assert all(np.all(np.diff(part) > 0) for part in parts)


@given(seed=SEEDS, n_groups=st.integers(10, 60), size=st.integers(1, 20))
def test_equal_groups_come_within_one_group_of_the_shares(seed, n_groups, size):
    groups = np.repeat(np.arange(n_groups), size)
    parts = split(table_of(len(groups), groups), "grouped", rng(seed))
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        assert abs(len(part) - share * len(groups)) <= size


def test_group_labels_may_be_text():
    groups = np.repeat(["ann", "bob", "cleo", "dan"], 5)
    parts = split(table_of(20, groups), "grouped", rng())
    assert sum(len(set(groups[part])) for part in parts) == 4


@pytest.mark.parametrize(
    ("table", "kind", "message"),
    [
        *(
            (table_of(9, np.arange(9)), kind, "at least 10 rows, the table has 9")
            for kind in ("random", "grouped", "chronological")
        ),
        (table_of(20), "grouped", "needs groups"),
        (table_of(20, np.repeat([0, 1], 10)), "grouped", "at least 3 groups, not 2"),
        (table_of(20), "stratified", "'stratified'"),
    ],
)
def test_what_cannot_be_split_is_refused(table, kind, message):
    with pytest.raises(ValueError, match=message):
        split(table, kind, rng())
