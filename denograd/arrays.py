"""Tables and targets as float64 arrays, and results in the container that the caller gave.

`denograd.inputs` does the same for tensors too; this knows nothing of torch, which a baseline that
needs none would have to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from denograd.checks import (
    check_continuous,
    check_dense,
    check_dimensions,
    check_filled,
    check_finite,
    check_numeric,
    check_real,
    column_labels,
    not_numbers,
)

Table: TypeAlias = np.ndarray | pd.DataFrame
Target: TypeAlias = np.ndarray | pd.Series


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
    check_dense(X, name)
    table = X if isinstance(X, pd.DataFrame) else _to_array(X, name)
    check_dimensions(table.shape, name, (2,))
    check_filled(table.shape, name)
    labels = column_labels(table)
    if isinstance(table, np.ndarray) and table.dtype.kind in "fiub":
        matrix = table.astype(np.float64, order="C")
    else:
        columns = (
            table.iloc[:, j] if isinstance(table, pd.DataFrame) else table[:, j]
            for j in range(table.shape[1])
        )
        matrix = np.column_stack(
            [
                _numbers(column, f"column {label} of {name}")
                for column, label in zip(columns, labels, strict=True)
            ]
        )
    check_finite(matrix, name, labels)
    return matrix


def as_vector(y: Any, name: str = "y") -> np.ndarray:
    """Return a target as an own float64 copy of shape (rows,).

    Raises
    ------
    TypeError
        When the target does not hold numbers.
    ValueError
        When it is not one-dimensional or holds NaN or infinite values.
    """
    values = y if isinstance(y, pd.Series) else _to_array(y, name)
    check_dimensions(values.shape, name, (1,))
    check_continuous(values.dtype, name)
    vector = _numbers(values, name)
    check_finite(vector, name)
    return vector


def like_matrix(values: np.ndarray, original: Any) -> Table:
    """Return `values` in the container of `original`: floats keep their dtype, others widen."""
    if not isinstance(original, pd.DataFrame):
        return values.astype(floating(getattr(original, "dtype", None)), copy=False)
    dtypes = [floating(dtype) for dtype in original.dtypes]
    return frame_of(values, original.index, original.columns, dtypes)


def like_vector(values: np.ndarray, original: Any) -> Target:
    """Return `values` in the container of `original`: floats keep their dtype, others widen."""
    dtype = floating(getattr(original, "dtype", None))
    if isinstance(original, pd.Series):
        return pd.Series(values, index=original.index, name=original.name).astype(dtype)
    return values.astype(dtype, copy=False)


def frame_of(
    values: np.ndarray, index: pd.Index, columns: pd.Index, dtypes: Sequence[Any]
) -> pd.DataFrame:
    """Return a DataFrame with a dtype for each column, whose names may occur twice."""
    if len(set(dtypes)) == 1:
        frame = pd.DataFrame(values, index=index).astype(dtypes[0])
    else:
        series = [pd.Series(values[:, j]).astype(dtype) for j, dtype in enumerate(dtypes)]
        frame = pd.concat(series, axis=1)
        frame.index = index
    frame.columns = columns
    return frame


def floating(dtype: Any) -> Any:
    """Return the dtype that refined values have: that of floats, float64 for all others."""
    if dtype is not None and pd.api.types.is_float_dtype(dtype):
        return dtype
    return np.dtype(np.float64)


def string_columns(X: Any) -> np.ndarray | None:
    """Return the column names of a DataFrame whose names are all strings, else None."""
    if isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns):
        return np.asarray(X.columns, dtype=object)
    return None


def _to_array(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    check_real(array.dtype, name)
    return array


def _numbers(values: np.ndarray | pd.Series, what: str) -> np.ndarray:
    """Return one column as float64; objects are taken where they are numbers, one and all."""
    if not pd.api.types.is_object_dtype(values.dtype):
        check_numeric(values.dtype, what)
    try:
        if isinstance(values, pd.Series):
            return values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise not_numbers(what, f"does not hold numbers only ({error})", type(error)) from error
