"""The times of a series, and where they do not go on in equal steps."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from denograd.cleaning.files import SourceTable
from denograd.columns import as_dates

_LISTED = 5
"""Rows that a message names at most."""
_CLOCK = re.compile(r"\s*(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*")


def time_column(table: SourceTable, names: Iterable[str]) -> pd.Series | None:
    """Return the first of these columns that holds dates or times throughout, as such.

    Dates without a time of day are completed by a column of such times, if there is one.
    """
    names = list(names)
    for name in names:
        times = _times(table, name)
        if times is None:
            continue
        if (times == times.normalize()).all():
            for other in names:
                clock = _clock(table, other)
                if clock is not None:
                    return pd.Series(times + clock, name=f"{name} {other}")
        return pd.Series(times, name=name)
    return None


def irregular(table: SourceTable, times: pd.Series) -> Iterator[str]:
    """Yield what is wrong with the times of a series, and in which rows.

    Parameters
    ----------
    table : SourceTable
        Where the rows are.
    times : Series of datetime64
        One of each row.
    """
    steps = np.diff(times.to_numpy())
    forward = steps[steps > np.timedelta64(0)]
    if rows := _rows(table, steps < np.timedelta64(0)):
        yield (
            f"{times.name!r} goes back on {rows}: --series takes the rows in the order of the "
            "file, so sort them first"
        )
    if rows := _rows(table, steps == np.timedelta64(0)):
        yield f"{times.name!r} is the same as in the row before on {rows}"
    if not len(forward):
        return
    usual = np.median(forward)
    gaps = steps > 1.5 * usual
    if np.mean((forward > 0.5 * usual) & (forward < 1.5 * usual)) < 0.5:
        low, high = forward.min(), forward.max()
        yield (
            f"{times.name!r} goes on in steps of {_duration(low)} to {_duration(high)}, "
            "which --series takes as equal"
        )
    elif rows := _rows(table, gaps):
        yield (
            f"{times.name!r} has gaps before {rows}: its steps are {_duration(usual)} else, and "
            "--series takes all as equal"
        )


def _times(table: SourceTable, name: str) -> pd.DatetimeIndex | None:
    """Read a column as dates: ISO 8601, numbers, or the one other order of day and month."""
    numbers = table.numbers(name)
    if len(numbers.missing):
        return None
    if not len(numbers.unreadable):
        return as_dates(numbers.values)
    labels = table.labels(name)
    times = pd.to_datetime(labels, errors="coerce", format="ISO8601", utc=True)
    if times.notna().all():
        return pd.DatetimeIndex(times).tz_localize(None)
    if not isinstance(labels.iloc[0], str):
        return None
    with warnings.catch_warnings(action="ignore"):
        # One of the two is not the order that it asks for, of which pandas warns.
        forms = {guess_datetime_format(labels.iloc[0], dayfirst=first) for first in (False, True)}
    read = [pd.to_datetime(labels, errors="coerce", format=form) for form in forms if form]
    found = [times for times in read if times.notna().all()]
    if len(found) > 1:
        # Both orders are possible, so the one is meant in which time goes on.
        found = [times for times in found if times.is_monotonic_increasing]
    return pd.DatetimeIndex(found[0]) if len(found) == 1 else None


def _clock(table: SourceTable, name: str) -> pd.TimedeltaIndex | None:
    """Read a column as times of day, or return None."""
    matches = [_CLOCK.fullmatch(str(label)) for label in table.labels(name)]
    if not all(matches):
        return None
    parts = [[int(part or 0) for part in match.groups()] for match in matches if match]
    hours, minutes, seconds = np.transpose(parts)
    return pd.to_timedelta(3600 * hours + 60 * minutes + seconds, unit="s")


def _rows(table: SourceTable, steps: np.ndarray) -> str:
    """Name the rows to which these steps lead; an empty text for none."""
    rows = [table.place(int(step) + 1) for step in np.flatnonzero(steps)]
    more = f" and {len(rows) - _LISTED:,} more" if len(rows) > _LISTED else ""
    return ", ".join(rows[:_LISTED]) + more


def _duration(step: np.timedelta64) -> str:
    return str(pd.Timedelta(step).to_pytimedelta()).removesuffix(", 0:00:00")
