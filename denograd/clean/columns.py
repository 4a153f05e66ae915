"""Which columns of a file are refined, and why the others are not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from denograd.clean.files import CleaningError, Numbers, SourceTable

_LISTED = 5
"""Columns that a message names at most."""


@dataclass(frozen=True)
class Selection:
    """What is refined in a table.

    Attributes
    ----------
    target : str
        The column that the backbone learns to predict.
    features : tuple of str
        The other refined columns, in the order of the file.
    left : dict
        Why each other column is left as it is.
    whole : frozenset of str
        Refined columns that hold integers.
    values : DataFrame
        The refined columns as numbers, the target first.
    remarks : tuple of str
        What the user may not expect.
    """

    target: str
    features: tuple[str, ...]
    left: dict[str, str]
    whole: frozenset[str]
    values: pd.DataFrame = field(repr=False)
    remarks: tuple[str, ...]


def select(
    table: SourceTable,
    target: str,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    *,
    series: bool = False,
) -> Selection:
    """Choose what is refined, and read it as numbers.

    Parameters
    ----------
    table : SourceTable
        What was read.
    target : str
        The column to predict.
    columns : sequence of str, optional
        Columns to refine besides the target. None takes every column of numbers that varies and
        does not number the rows.
    exclude : sequence of str
        Columns to leave as they are.
    series : bool
        Whether the rows are in time order; a series may consist of its target alone.

    Raises
    ------
    CleaningError
        For unknown names, columns that are asked for and hold no numbers, and missing values.
    """
    for name in (target, *(columns or ()), *exclude):
        _require_known(name, table.names)
    if target in exclude:
        raise CleaningError(f"{target!r} is the target and cannot be excluded")
    asked = {target, *(columns or ())}

    found: dict[str, Numbers] = {}
    left: dict[str, str] = {}
    for name in table.names:
        if name in exclude:
            left[name] = "excluded"
        elif columns is not None and name not in asked:
            left[name] = "not asked for"
        else:
            numbers = table.numbers(name)
            reason = _why_not(table, name, numbers, asked_for=name in asked)
            if reason is None:
                found[name] = numbers
            elif name in asked:
                raise CleaningError(f"the column {name!r} cannot be refined: {reason}")
            else:
                left[name] = reason
    _require_complete(table, found, target)
    features = tuple(name for name in found if name != target)
    if not features and not series:
        raise CleaningError(
            f"{target!r} is the only column of numbers to refine: a table needs others to predict "
            "it from (--series for a series)"
        )
    values = pd.DataFrame({name: found[name].values for name in (target, *features)})
    return Selection(
        target,
        features,
        left,
        frozenset(name for name, numbers in found.items() if numbers.whole),
        values,
        tuple(_remarks(values)),
    )


def time_column(table: SourceTable, names: Iterable[str]) -> pd.Series | None:
    """Return the first of these columns that holds dates or times throughout, as such."""
    for name in names:
        if not len(table.numbers(name).unreadable):
            continue
        # Other formats are ambiguous, and guessing cell by cell is slow.
        times = pd.to_datetime(table.labels(name), errors="coerce", format="ISO8601", utc=True)
        if times.notna().all():
            return times.dt.tz_localize(None).rename(name)
    return None


def _why_not(table: SourceTable, name: str, numbers: Numbers, *, asked_for: bool) -> str | None:
    """Say why a column is not refined, or return None."""
    values, unreadable = numbers.values, numbers.unreadable
    if len(unreadable):
        row = int(unreadable[0])
        reason = f"not numbers ({table.sample(name, row)} on {table.place(row)})"
        if len(unreadable) < len(values) / 2:
            reason = f"{len(unreadable)} cells are {reason}"
        return reason
    if len(numbers.missing) == len(values):
        return "empty"
    if not len(numbers.missing) and np.all(values == values[0]):
        return "constant"
    if asked_for:
        return None
    if name == "":
        return "without a name, so taken for row labels"
    if numbers.whole and len(values) > 2 and np.all(np.diff(values) == 1):
        return "row numbers"
    return None


def _require_complete(table: SourceTable, found: dict[str, Numbers], target: str) -> None:
    gaps = {name: numbers.missing for name, numbers in found.items() if len(numbers.missing)}
    if not gaps:
        return
    listed = [
        f"{name!r} ({len(rows)} of {table.n_rows}, first on {table.place(int(rows[0]))})"
        for name, rows in list(gaps.items())[:_LISTED]
    ]
    if len(gaps) > _LISTED:
        listed.append(f"{len(gaps) - _LISTED} more")
    advice = "fill them, or drop these rows"
    if target not in gaps:
        advice += f", or leave the column out (--exclude {next(iter(gaps))})"
    raise CleaningError(f"missing or infinite values in {', '.join(listed)}: {advice}")


def _require_known(name: str, names: Sequence[str]) -> None:
    if name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else _some(names)
    raise CleaningError(f"there is no column {name!r}: {hint}")


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(repr(name) for name in names[: 2 * _LISTED])
    more = len(names) - 2 * _LISTED
    return f"there are {listed}" + (f" and {more} more" if more > 0 else "")


def _remarks(values: pd.DataFrame) -> Iterable[str]:
    for name in values:
        distinct = values[name].unique()
        if len(distinct) == 2:
            low, high = sorted(distinct)
            yield (
                f"{name!r} holds only {low:g} and {high:g}, and is refined like any number; "
                f"if they are codes, --exclude {name} leaves it as it is"
                if name != values.columns[0]
                else f"the target {name!r} holds only {low:g} and {high:g}: "
                "the method is for continuous targets"
            )
