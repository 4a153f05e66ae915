"""NumPy arrays, tensors and DataFrames in; the same container, index, names and dtype out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from denograd.arrays import floating, frame_of
from denograd.checks import (
    check_continuous,
    check_dimensions,
    check_filled,
    check_finite,
    check_numeric,
    check_same_rows,
    column_labels,
)

_ROWS_AT_ONCE = 4096

_DIMENSIONS = {"X": (2,), "y": (1, 2)}


class Block(ABC):
    """What one of the caller's containers holds, as (n, k) floating values.

    Attributes
    ----------
    values : ndarray or Tensor of shape (n, k)
        A copy, or the caller's own memory; never written to.
    flat : bool
        Whether the caller's container has one dimension.
    """

    values: np.ndarray | Tensor
    flat: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n_rows, n_columns = self.values.shape
        return n_rows, n_columns

    def head(self, n_rows: int) -> Self:
        """The first rows, as a view."""
        return replace(self, values=self.values[:n_rows])  # type: ignore[type-var]

    @abstractmethod
    def _as_tensor(self) -> Tensor:
        """The values as a tensor that may share their memory."""

    @abstractmethod
    def _contain(self, refined: Tensor) -> Any:
        """Put (n, k) values of the block's dtype into the caller's container."""

    @abstractmethod
    def direction(self, direction: Tensor) -> Any:
        """Hand out the direction of an epoch: an array, or a tensor where the data are one."""

    @property
    def dtype(self) -> torch.dtype:
        """Floating type of the values."""
        return self._as_tensor().dtype

    def tensor(self, device: torch.device, dtype: torch.dtype, name: str) -> Tensor:
        """A fresh tensor to work on.

        Raises
        ------
        ValueError
            When a value is too large for `dtype`.
        """
        values = self._as_tensor()
        tensor = values.to(device, dtype, copy=True)
        narrower = torch.finfo(dtype).max < torch.finfo(values.dtype).max
        if narrower and not bool(torch.isfinite(tensor.sum())) and tensor.isinf().any():
            raise ValueError(
                f"{name} holds values above {torch.finfo(dtype).max:.3g}, too large for the "
                f"model's {dtype}: scale the data, or use a model in {values.dtype}."
            )
        return tensor

    def restore(self, refined: Tensor) -> Any:
        """The caller's container with refined values; what did not move is bit-identical."""
        values = self._as_tensor()
        if refined.dtype == values.dtype:
            return self._contain(refined.to(values.device))
        merged = values.clone()
        # In parts, so that a table of many rows costs no further copy of itself.
        for start in range(0, len(values), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            new = refined[rows].to(values.device)
            moved = new != values[rows].to(refined.dtype)
            merged[rows] = torch.where(moved, new.to(values.dtype), values[rows])
        return self._contain(merged)


@dataclass(frozen=True)
class ArrayBlock(Block):
    """A NumPy array; `out_dtype` is what it comes back as."""

    values: np.ndarray
    flat: bool
    out_dtype: np.dtype

    def _as_tensor(self) -> Tensor:
        return torch.from_numpy(self.values)

    def _contain(self, refined: Tensor) -> Any:
        return self._shaped(refined.numpy()).astype(self.out_dtype, copy=False)

    def direction(self, direction: Tensor) -> Any:
        """Array of the data's shape, in the model's floating type."""
        return self._shaped(_to_numpy(direction))

    def _shaped(self, array: np.ndarray) -> np.ndarray:
        return array[:, 0] if self.flat else array


@dataclass(frozen=True)
class SeriesBlock(ArrayBlock):
    """A pandas Series."""

    index: pd.Index
    name: Hashable
    pandas_dtype: Any

    def _contain(self, refined: Tensor) -> Any:
        values = refined.numpy()[:, 0]
        return pd.Series(values, index=self.index, name=self.name).astype(self.pandas_dtype)


@dataclass(frozen=True)
class FrameBlock(ArrayBlock):
    """A pandas DataFrame; every floating column keeps its own dtype."""

    index: pd.Index
    columns: pd.Index
    pandas_dtypes: tuple[Any, ...]

    def _contain(self, refined: Tensor) -> Any:
        return frame_of(refined.numpy(), self.index, self.columns, self.pandas_dtypes)


@dataclass(frozen=True)
class TensorBlock(Block):
    """A tensor, on whatever device it lies."""

    values: Tensor
    flat: bool

    def _as_tensor(self) -> Tensor:
        return self.values

    def _contain(self, refined: Tensor) -> Any:
        return refined[:, 0] if self.flat else refined

    def direction(self, direction: Tensor) -> Any:
        """Tensor of the data's shape on their device, in the model's floating type."""
        return self._contain(direction.to(self.values.device))


@dataclass(frozen=True)
class Inputs:
    """What `fit` was given.

    Attributes
    ----------
    X, y : Block
        Inputs and targets.
    target_columns : tuple of int or None
        Columns of X that are the target, one variable with both roles.
    """

    X: Block
    y: Block
    target_columns: tuple[int, ...] | None = None


def read_inputs(
    X: Any,
    y: Any,
    *,
    is_ts: bool = False,
    keep_target: bool | None = None,
    target_cols: Any = None,
    one_variable: bool = False,
    copy: bool = True,
) -> Inputs:
    """Check the data, and copy them.

    Parameters
    ----------
    X : ndarray, Tensor or DataFrame of shape (n, n_features)
        Inputs.
    y : ndarray, Tensor, Series or DataFrame, or the name(s) of columns of X
        Continuous targets.
    is_ts : bool
        Whether the rows are time steps.
    keep_target : bool, optional
        Whether columns named by `y` stay in X; by default in a series only.
    target_cols : int, str or list of them, optional
        Columns of X that are the target, instead of `y`.
    one_variable : bool
        Whether the rule refines a target that is a column of X as one variable with both roles.
    copy : bool
        Whether arrays and tensors are copied where their memory could be read as it is.

    Raises
    ------
    TypeError, ValueError
        With what is wrong with which column, and what to do.
    """
    if target_cols is not None:
        if y is not None:
            raise ValueError("Pass either y or target_cols, not both.")
        if keep_target is not None:
            raise ValueError("keep_target has no effect with target_cols: the target stays in X.")
        if not one_variable:
            raise ValueError(
                "target_cols has no effect under this rule, which moves inputs and targets as "
                "independent copies: pass y, or choose rule='global'."
            )
        positions = _positions(X, target_cols)
        target = _columns(X, positions, single=not isinstance(target_cols, list | tuple))
        return Inputs(read_block(X, "X", copy), read_target(target, copy), positions)
    if y is None:
        raise ValueError(
            "y is missing: pass the targets or, where X is a DataFrame, the name(s) of their "
            "column(s)."
        )
    names = _names(X, y)
    if names is None:
        if keep_target is not None:
            raise ValueError("keep_target has an effect only where y names columns of X.")
        inputs = Inputs(read_block(X, "X", copy), read_target(y, copy))
        check_same_rows(inputs.X.shape[0], inputs.y.shape[0])
        return inputs
    keep = is_ts if keep_target is None else keep_target
    positions = tuple(_position(X, name) for name in names)
    target = read_target(_columns(X, positions, single=not isinstance(y, list)))
    if keep:
        return Inputs(read_block(X, "X"), target, positions if one_variable else None)
    others = [i for i in range(X.shape[1]) if i not in positions]
    if not others:
        raise ValueError(f"No column of X is left beside the target {list(names)}.")
    return Inputs(read_block(X.iloc[:, others], "X"), target)


def read_block(data: Any, name: str, copy: bool = True) -> Block:
    """Check a two-dimensional container, or for targets a one-dimensional one, and copy it.

    Raises
    ------
    TypeError
        For other containers, and columns that hold no numbers.
    ValueError
        For a wrong number of dimensions, no rows or columns, NaN or infinite values.
    """
    if isinstance(data, pd.DataFrame | pd.Series):
        block: Block = _read_pandas(data, name)
    elif isinstance(data, Tensor):
        block = _read_tensor(data, name, copy)
    elif isinstance(data, np.ndarray):
        block = _read_array(data, name, copy)
    else:
        raise TypeError(
            f"{name} has to be a NumPy array, a tensor or a DataFrame, got {type(data).__name__}."
        )
    check_filled(block.shape, name)
    labels = column_labels(data)
    if isinstance(block.values, np.ndarray):
        check_finite(block.values, name, labels)
    elif not bool(torch.isfinite(block.values.sum())):
        check_finite(block.values.double().cpu().numpy(), name, labels)
    return block


def read_target(y: Any, copy: bool = True) -> Block:
    """Check targets, which have to be continuous, and copy them.

    Raises
    ------
    TypeError
        For boolean, categorical and text targets.
    """
    dtypes = list(y.dtypes) if isinstance(y, pd.DataFrame) else [getattr(y, "dtype", "none")]
    for dtype in dtypes:
        check_continuous(dtype, "y")
    return read_block(y, "y", copy)


def _read_array(data: np.ndarray, name: str, copy: bool) -> ArrayBlock:
    check_numeric(data.dtype, name)
    out = floating(data.dtype)
    # Torch has neither long doubles nor foreign byte orders.
    inner = np.dtype(np.float64) if out.itemsize > 8 else out.newbyteorder("=")
    check_dimensions(data.shape, name, _DIMENSIONS[name])
    # Torch warns of memory that is read-only, so that is copied in any case.
    read = np.array if copy or not data.flags.writeable else np.asarray
    values = read(data, dtype=inner, order="C")
    flat = data.ndim == 1
    return ArrayBlock(values[:, None] if flat else values, flat, out)


def _read_tensor(data: Tensor, name: str, copy: bool) -> TensorBlock:
    if data.is_complex() or data.layout != torch.strided:
        raise TypeError(
            f"{name} is a tensor of {data.dtype} and {data.layout}; it has to be dense and real."
        )
    check_dimensions(data.shape, name, _DIMENSIONS[name])
    dtype = data.dtype if data.is_floating_point() else torch.float64
    with torch.inference_mode(False):
        if copy or data.dtype != dtype:
            values = torch.empty(data.shape, dtype=dtype, device=data.device).copy_(data.detach())
        else:
            values = data.detach().contiguous()
    return TensorBlock(values[:, None] if data.ndim == 1 else values, data.ndim == 1)


def _read_pandas(data: pd.DataFrame | pd.Series, name: str) -> ArrayBlock:
    check_dimensions(data.shape, name, _DIMENSIONS[name])
    columns = [data] if isinstance(data, pd.Series) else [c for _, c in data.items()]
    for label, column in zip(column_labels(data), columns, strict=True):
        check_numeric(column.dtype, f"column {label} of {name}")
    dtypes = [floating(column.dtype) for column in columns]
    narrow = all(dtype in (np.float32, np.float16) for dtype in dtypes)
    values = np.empty((len(data), len(columns)), dtype=np.float32 if narrow else np.float64)
    for position, column in enumerate(columns):
        values[:, position] = column.to_numpy(dtype=values.dtype, na_value=np.nan)
    if isinstance(data, pd.Series):
        return SeriesBlock(values, True, values.dtype, data.index, data.name, dtypes[0])
    return FrameBlock(values, False, values.dtype, data.index, data.columns, tuple(dtypes))


def _names(X: Any, y: Any) -> tuple[Hashable, ...] | None:
    """Column names that `y` consists of, or None where it holds values."""
    if isinstance(y, str) or (isinstance(y, int | np.integer | tuple) and not isinstance(y, bool)):
        names: tuple[Hashable, ...] = (y,)
    elif isinstance(y, list) and y and all(isinstance(name, str | int | tuple) for name in y):
        names = tuple(y)
    else:
        return None
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"y = {y!r} names columns, but X is a {type(X).__name__} without names: pass the "
            "targets as an array, or X as a DataFrame."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"y names a column twice: {list(names)}.")
    return names


def _position(X: pd.DataFrame, name: Hashable) -> int:
    found = [i for i, label in enumerate(X.columns) if label == name]
    if not found:
        raise ValueError(f"X has no column {name!r}; its columns are {list(X.columns)}.")
    if len(found) > 1:
        raise ValueError(f"X has {len(found)} columns named {name!r}; the target has to be one.")
    return found[0]


def _positions(X: Any, target_cols: Any) -> tuple[int, ...]:
    """Positions of `target_cols`: names of a DataFrame's columns, or positions."""
    wanted = list(target_cols) if isinstance(target_cols, list | tuple) else [target_cols]
    if not wanted:
        raise ValueError("target_cols is empty.")
    n_columns = X.shape[1] if getattr(X, "ndim", 0) == 2 else 0
    positions = []
    for column in wanted:
        if isinstance(X, pd.DataFrame) and (isinstance(column, str) or column in X.columns):
            positions.append(_position(X, column))
        elif isinstance(column, int | np.integer) and -n_columns <= column < n_columns:
            positions.append(int(column) % n_columns)
        else:
            raise ValueError(f"target_cols: X has no column {column!r}; it has {n_columns}.")
    if len(set(positions)) < len(positions):
        raise ValueError(f"target_cols names a column twice: {wanted}.")
    return tuple(positions)


def _columns(X: Any, positions: tuple[int, ...], *, single: bool) -> Any:
    if isinstance(X, pd.DataFrame):
        return X.iloc[:, positions[0]] if single else X.iloc[:, list(positions)]
    return X[:, list(positions)]


def _to_numpy(tensor: Tensor) -> np.ndarray:
    tensor = tensor.cpu()
    if tensor.dtype == torch.bfloat16:  # NumPy has no such type
        tensor = tensor.float()
    return tensor.numpy()
