"""Splits into training, validation and test rows: 70, 10 and 20 per cent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.datasets.base import DataTable, SplitKind

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.2
MIN_ROWS = 10
MIN_GROUPS = 3


class Split(NamedTuple):
    """Row numbers of the three parts, each sorted; together every row once."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


def split(table: DataTable, kind: SplitKind, rng: np.random.Generator) -> Split:
    """Split the rows of a table.

    Rows at random ("random"); whole groups at random, the row shares as near to 70/10/20 as whole
    groups allow ("grouped"); or the first rows, the next and the last ("chronological", which draws
    nothing).
    """
    n_rows = len(table.X)
    if n_rows < MIN_ROWS:
        raise ValueError(f"a 70/10/20 split needs at least {MIN_ROWS} rows, the table has {n_rows}")
    if kind == "chronological":
        return _cut(np.arange(n_rows))
    if kind == "random":
        return _cut(rng.permutation(n_rows))
    if kind == "grouped":
        if table.groups is None:
            raise ValueError("a grouped split needs groups, and this table has none")
        return _grouped(table.groups, rng)
    raise ValueError(f"split must be random, grouped or chronological, not {kind!r}")


def _cut(order: np.ndarray) -> Split:
    n_test = round(TEST_SHARE * len(order))
    n_val = round(VALIDATION_SHARE * len(order))
    n_train = len(order) - n_val - n_test
    parts = np.split(order, [n_train, n_train + n_val])
    return Split(*(np.sort(part) for part in parts))


def _grouped(groups: np.ndarray, rng: np.random.Generator) -> Split:
    _, codes = np.unique(groups, return_inverse=True)
    sizes = np.bincount(codes)
    if len(sizes) < MIN_GROUPS:
        raise ValueError(f"a grouped split needs at least {MIN_GROUPS} groups, not {len(sizes)}")
    order = rng.permutation(len(sizes))
    share = np.cumsum(sizes[order]) / len(groups)
    # The first `last_train + 1` groups in this order train; the bounds leave a group for each part.
    last_train = _nearest(share, 1 - VALIDATION_SHARE - TEST_SHARE, 0, len(sizes) - MIN_GROUPS)
    last_val = _nearest(share, 1 - TEST_SHARE, last_train + 1, len(sizes) - 2)
    part = np.full(len(sizes), 2)
    part[order[: last_val + 1]] = 1
    part[order[: last_train + 1]] = 0
    row_part = part[codes]
    return Split(*(np.flatnonzero(row_part == i) for i in range(3)))


def _nearest(values: np.ndarray, wanted: float, first: int, last: int) -> int:
    """Index between `first` and `last` (both included) whose value is nearest to `wanted`."""
    return first + int(np.argmin(np.abs(values[first : last + 1] - wanted)))
