"""Tables and targets as arrays of floats.

This knows nothing of torch, which a baseline that needs none would have to import.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from denograd.checks import (
    check_continuous,
    check_dense,
    check_dimensions,
    check_filled,
    check_numeric,
    check_real,
    check_squares,
    not_numbers,
)
from denograd.containers import column_labels, floating, readable


def as_matrix(X: Any, name: str = "X") -> np.ndarray:
    """Return a table as an own float64 copy of shape (rows, columns), in C order.

    Raises
    ------
    TypeError
        For sparse input, and for columns that do not hold numbers (they are named).
    ValueError
        For anything that is not two-dimensional, has no rows or columns, or holds NaN or infinite
        values (their columns are named and counted).
    """
    return as_floats(X, name, (2,))


def as_vector(y: Any, name: str = "y") -> np.ndarray:
    """Return a target as an own float64 copy of shape (rows,).

    Raises
    ------
    TypeError
        When the target does not hold numbers.
    ValueError
        When it is not one-dimensional or holds NaN or infinite values.
    """
    return as_floats(y, name, (1,), target=True)


def as_floats(
    data: Any,
    name: str,
    dimensions: tuple[int, ...],
    *,
    target: bool = False,
    keep_narrow: bool = False,
    copy: bool = True,
) -> np.ndarray:
    """Return finite numbers of one of some dimensions, in C order.

    Parameters
    ----------
    data : array-like, tensor, DataFrame or Series
        Columns of objects are taken where they are numbers, one and all.
    name : str
        What messages call it.
    dimensions : tuple of int
        Numbers of dimensions that it may have.
    target : bool
        Whether truth values are refused.
    keep_narrow : bool
        Whether data that are in floats of less than 64 bits stay so.
    copy : bool
        Whether an array that could be read as it is, is copied nevertheless.
    """
    check_dense(data, name)
    values = readable(data)
    if isinstance(values, np.ndarray):
        check_real(values.dtype, name)
    check_dimensions(values.shape, name, dimensions)
    check_filled(values.shape, name)
    if target:
        check_continuous(values, name)
    labels = column_labels(values, values.shape[1] if values.ndim == 2 else 1)
    dtype = _narrow_dtype(values) if keep_narrow else np.dtype(np.float64)
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        # Torch warns of memory that is read-only, so that is copied in any case.
        read = np.array if copy or not values.flags.writeable else np.asarray
        array = read(values, dtype=dtype, order="C")
    elif isinstance(values, pd.Series) or values.ndim == 1:
        array = _numbers(values, name).astype(dtype)
    else:
        array = np.empty(values.shape, dtype)
        for j, label in enumerate(labels):
            column = values.iloc[:, j] if isinstance(values, pd.DataFrame) else values[:, j]
            array[:, j] = _numbers(column, f"column {label} of {name}")
    check_squares(array, name, labels)
    return array


def _narrow_dtype(values: np.ndarray | pd.DataFrame | pd.Series) -> np.dtype:
    """Return the widest type of the columns, which torch knows: no long doubles, no other bytes."""
    if isinstance(values, np.ndarray):
        dtype = floating(values.dtype)
        return np.dtype(np.float64) if dtype.itemsize > 8 else dtype.newbyteorder("=")
    dtypes = values.dtypes if isinstance(values, pd.DataFrame) else [values.dtype]
    narrow = all(dtype in (np.float32, np.float16) for dtype in dtypes)
    return np.dtype(np.float32 if narrow else np.float64)


def _numbers(values: Any, what: str) -> np.ndarray:
    """Return one column as float64; objects are taken where they are numbers, one and all."""
    if not pd.api.types.is_object_dtype(values.dtype):
        check_numeric(values.dtype, what)
    try:
        if isinstance(values, pd.Series):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise not_numbers(what, f"does not hold numbers only ({error})", type(error)) from error
