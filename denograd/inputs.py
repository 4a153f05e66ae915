"""What `fit` is given: inputs and targets, side by side or by the names of columns."""

from __future__ import annotations

import reprlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from denograd.blocks import Block, read_block
from denograd.checks import check_same_rows
from denograd.containers import column_names, columns_at


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
        block = read_block(target, "y", target=True, copy=copy)
        return Inputs(read_block(X, "X", copy=copy), block, positions)
    if y is None:
        raise ValueError(
            "y is missing: pass the targets or, where X is a DataFrame, the name(s) of their "
            "column(s)."
        )
    names = _names(X, y)
    if names is None:
        if keep_target is not None:
            raise ValueError("keep_target has an effect only where y names columns of X.")
        inputs = Inputs(read_block(X, "X", copy=copy), read_block(y, "y", target=True, copy=copy))
        check_same_rows(len(inputs.X.values), len(inputs.y.values))
        return inputs
    keep = is_ts if keep_target is None else keep_target
    positions = tuple(_position(X, name) for name in names)
    target = read_block(_columns(X, positions, single=not isinstance(y, list)), "y", target=True)
    if keep:
        return Inputs(read_block(X, "X"), target, positions if one_variable else None)
    others = [i for i in range(X.shape[1]) if i not in positions]
    if not others:
        raise ValueError(f"No column of X is left beside the target {list(names)}.")
    return Inputs(read_block(columns_at(X, others), "X"), target)


def _names(X: Any, y: Any) -> tuple[Hashable, ...] | None:
    """Column names that `y` consists of, or None where it holds values."""
    if isinstance(y, str) or (isinstance(y, int | np.integer | tuple) and not isinstance(y, bool)):
        names: tuple[Hashable, ...] = (y,)
    elif isinstance(y, list) and y and all(isinstance(name, str | int | tuple) for name in y):
        names = tuple(y)
    else:
        return None
    if column_names(X) is None:
        raise TypeError(
            f"y = {reprlib.repr(y)} names columns, but X is a {type(X).__name__} without "
            "names: pass the targets as an array, or X as a DataFrame."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"y names a column twice: {list(names)}.")
    return names


def _position(X: Any, name: Hashable) -> int:
    columns = column_names(X) or []
    found = [i for i, label in enumerate(columns) if label == name]
    if not found:
        raise ValueError(f"X has no column {name!r}; its columns are {columns}.")
    if len(found) > 1:
        raise ValueError(f"X has {len(found)} columns named {name!r}; the target has to be one.")
    return found[0]


def _positions(X: Any, target_cols: Any) -> tuple[int, ...]:
    """Positions of `target_cols`: names of a DataFrame's columns, or positions."""
    wanted = list(target_cols) if isinstance(target_cols, list | tuple) else [target_cols]
    if not wanted:
        raise ValueError("target_cols is empty.")
    names = column_names(X)
    n_columns = X.shape[1] if len(getattr(X, "shape", ())) == 2 else 0
    positions = []
    for column in wanted:
        if names is not None and (isinstance(column, str) or column in names):
            positions.append(_position(X, column))
        elif isinstance(column, int | np.integer) and -n_columns <= column < n_columns:
            positions.append(int(column) % n_columns)
        else:
            raise ValueError(f"target_cols: X has no column {column!r}; it has {n_columns}.")
    if len(set(positions)) < len(positions):
        raise ValueError(f"target_cols names a column twice: {wanted}.")
    return tuple(positions)


def _columns(X: Any, positions: tuple[int, ...], *, single: bool) -> Any:
    if column_names(X) is None:
        return X[:, list(positions)]
    return columns_at(X, positions[0] if single else list(positions))
