"""Checks of numbers, words and shapes: what passes, and what a message names."""

import math

import numpy as np
import pytest

from denograd.checks import check_choice, check_count, check_finite, check_layout, check_number


@pytest.mark.parametrize("value", [1, np.int64(3), 10**9])
def test_counts(value):
    check_count("rows", value)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, math.nan])
def test_what_is_no_count(value):
    with pytest.raises(ValueError, match=r"^rows has to be an integer of at least 1, got "):
        check_count("rows", value)


def test_a_count_may_start_elsewhere():
    check_count("epochs", 0, least=0)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        check_count("cv", 1, least=2)


@pytest.mark.parametrize("value", [0, 0.0, 2.5, np.float32(0.1)])
def test_numbers(value):
    check_number("lam", value)


@pytest.mark.parametrize("value", [-1e-9, math.inf, math.nan, True, "0.1", None, [1.0]])
def test_what_is_no_number(value):
    with pytest.raises(ValueError, match=r"^lam has to be a finite number of at least 0, got "):
        check_number("lam", value)


def test_bounds_of_a_number_are_left_out():
    check_number("share", 0.5, positive=True, below=1)
    for value in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"number above 0 and below 1, got {value}"):
            check_number("share", value, positive=True, below=1)


def test_choices():
    check_choice("refine", "X", ("both", "X"))
    for value in ("x", None, ["X"]):
        with pytest.raises(ValueError, match=r"^refine has to be one of 'both', 'X', got "):
            check_choice("refine", value, ("both", "X"))


def test_what_is_not_finite_is_counted_where_it_is():
    table = np.ones((4, 3))
    check_finite(table, "X", "abc")
    check_finite(np.full((2, 2), 1e308), "X", "ab")  # the sum alone is infinite
    table[1:3, 1], table[0, 2] = np.nan, -np.inf
    both = r"X contains NaN and infinite values \(inf\), of 4 rows: column b \(2\), column c"
    with pytest.raises(ValueError, match=both):
        check_finite(table, "X", "abc")
    with pytest.raises(ValueError, match=r"y contains NaN, 2 of 4 rows"):
        check_finite(table[:, 1], "y")
    with pytest.raises(ValueError, match=r"y contains infinite values \(inf\), 1 of 4 rows"):
        check_finite(table[:, 2], "y")


def test_a_result_of_another_layout_is_refused():
    check_layout(np.zeros((3, 2)), (3, 2), "it")
    for wrong, error in (
        ([0.0], TypeError),
        (np.zeros((1, 2)), ValueError),
        (np.zeros((3, 2), np.float32), TypeError),
    ):
        with pytest.raises(error, match=r"^it "):
            check_layout(wrong, (3, 2), "it")
