"""The caller's containers: how they are read, and how results come back in them.

Frames and series of other libraries than pandas (polars and the like) are known by way of
narwhals; tensors by what they can do, since a baseline that needs no torch does not import it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd


def readable(data: Any) -> np.ndarray | pd.DataFrame | pd.Series:
    """Return the values as NumPy or pandas has them; masked ones are NaN."""
    if isinstance(data, pd.DataFrame | pd.Series):
        return data
    if isinstance(data, np.ma.MaskedArray):
        numbers = floating(data.dtype) if data.dtype.kind in "fiub" else object
        return np.ma.filled(data.astype(numbers), np.nan)
    if hasattr(data, "detach"):
        tensor = data.detach().cpu()
        return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    other = foreign(data)
    if isinstance(other, nw.Series):
        return pd.Series(other.to_numpy(), name=other.name)
    if other is not None:
        columns = {name: other[name].to_numpy() for name in other.columns}
        return pd.DataFrame(columns, index=range(len(other)))
    return np.asarray(data)


def foreign(data: Any) -> nw.DataFrame[Any] | nw.Series[Any] | None:
    """Return a frame or series of another library than pandas as narwhals has it."""
    if isinstance(data, np.ndarray | pd.DataFrame | pd.Series):
        return None
    found = nw.from_native(data, eager_only=True, allow_series=True, pass_through=True)
    return found if isinstance(found, nw.DataFrame | nw.Series) else None


def container_of(data: Any) -> Callable[[np.ndarray], Any]:
    """Return what puts refined values into a container like that of `data`.

    It keeps index, names and types, but no values. Floats keep their type, others widen.
    """
    if isinstance(data, pd.DataFrame):
        dtypes = [floating(dtype) for dtype in data.dtypes]
        return partial(_frame, index=data.index, columns=data.columns, dtypes=dtypes)
    if isinstance(data, pd.Series):
        dtype = floating(data.dtype)
        return partial(_series, index=data.index, name=data.name, dtype=dtype)
    if hasattr(data, "detach"):
        empty = data.detach().flatten()[:0].clone()
        return (empty if data.is_floating_point() else empty.double()).new_tensor
    other = foreign(data)
    if other is None:
        dtype = floating(getattr(data, "dtype", None))
        return partial(np.ndarray.astype, dtype=dtype, copy=False)
    return partial(_foreign, empty=other[:0])


def floating(dtype: Any) -> Any:
    """Return the dtype that refined values have: that of floats, float64 for all others."""
    if dtype is not None and pd.api.types.is_float_dtype(dtype):
        return dtype
    return np.dtype(np.float64)


def column_names(data: Any) -> list[Hashable] | None:
    """Return the names of a frame's columns, None for what has none."""
    frame = data if isinstance(data, pd.DataFrame) else foreign(data)
    return list(frame.columns) if isinstance(frame, pd.DataFrame | nw.DataFrame) else None


def column_labels(data: Any, n_columns: int) -> list[str]:
    """How messages call the columns: quoted names where there are any, else their positions."""
    names = column_names(data)
    return list(map(repr, names)) if names is not None else list(map(str, range(n_columns)))


def string_columns(data: Any) -> np.ndarray | None:
    """Return the column names of a frame whose names are all strings, else None."""
    names = column_names(data)
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return np.asarray(names, dtype=object)


def columns_at(data: Any, positions: int | Sequence[int]) -> Any:
    """Return some columns of a frame as a frame, or one as a series."""
    if isinstance(data, pd.DataFrame):
        return data.iloc[:, positions]  # type: ignore[index]
    return nw.to_native(foreign(data)[:, positions])  # type: ignore[index]


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


def _foreign(values: np.ndarray, empty: nw.DataFrame[Any] | nw.Series[Any]) -> Any:
    """Return values in the library, with the names and floating types, of an empty container."""

    def column(part: np.ndarray, like: nw.Series[Any]) -> nw.Series[Any]:
        dtype = like.dtype if like.dtype.is_float() else nw.Float64()
        return nw.new_series(like.name, part, dtype, backend=empty.implementation)

    if isinstance(empty, nw.Series):
        return column(values, empty).to_native()
    columns = zip(values.T, empty.iter_columns(), strict=True)
    return nw.from_dict({like.name: column(part, like) for part, like in columns}).to_native()
