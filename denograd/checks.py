"""Every check of a number, a word, a table or a target, once; the message says what is wrong where.

Importing this takes no time with torch: baselines that need none use it too.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterable, Sequence
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

_ENCODE = "encode it as numbers or drop it"
_SCALE = "Scale the data, or choose smaller steps"
_LARGEST = 1e150


def check_count(name: str, value: object, least: int = 1) -> None:
    """Refuse what is not an integer of at least `least`."""
    try:
        count = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        count = least - 1
    if count < least or isinstance(value, bool):
        raise ValueError(f"{name} has to be an integer of at least {least}, got {value!r}.")


def check_several(name: str, values: object) -> None:
    """Refuse what is not a collection of values; a text is none."""
    if isinstance(values, str) or not isinstance(values, Collection | np.ndarray):
        raise ValueError(f"{name} has to be a sequence, such as ({values!r},), got {values!r}.")


def check_number(
    name: str, value: object, *, positive: bool = False, below: float = math.inf
) -> None:
    """Refuse what is not a finite number of at least (or, if `positive`, above) 0 and `below`."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    large_enough = number > 0 if positive else number >= 0
    if not (large_enough and number < below) or isinstance(value, bool | str):
        bounds = "above 0" if positive else "of at least 0"
        if below < math.inf:
            bounds += f" and below {below:g}"
        raise ValueError(f"{name} has to be a finite number {bounds}, got {value!r}.")


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Refuse what is not one of some words."""
    if not isinstance(value, str) or value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{name} has to be one of {known}, got {value!r}.")


def check_dense(values: Any, name: str) -> None:
    """Refuse a sparse matrix or tensor, and a frame that is not there yet."""
    if hasattr(values, "tocsr"):
        raise TypeError(f"{name} is a sparse matrix, which is not supported: use {name}.toarray()")
    if str(getattr(values, "layout", "torch.strided")) != "torch.strided":
        raise TypeError(f"{name} is a sparse tensor, which is not supported: use {name}.to_dense()")
    if type(values).__name__ == "LazyFrame":
        raise TypeError(f"{name} is a LazyFrame, which holds no values yet: use {name}.collect()")


def check_dimensions(shape: Sequence[int], name: str, allowed: tuple[int, ...]) -> None:
    """Refuse a shape with another number of dimensions than are allowed."""
    if len(shape) in allowed:
        return
    words = {1: "one dimension (rows,)", 2: "two dimensions (rows, columns)"}
    wanted = " or ".join(words[number] for number in allowed)
    hints: dict[tuple[int, ...], str] = {
        (1,): ". Pass one continuous target, for a single column its .iloc[:, 0] or .ravel()",
        (2,): f". Reshape your data: {name}.reshape(-1, 1) for a single column, (1, -1) for a row",
    }
    raise ValueError(f"{name} must have {wanted}, got shape {tuple(shape)}{hints.get(allowed, '')}")


def check_filled(shape: Sequence[int], name: str) -> None:
    """Refuse a table without rows or columns."""
    for size, what in zip(reversed(shape), ("feature", "sample"), strict=False):
        if size == 0:
            raise ValueError(
                f"{name} has 0 {what}(s) (shape={tuple(shape)}) while a minimum of 1 is required."
            )


def check_real(dtype: Any, what: str) -> None:
    """Refuse complex numbers."""
    if pd.api.types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: {what} has dtype {dtype}")


def check_numeric(dtype: Any, what: str) -> None:
    """Refuse a type that holds no real numbers, such as text, dates and objects."""
    check_real(dtype, what)
    if not pd.api.types.is_numeric_dtype(dtype):
        raise not_numbers(what, f"has dtype {dtype}, which holds no real numbers")


def not_numbers(what: str, why: str, kind: type[Exception] = TypeError) -> Exception:
    """The error for a column that cannot be read as numbers, to be raised."""
    return kind(f"{what} {why}: {_ENCODE}.")


def check_continuous(y: np.ndarray | pd.DataFrame | pd.Series, name: str) -> None:
    """Refuse truth values as a target, whatever they are held in."""
    for column in [y.iloc[:, j] for j in range(y.shape[1])] if isinstance(y, pd.DataFrame) else [y]:
        objects = pd.api.types.is_object_dtype(column.dtype)
        if pd.api.types.is_bool_dtype(column.dtype) or (
            objects and pd.api.types.infer_dtype(np.ravel(column), skipna=True) == "boolean"
        ):
            raise TypeError(
                f"{name} has dtype {column.dtype}{' of truth values' if objects else ''}, but only "
                "continuous targets, not classes, can be refined."
            )


def check_same_rows(n_x: int, n_y: int, x_name: str = "X", y_name: str = "y") -> None:
    """Refuse a table and a target of different lengths."""
    if n_x != n_y:
        raise ValueError(
            f"{x_name} has {n_x} rows, but {y_name} has {n_y}: they need the same number of rows."
        )


def check_target_column(
    column: np.ndarray, y: np.ndarray, x_name: str = "X", y_name: str = "y"
) -> None:
    """Refuse a series whose column 0 is not the target; single precision may have rounded one."""
    differ = np.abs(column - y) > 1e-6 * np.abs(y).max()
    if differ.any():
        raise ValueError(
            f"column 0 of {x_name} differs from {y_name} in {differ.sum()} of {len(y)} rows, but a "
            f"series has its target there: pass {x_name} with {y_name} as its first column."
        )


def check_enough_rows(n_rows: int, least: int, owner: str) -> None:
    """Refuse fewer rows than a method can learn from."""
    if n_rows < least:
        plural = "" if n_rows == 1 else "s"
        raise ValueError(
            f"{owner} needs at least {least} rows to learn from, got {n_rows} sample{plural}"
        )


def check_same_columns(
    n_columns: int,
    names: Collection[str] | None,
    known_number: int,
    known_names: Collection[str] | None,
    *,
    name: str,
    owner: str,
) -> None:
    """Refuse other columns than those seen in fit; names count where both sides have them."""
    if n_columns != known_number:
        raise ValueError(
            f"{name} has {n_columns} features, but {owner} is expecting {known_number} features "
            "as input"
        )
    if names is None or known_names is None or list(names) == list(known_names):
        return
    unseen = sorted(set(names) - set(known_names))
    missing = sorted(set(known_names) - set(names))
    if unseen or missing:
        raise ValueError(
            f"the columns of {name} differ from those seen in fit: "
            f"unexpected {unseen}, missing {missing}"
        )
    raise ValueError(f"the columns of {name} must be in the order seen in fit: {list(known_names)}")


def check_layout(result: Any, shape: tuple[int, ...], name: str) -> None:
    """Refuse anything but a float64 array of this shape.

    What has another shape would be broadcast: one row in the place of all of them, without a word.

    Raises
    ------
    TypeError
        For anything but an array, and for another dtype.
    ValueError
        For another shape.
    """
    # Neither a masked array, whose masked values no check would see, nor a matrix.
    if type(result) is not np.ndarray:
        raise TypeError(f"{name} must be an array, not {type(result).__name__}")
    if result.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {result.shape}")
    if result.dtype != np.float64:
        raise TypeError(f"{name} of shape {shape} must have the dtype float64, not {result.dtype}")


def check_finite(
    values: np.ndarray, name: str, labels: Iterable[str] = (), advice: str = _SCALE
) -> None:
    """Refuse NaN and infinite values: in a target counted, in a table by their columns.

    Nothing but one sum is computed for the usual, finite table.

    Parameters
    ----------
    values : ndarray of shape (rows,) or (rows, columns)
        What is checked.
    name : str
        What messages call it.
    labels : iterable of str
        What they call the columns.
    advice : str
        What they say is to be done; by default, of what was computed.

    Raises
    ------
    ValueError
        With the columns that hold such values, and how many.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):
            return
    n_rows = values.shape[0]
    counts = n_rows - np.isfinite(values).sum(axis=0)
    if not counts.any():
        return
    if values.ndim == 1:
        where = f"{counts} of {n_rows} rows"
    else:
        bad = [f"column {label} ({n})" for label, n in zip(labels, counts, strict=True) if n]
        listed = ", ".join(bad[:10]) + (f" and {len(bad) - 10} more" if len(bad) > 10 else "")
        where = f"of {n_rows} rows: {listed}"
    kinds = {"NaN": np.isnan, "infinite values (inf)": np.isinf}
    what = " and ".join(kind for kind, of_kind in kinds.items() if of_kind(values).any())
    raise ValueError(f"{name} contains {what}, {where}. {advice}")


def check_squares(values: np.ndarray, name: str, labels: Iterable[str] = ()) -> None:
    """Refuse what is not finite, and numbers that are too large to compute with.

    Parameters
    ----------
    values, name, labels
        As in `check_finite`.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.vdot(values, values)):
            return
    labels = list(labels)
    check_finite(values, name, labels, "Fill or drop them first")
    large = (np.abs(values) > _LARGEST).any(axis=0)
    if large.any():
        columns = [f"column {label}" for label in compress(labels, np.atleast_1d(large))]
        raise ValueError(
            f"{name} holds values above {_LARGEST:g}, whose squares cannot be computed: "
            f"{', '.join(columns[:10])}. Divide them by a power of ten first"
        )
