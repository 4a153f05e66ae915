"""What a user says of the noise, as a standard deviation per column."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from denograd.checks import check_number

Noise: TypeAlias = float | tuple[Any, Any] | np.ndarray | Sequence[float] | Mapping[Any, float]
"""A share of each column's standard deviation, or standard deviations in the data's units."""

_LARGEST = 1e100
"""Products of larger variances overflow."""


@dataclass(frozen=True)
class NoiseLevels:
    """Standard deviation of the noise, in the data's units; 0 where a column holds none.

    Attributes
    ----------
    X : ndarray of shape (columns,)
        Of the columns of X.
    y : float
        Of the target.
    source : {"given", "estimated", "unknown"}
        Where it is from; what is unknown is 0.
    """

    X: np.ndarray
    y: float
    source: Literal["given", "estimated", "unknown"]


def read_levels(
    noise: Noise,
    X: np.ndarray,
    y: np.ndarray,
    columns: Sequence[Hashable] | None = None,
    target: str | None = "y",
    *,
    discrete: np.ndarray | None = None,
) -> NoiseLevels:
    """Read what was said of the noise.

    Parameters
    ----------
    noise : float, pair, array or mapping
        A number is a share of each column's standard deviation, that of the target included; all
        else is in the data's units. A tuple is a pair of X, a number or one per column, and y. An
        array has one number per column of X, and may have that of the target after them. A mapping,
        or a Series with an index, names columns; those it does not name hold none.
    X : ndarray of shape (n, columns)
        Noisy values.
    y : ndarray of shape (n,)
        Noisy target.
    columns : sequence, optional
        Names of the columns. Default: their numbers.
    target : str or None
        Name of the target; None where it is one of the columns.
    discrete : ndarray of bool of shape (columns,), optional
        Columns that hold no noise unless they are spoken of one by one.

    Raises
    ------
    ValueError
        For a number below 0 or not finite, for another number of them than there are columns, and
        for a name that no column has, or more than one.
    """
    n_columns = X.shape[1]
    names = [str(j) for j in range(n_columns)] if columns is None else list(map(str, columns))
    if (named := _named(noise)) is not None:
        *of_columns, of_target = _by_name(named, [*names, target])
        return _levels(of_columns, of_target, names)
    if isinstance(noise, tuple):
        if len(noise) != 2:
            raise ValueError(f"noise as a tuple has to be a pair (X, y), got {len(noise)} values.")
        of_X, of_y = noise
        if (named := _named(of_X)) is not None:
            of_X = _by_name(named, names)
        return _levels(np.full(n_columns, of_X) if np.ndim(of_X) == 0 else of_X, of_y, names)
    if np.ndim(noise) == 0:  # type: ignore[arg-type]
        check_number("noise", noise)
        spread = X.std(axis=0) * float(noise)  # type: ignore[arg-type]
        if discrete is not None:
            spread[discrete] = 0.0
        return _levels(spread, float(noise) * y.std(), names)  # type: ignore[arg-type]
    values = list(noise)  # type: ignore[arg-type]
    if len(values) not in (n_columns, n_columns + 1):
        raise ValueError(
            f"noise has {len(values)} values, but X has {n_columns} columns: give one number per "
            "column, and that of the target after them if it is noisy too."
        )
    return _levels(values[:n_columns], values[n_columns] if len(values) > n_columns else 0.0, names)


def _named(noise: Any) -> dict[str, Any] | None:
    """Levels by name, or None where they have no names, as in a Series that counts its rows."""
    if isinstance(noise, pd.Series) and not noise.index.equals(pd.RangeIndex(len(noise))):
        noise = noise.to_dict()
    if not isinstance(noise, Mapping):
        return None
    return {str(name): level for name, level in noise.items()}


def _by_name(given: dict[str, Any], names: Sequence[str | None]) -> list[Any]:
    """Level of each of the names, which are those of the columns and perhaps of the target."""
    for name in given:
        if (count := names.count(name)) > 1:
            raise ValueError(
                f"noise names {name!r}, but {count} of the columns and the target are called so: "
                "rename them, or give numbers in the order of the columns, the target's after them."
            )
    if unknown := [name for name in given if name not in names]:
        raise ValueError(
            f"noise names {', '.join(map(repr, unknown))}, but the columns and the target are "
            f"{', '.join(repr(name) for name in names if name is not None)}."
        )
    return [given.get(str(name), 0.0) for name in names]


def _levels(of_X: Any, of_y: Any, names: Sequence[str]) -> NoiseLevels:
    if len(of_X) != len(names):
        raise ValueError(
            f"noise has {len(of_X)} values for X, but X has {len(names)} columns: give one number "
            "per column."
        )
    for name, value in zip([*names, "the target"], [*of_X, of_y], strict=True):
        check_number(f"the noise of {name}", value, below=_LARGEST)
    return NoiseLevels(np.asarray(of_X, dtype=np.float64), float(of_y), "given")
