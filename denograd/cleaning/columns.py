"""Which columns of a file are refined, and why the others are not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
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
    targets : tuple of str
        The columns that are predicted from the features.
    features : tuple of str
        The other refined columns, in the order of the file.
    left : dict
        Why each other column is left as it is.
    doubtful : tuple of str
        Those of them that hold numbers which do not look like measurements.
    whole : frozenset of str
        Refined columns that hold integers.
    values : DataFrame
        The refined columns as numbers, the targets first; the index names the rows.
    remarks : tuple of str
        What the user may not expect.
    table : SourceTable
        The rows that are refined.
    dropped : str or None
        How many rows are missing in it, and why.
    drop_missing : bool
        Whether rows that are not complete are left out.
    """

    targets: tuple[str, ...]
    features: tuple[str, ...]
    left: dict[str, str]
    doubtful: tuple[str, ...]
    whole: frozenset[str]
    values: pd.DataFrame = field(repr=False)
    remarks: tuple[str, ...]
    table: SourceTable = field(repr=False)
    dropped: str | None = None
    drop_missing: bool = False


def select(
    table: SourceTable,
    targets: Sequence[str],
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
    targets : sequence of str
        The columns to predict.
    columns : sequence of str, optional
        Columns to refine besides the targets. None takes every column of numbers that look like
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
    for name in (*targets, *(columns or ()), *exclude):
        require_known(name, table.names)
    targets = tuple(dict.fromkeys(targets))
    for target in targets:
        if target in exclude:
            raise CleaningError(f"{target!r} is the target and cannot be excluded")
    asked = {*targets, *(columns or ())}

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
    order = [*targets, *(name for name in found if name not in targets)]
    values, complete, dropped = complete_rows(
        table, {name: found[name] for name in order}, targets, drop_missing
    )
    if dropped is not None:
        if len(values) < 2:
            few = f"too few rows are complete ({len(values)})"
            raise CleaningError(f"{dropped.partition(': ')[2]}: {few}, so --exclude columns")
        values = _varying(values, targets)
    left |= dict.fromkeys(set(found) - set(values), "constant in the rows that are complete")
    features = tuple(map(str, values.columns[len(targets) :]))
    if not targets and len(values.columns) < 2 - series:
        raise CleaningError(
            "too few columns of numbers look like measurements: name them, --columns"
        )
    if targets and not features and not series:
        named = ", ".join(map(repr, targets))
        only = "is the only column" if len(targets) == 1 else "are the only columns"
        insist = f"; --columns {doubtful[0]} insists on one that was left" if doubtful else ""
        raise CleaningError(
            f"{named} {only} of numbers to refine: a table needs others to predict "
            f"{'it' if len(targets) == 1 else 'them'} from (--series for a series{insist})"
        )
    return Selection(
        targets,
        features,
        left,
        tuple(doubtful),
        frozenset(name for name in (*targets, *features) if found[name].whole),
        values,
        tuple(_remarks({name: _doubt(table, name, found[name]) for name in targets})),
        table if dropped is None else table.take(np.flatnonzero(complete)),
        dropped,
        drop_missing,
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


def require_numbers(table: SourceTable, name: str, numbers: Numbers) -> None:
    """Refuse a column in which a cell is no number."""
    if len(numbers.unreadable) and (reason := _why_not(table, name, numbers)):
        raise CleaningError(f"the column {name!r} cannot be refined: {reason}")


def _doubt(table: SourceTable, name: str, numbers: Numbers) -> str | None:
    """Say why a column of numbers is left alone unless it is asked for, or return None."""
    if name == "":
        return "without a name, so taken for row labels"
    return table.why_left_alone(name, numbers)


def complete_rows(
    table: SourceTable, found: dict[str, Numbers], targets: Sequence[str], drop_missing: bool
) -> tuple[pd.DataFrame, np.ndarray, str | None]:
    """Return the numbers of complete rows, which rows these are, and what was dropped if any was.

    Raises
    ------
    CleaningError
        For missing values, unless they are to be dropped.
    """
    values = pd.DataFrame({name: found[name].values for name in found}).set_index(table.index)
    complete = np.isfinite(values.to_numpy()).all(axis=1)
    if complete.all():
        return values, complete, None
    lacking = {name: numbers for name, numbers in found.items() if len(numbers.missing)}
    gaps, n_complete = _gaps(table, lacking), int(complete.sum())
    if not drop_missing:
        advice = "fill them, or drop these rows (--drop-missing)"
        if not set(targets) & set(lacking):
            advice += f", or leave the column out (--exclude {next(iter(lacking))})"
        raise CleaningError(f"{gaps}: {advice}")
    dropped = f"{table.n_rows - n_complete:,} of {table.n_rows:,} rows dropped: {gaps}"
    return values[complete], complete, dropped


def _varying(values: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """Return the columns that are not constant, which no target may be."""
    varying = values[[name for name in values if values[name].nunique() > 1]]
    for target in targets:
        if target not in varying:
            raise CleaningError(f"the column {target!r} is constant in the rows that are complete")
    return varying


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


def _remarks(doubts: Mapping[str, str | None]) -> Iterable[str]:
    for target, doubt in doubts.items():
        if doubt is not None:
            yield (
                f"the target {target!r} is refined as asked, but looks like no measurement: "
                f"{doubt}; the method is for continuous targets"
            )


def sample_rows(of: int, n_rows: int | None, random_state: int | None) -> np.ndarray | None:
    """Return the numbers of random rows, sorted, or None for all."""
    if n_rows is None or n_rows >= of:
        return None
    return np.sort(np.random.default_rng(random_state).choice(of, n_rows, replace=False))
