"""What is kept of the caller's containers, so that results come back in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd


def container_of(data: Any) -> Callable[[np.ndarray], Any]:
    """Return what puts refined values into a container like that of `data`.

    It keeps index, names and types, but no values. Floats keep their type, others widen.
    """
    if isinstance(data, pd.DataFrame):
        dtypes = [floating(dtype) for dtype in data.dtypes]
        return partial(_frame, index=data.index, columns=data.columns, dtypes=dtypes)
    dtype = floating(getattr(data, "dtype", None))
    if isinstance(data, pd.Series):
        return partial(_series, index=data.index, name=data.name, dtype=dtype)
    return partial(np.ndarray.astype, dtype=dtype, copy=False)


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


def _frame(
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


def _series(values: np.ndarray, index: pd.Index, name: Any, dtype: Any) -> pd.Series:
    return pd.Series(values, index=index, name=name).astype(dtype)
