"""Checking tables and targets, and handing results back in the container they came in."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

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
    if sparse.issparse(X):
        raise TypeError(f"{name} is a sparse matrix, which is not supported: use {name}.toarray()")
    table = X if isinstance(X, pd.DataFrame) else _to_array(X, name)
    if table.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions (rows, columns), got shape {table.shape}. Reshape "
            f"your data: {name}.reshape(-1, 1) for a single column, (1, -1) for a single row"
        )
    n_rows, n_columns = table.shape
    if n_columns == 0:
        raise ValueError(
            f"{name} has 0 feature(s) (shape=({n_rows}, 0)) while a minimum of 1 is required."
        )
    if n_rows == 0:
        raise ValueError(
            f"{name} has 0 sample(s) (shape=(0, {n_columns})) while a minimum of 1 is required."
        )
    labels = column_labels(table)
    if isinstance(table, pd.DataFrame):
        matrix = np.column_stack(
            [
                _numbers(table.iloc[:, j], f"column {label} of {name}")
                for j, label in enumerate(labels)
            ]
        )
    elif table.dtype.kind in "fiub":
        matrix = table.astype(np.float64, order="C")
    else:
        matrix = np.column_stack(
            [_numbers(table[:, j], f"column {label} of {name}") for j, label in enumerate(labels)]
        )
    require_finite(matrix, name, labels)
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
    if values.ndim != 1:
        raise ValueError(
            f"{name} must have one dimension (rows,), got shape {values.shape}: "
            "pass one continuous target, for a single column its .iloc[:, 0] or .ravel()"
        )
    if values.dtype == bool:
        raise TypeError(f"{name} is boolean: only continuous targets can be refined")
    vector = _numbers(values, name)
    bad = int(vector.size - np.isfinite(vector).sum())
    if bad:
        raise ValueError(
            f"{name} contains NaN or infinite values (inf): {bad} of {vector.size} rows. "
            "Fill or drop them first"
        )
    return vector


def like_matrix(values: np.ndarray, original: Any) -> Table:
    """Return `values` in the container of `original`: floats keep their dtype, others widen."""
    if not isinstance(original, pd.DataFrame):
        return values.astype(_floating(getattr(original, "dtype", None)), copy=False)
    dtypes = [_floating(dtype) for dtype in original.dtypes]
    if len(set(dtypes)) == 1:
        frame = pd.DataFrame(values, index=original.index).astype(dtypes[0])
    else:
        columns = [pd.Series(values[:, j]).astype(dtype) for j, dtype in enumerate(dtypes)]
        frame = pd.concat(columns, axis=1)
        frame.index = original.index
    frame.columns = original.columns
    return frame


def like_vector(values: np.ndarray, original: Any) -> Target:
    """Return `values` in the container of `original`: floats keep their dtype, others widen."""
    dtype = _floating(getattr(original, "dtype", None))
    if isinstance(original, pd.Series):
        return pd.Series(values, index=original.index, name=original.name).astype(dtype)
    return values.astype(dtype, copy=False)


def column_labels(X: Table) -> list[str]:
    """Return how messages call the columns: quoted names of a DataFrame, else their positions."""
    if isinstance(X, pd.DataFrame):
        return [repr(name) for name in X.columns]
    return [str(j) for j in range(X.shape[1])]


def string_columns(X: Any) -> np.ndarray | None:
    """Return the column names of a DataFrame whose names are all strings, else None."""
    if isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns):
        return np.asarray(X.columns, dtype=object)
    return None


def require_layout(result: Any, shape: tuple[int, ...], name: str) -> None:
    """Raise unless `result` is a float64 array of this shape.

    What has another shape would be broadcast: one row in the place of all of them, without a word.

    Raises
    ------
    TypeError
        For anything but an array, and for another dtype.
    ValueError
        For another shape.
    """
    if not isinstance(result, np.ndarray):
        raise TypeError(f"{name} must be an array, not {type(result).__name__}")
    if result.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {result.shape}")
    if result.dtype != np.float64:
        raise TypeError(f"{name} of shape {shape} must have the dtype float64, not {result.dtype}")


def require_finite(matrix: np.ndarray, name: str, labels: Iterable[str]) -> None:
    """Raise ValueError naming the columns of `matrix` that hold NaN or infinite values.

    Nothing but one sum is computed for the usual, finite table.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(matrix.sum()):
            return
    counts = matrix.shape[0] - np.isfinite(matrix).sum(axis=0)
    if not counts.any():
        return
    bad = [f"column {label} ({n})" for label, n in zip(labels, counts, strict=True) if n]
    listed = ", ".join(bad[:10]) + (f" and {len(bad) - 10} more" if len(bad) > 10 else "")
    raise ValueError(
        f"{name} contains NaN or infinite values (inf) among its {matrix.shape[0]} rows: {listed}. "
        "Fill or drop them first"
    )


def _to_array(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}")
    return array


def _numbers(values: np.ndarray | pd.Series, what: str) -> np.ndarray:
    """Return one column as float64, or say which one does not hold numbers."""
    dtype = values.dtype
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        if getattr(dtype, "kind", "") == "c":
            raise ValueError(f"Complex data not supported: {what} has dtype {dtype}")
        try:
            if isinstance(values, pd.Series):
                return values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
            return values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"{what} does not hold numbers only: {error}. Encode it as numbers or drop it"
            ) from error
    raise TypeError(f"{what} has dtype {dtype}, not numbers: encode it as numbers or drop it")


def _floating(dtype: Any) -> Any:
    return dtype if dtype is not None and pd.api.types.is_float_dtype(dtype) else np.float64
