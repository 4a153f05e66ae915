"""What the caller's containers hold as tensors to refine, and back into the containers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from denograd.arrays import as_floats
from denograd.checks import (
    check_continuous,
    check_dense,
    check_dimensions,
    check_filled,
    check_real,
    check_squares,
)
from denograd.containers import column_labels, container_of, foreign

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Block(ABC):
    """What one of the caller's containers holds.

    Attributes
    ----------
    values : Tensor of shape (n, k)
        Floating values: a copy, or the caller's own memory; never written to.
    flat : bool
        Whether the caller's container has one dimension.
    """

    values: Tensor
    flat: bool

    @abstractmethod
    def direction(self, direction: Tensor) -> Any:
        """Hand out the direction of an epoch: an array, or a tensor where the data are one."""

    @abstractmethod
    def _contain(self, refined: Tensor) -> Any:
        """Put (n, k) values of the block's dtype into the caller's container."""

    def head(self, n_rows: int) -> Self:
        """The first rows, as a view."""
        return replace(self, values=self.values[:n_rows])

    def tensor(self, device: torch.device, dtype: torch.dtype, name: str) -> Tensor:
        """A fresh tensor to work on.

        Raises
        ------
        ValueError
            When a value is too large for `dtype`.
        """
        tensor = self.values.to(device, dtype, copy=True)
        narrower = torch.finfo(dtype).max < torch.finfo(self.values.dtype).max
        if narrower and not bool(torch.isfinite(tensor.sum())) and tensor.isinf().any():
            raise ValueError(
                f"{name} holds values above {torch.finfo(dtype).max:.3g}, too large for the "
                f"model's {dtype}: scale the data, or use a model in {self.values.dtype}."
            )
        return tensor

    def restore(self, refined: Tensor) -> Any:
        """The caller's container with refined values; what did not move is bit-identical."""
        values = self.values
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
    """An array, a DataFrame or a Series; `container` puts an array into the like of it."""

    container: Callable[[np.ndarray], Any]

    def direction(self, direction: Tensor) -> np.ndarray:
        """Array of the data's shape, in the model's floating type."""
        tensor = direction.cpu()
        if tensor.dtype == torch.bfloat16:  # NumPy has no such type
            tensor = tensor.float()
        return tensor.numpy()[:, 0] if self.flat else tensor.numpy()

    def _contain(self, refined: Tensor) -> Any:
        return self.container(self.direction(refined))


@dataclass(frozen=True)
class TensorBlock(Block):
    """A tensor, on whatever device it lies."""

    def direction(self, direction: Tensor) -> Tensor:
        """Tensor of the data's shape on their device, in the model's floating type."""
        tensor = direction.to(self.values.device)
        return tensor[:, 0] if self.flat else tensor

    def _contain(self, refined: Tensor) -> Tensor:
        return self.direction(refined)


def read_block(data: Any, name: str, *, target: bool = False, copy: bool = True) -> Block:
    """Check a two-dimensional container, or for targets a one-dimensional one, and copy it.

    Raises
    ------
    TypeError
        For other containers, columns that hold no numbers, and targets that are not continuous.
    ValueError
        For a wrong number of dimensions, no rows or columns, NaN or infinite values.
    """
    dimensions = (1, 2) if target else (2,)
    if isinstance(data, Tensor):
        return _read_tensor(data, name, dimensions, target, copy)
    check_dense(data, name)
    known = isinstance(data, np.ndarray | pd.DataFrame | pd.Series)
    if not known and foreign(data) is None:
        raise TypeError(
            f"{name} has to be a NumPy array, a tensor or a DataFrame, got {type(data).__name__}."
        )
    values = as_floats(data, name, dimensions, target=target, keep_narrow=True, copy=copy)
    flat = values.ndim == 1
    tensor = torch.from_numpy(values[:, None] if flat else values)
    return ArrayBlock(tensor, flat, container_of(data))


def _read_tensor(
    data: Tensor, name: str, dimensions: tuple[int, ...], target: bool, copy: bool
) -> TensorBlock:
    check_dense(data, name)
    if data.is_complex():
        check_real(np.dtype(complex), name)
    check_dimensions(data.shape, name, dimensions)
    check_filled(data.shape, name)
    if target and data.dtype == torch.bool:
        check_continuous(np.empty(0, bool), name)
    dtype = data.dtype if data.is_floating_point() else torch.float64
    if copy or data.dtype != dtype:
        values = torch.empty(data.shape, dtype=dtype, device=data.device).copy_(data.detach())
    else:
        values = data.detach().contiguous()
    if not bool(torch.isfinite(torch.linalg.vector_norm(values, dtype=torch.float64))):
        labels = column_labels(data, data.shape[1] if data.ndim == 2 else 1)
        check_squares(values.double().cpu().numpy(), name, labels)
    return TensorBlock(values[:, None] if data.ndim == 1 else values, data.ndim == 1)
