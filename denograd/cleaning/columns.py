"""Which columns of a file are refined, and why the others are not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from denograd.cleaning.files import CleaningError, Numbers, SourceTable

_LISTED = 5
"""Columns that a message names at most."""

_LARGEST = 1e150
"""Squares of larger numbers overflow, and with them all that is computed of a column."""


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
    doubtful : tuple of str
        Those of them that hold numbers which do not look like measurements.
    whole : frozenset of str
        Refined columns that hold integers.
    values : DataFrame
        The refined columns as numbers, the target first; the index counts the rows of the file.
    remarks : tuple of str
        What the user may not expect.
    table : SourceTable
        The rows that are refined.
    dropped : str or None
        How many rows are missing in it, and why.
    """

    target: str
    features: tuple[str, ...]
    left: dict[str, str]
    doubtful: tuple[str, ...]
    whole: frozenset[str]
    values: pd.DataFrame = field(repr=False)
    remarks: tuple[str, ...]
    table: SourceTable = field(repr=False)
    dropped: str | None = None


def select(
    table: SourceTable,
    target: str,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    *,
    series: bool = False,
    drop_missing: bool = False,
) -> Selection:
    """Choose what is refined, and read it as numbers.

    Parameters
    ----------
    table : SourceTable
        What was read.
    target : str
        The column to predict.
    columns : sequence of str, optional
        Columns to refine besides the target. None takes every column of numbers that look like
        measurements.
    exclude : sequence of str
        Columns to leave as they are.
    series : bool
        Whether the rows are in time order; a series may consist of its target alone.
    drop_missing : bool
        Whether rows without a finite number in a refined column are left out.

    Raises
    ------
    CleaningError
        For unknown names, columns that are asked for and hold no numbers, and missing values.
    """
    for name in (target, *(columns or ()), *exclude):
        require_known(name, table.names)
    if target in exclude:
        raise CleaningError(f"{target!r} is the target and cannot be excluded")
    asked = {target, *(columns or ())}

    found: dict[str, Numbers] = {}
    left: dict[str, str] = {}
    doubtful: list[str] = []
    for name in table.names:
        if name in exclude:
            left[name] = "excluded"
        elif columns is not None and name not in asked:
            left[name] = "not asked for"
        else:
            numbers = table.numbers(name)
            reason = _why_not(table, name, numbers)
            if reason is not None:
                if name in asked:
                    raise CleaningError(f"the column {name!r} cannot be refined: {reason}")
                left[name] = reason
            elif name in asked or (doubt := _doubt(table, name, numbers)) is None:
                found[name] = numbers
            else:
                left[name] = doubt
                doubtful.append(name)
    values, dropped = _complete(table, found, target, drop_missing)
    left |= dict.fromkeys(set(found) - set(values), "constant in the rows that are complete")
    features = tuple(map(str, values.columns[1:]))
    if not features and not series:
        insist = f"; --columns {doubtful[0]} insists on one that was left" if doubtful else ""
        raise CleaningError(
            f"{target!r} is the only column of numbers to refine: a table needs others to predict "
            f"it from (--series for a series{insist})"
        )
    return Selection(
        target,
        features,
        left,
        tuple(doubtful),
        frozenset(name for name in (target, *features) if found[name].whole),
        values,
        tuple(_remarks(target, _doubt(table, target, found[target]))),
        table if dropped is None else table.take(values.index.to_numpy()),
        dropped,
    )


def _why_not(table: SourceTable, name: str, numbers: Numbers) -> str | None:
    """Say why a column cannot be refined, or return None."""
    values, unreadable = numbers.values, numbers.unreadable
    if len(unreadable):
        row = int(unreadable[0])
        where = f"({table.sample(name, row)} on {table.place(row)})"
        if len(unreadable) == 1:
            return f"one cell is no number {where}"
        some = len(unreadable) < len(values) / 2
        return f"{f'{len(unreadable):,} cells are ' if some else ''}not numbers {where}"
    if len(numbers.missing) == len(values):
        return "empty"
    if not len(numbers.missing) and np.all(values == values[0]):
        return "constant"
    largest = np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values))
    if largest > _LARGEST:
        return f"numbers up to {largest:.0e}, too large to compute with"
    return None


def _doubt(table: SourceTable, name: str, numbers: Numbers) -> str | None:
    """Say why a column of numbers is left alone unless it is asked for, or return None."""
    if name == "":
        return "without a name, so taken for row labels"
    return table.why_left_alone(name, numbers)


def _complete(
    table: SourceTable, found: dict[str, Numbers], target: str, drop_missing: bool
) -> tuple[pd.DataFrame, str | None]:
    """Return the numbers of complete rows, the target first, and what was dropped if any was."""
    names = [target, *(name for name in found if name != target)]
    values = pd.DataFrame({name: found[name].values for name in names})
    complete = np.isfinite(values.to_numpy()).all(axis=1)
    if complete.all():
        return values, None
    lacking = {name: found[name] for name in names if len(found[name].missing)}
    gaps, n_complete = _gaps(table, lacking), int(complete.sum())
    if not drop_missing:
        advice = "fill them, or drop these rows (--drop-missing)"
        if target not in lacking:
            advice += f", or leave the column out (--exclude {next(iter(lacking))})"
        raise CleaningError(f"{gaps}: {advice}")
    if n_complete < 2:
        few = f"too few rows are complete ({n_complete})"
        raise CleaningError(f"{gaps}: {few}, so --exclude columns")
    values = values[complete]
    varying = values[[name for name in values if values[name].nunique() > 1]]
    if target not in varying:
        raise CleaningError(f"the column {target!r} is constant in the rows that are complete")
    return varying, f"{table.n_rows - n_complete:,} of {table.n_rows:,} rows dropped: {gaps}"


def _gaps(table: SourceTable, columns: dict[str, Numbers]) -> str:
    """Say in which columns numbers are missing, or infinite, how many, and where first."""
    said = []
    for kind, of_kind in (("missing", np.isnan), ("infinite", np.isinf)):
        listed = []
        for name, numbers in columns.items():
            rows = numbers.missing[of_kind(numbers.values[numbers.missing])]
            if len(rows):
                share = f"{len(rows):,} of {table.n_rows:,}"
                listed.append(f"{name!r} ({share}, first on {table.place(int(rows[0]))})")
        if len(listed) > _LISTED:
            listed[_LISTED:] = [f"{len(listed) - _LISTED} more"]
        if listed:
            said.append(f"{kind} values in {', '.join(listed)}")
    return "; ".join(said)


def require_known(name: str, names: Sequence[str]) -> None:
    """Refuse the name of a column that is not there."""
    if name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else _some(names)
    if len(names) == 1:
        hint = f"there is {names[0]!r}; is --separator or --comment missing?"
    raise CleaningError(f"there is no column {name!r}: {hint}")


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(repr(name) for name in names[: 2 * _LISTED])
    more = len(names) - 2 * _LISTED
    return f"there are {listed}" + (f" and {more} more" if more > 0 else "")


def _remarks(target: str, doubt: str | None) -> Iterable[str]:
    if doubt is not None:
        yield (
            f"the target {target!r} is refined as asked, but looks like no measurement: {doubt}; "
            "the method is for continuous targets"
        )
