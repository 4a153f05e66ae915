"""Which columns of numbers hold no measurements: identifiers, codes, flags, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress

import numpy as np
import pandas as pd

_LARGEST_EXACT = 2.0**53
_FEW = 7
"""Integers of at most so many values are codes, unless named a count; a weekday has as many."""
_EQUAL_STEPS = 0.9
"""Share of equal steps from which on a column counts, though it may start anew at times."""
_LEADING_ZERO = re.compile(r"\s*[+-]?0\d+\s*")
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|#")
_IDENTIFIERS = frozenset({"id", "ids", "uid", "uuid", "guid", "key", "zip", "plz", "postal", "#"})
_CLASSES = frozenset({"class", "label", "category", "type", "group", "cluster"})
_COUNTS = frozenset({"count", "counts", "size", "total", "sum"})
_CALENDAR = {
    "month": (1, 12),
    "mnth": (1, 12),
    "day": (1, 31),
    "weekday": (0, 7),
    "hour": (0, 24),
    "minute": (0, 60),
}
_FORMATS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""How a date is written as a number of so many digits."""
_YEARS = 1800, 2199
_UNIX = np.array([946_684_800.0, 2_208_988_800.0])
"""The years 2000 and 2040 in seconds of Unix."""


def why_left_alone(column: pd.Series, texts: Sequence[str] | None = None) -> str | None:
    """Say why the numbers of a column are none to refine, or return None.

    What a column holds decides; what it is called does so among integers only.

    Parameters
    ----------
    column : Series
        Numbers of any dtype, or truth values; missing and infinite ones are passed over.
    texts : sequence of str, optional
        The same cells as they were written, where they come from a text: leading zeros, and
        whether integers were meant, can be seen there only.

    Returns
    -------
    str or None

    Examples
    --------
    >>> import pandas as pd
    >>> from denograd.columns import why_left_alone
    >>> why_left_alone(pd.Series([20240101, 20240102, 20240105]))
    'dates written as numbers'
    >>> why_left_alone(pd.Series([0.5, 0.25, 0.75]))
    """
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    present = np.isfinite(values)
    values = values[present]
    zero = next(filter(_LEADING_ZERO.fullmatch, texts or ()), None)
    if zero is not None:
        return f"numbers with leading zeros ({zero.strip()!r}), as codes have"
    distinct = np.unique(values)
    if 0 < len(distinct) <= 2:
        return f"holds only {' and '.join(f'{value:g}' for value in distinct)}, as a flag does"
    if not len(values) or np.any(values != np.rint(values)):
        return None
    whole = (
        pd.api.types.is_integer_dtype(column)
        if texts is None
        else all(map(_WHOLE.fullmatch, compress(texts, present)))
    )
    if whole and np.abs(distinct[[0, -1]]).max() >= _LARGEST_EXACT:
        return "integers of 2^53 and more, which no float holds exactly"
    if as_dates(values) is not None:
        return "dates written as numbers"
    steps = np.diff(values)
    usual = np.median(steps)
    if usual and np.mean(steps == usual) >= _EQUAL_STEPS:
        return "counts in equal steps, as row numbers do"
    if whole and len(distinct) == len(values) and not _spread_like_amounts(values):
        return "integers that are all different, as identifiers are"
    words = [word.lower() for word in _WORD.findall(str(column.name))]
    if len(distinct) <= min(_FEW, len(values) // 4) and not _COUNTS & set(words):
        return f"integers of only {len(distinct)} values, as codes have"
    return _named(words, distinct[0], distinct[-1])


def as_dates(values: np.ndarray) -> pd.DatetimeIndex | None:
    """Read numbers as the dates that they stand for, or return None.

    They may be written as digits, 20240131 or 202401311200, or be seconds to microseconds of Unix
    that go one way.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite numbers.
    """
    low, high = values.min(), values.max()
    if low < 10**5 or np.any(values != np.rint(values)):
        return None
    for n_digits, form in _FORMATS.items():
        first, last = (value // 10 ** (n_digits - 4) for value in (low, high))
        if _YEARS[0] <= first <= last <= _YEARS[1]:
            written = values.astype(np.int64).astype(str).tolist()
            dates = pd.to_datetime(written, format=form, errors="coerce")
            if dates.notna().all():
                return dates
    steps = np.diff(values)
    if np.all(steps >= 0) or np.all(steps <= 0):
        for unit, scale in {"s": 1, "ms": 10**3, "us": 10**6}.items():
            if np.all((scale * _UNIX[0] <= values) & (values <= scale * _UNIX[1])):
                return pd.DatetimeIndex(values.astype(np.int64).astype(f"datetime64[{unit}]"))
    return None


def _spread_like_amounts(values: np.ndarray) -> bool:
    """Whether different integers are skewed, but not in their logarithm.

    Prices and volumes are, and seldom occur twice either; what was numbered has no such shape.
    """
    if values.min() <= 0 or np.mean(((values - values.mean()) / values.std()) ** 3) < 1:
        return False
    first, low, middle, high, last = np.quantile(np.log(values), [0.1, 0.25, 0.5, 0.75, 0.9])
    return all(abs(a + b - 2 * middle) < 0.2 * (b - a) for a, b in ((first, last), (low, high)))


def _named(words: list[str], low: float, high: float) -> str | None:
    """Say what the name of a column of integers tells, or return None.

    The last word says what it is: an age group, but the size of a group.
    """
    if not words:
        return None
    last = words[-1]
    if last in _IDENTIFIERS or words[0] == "id" or last.endswith("code"):
        return "integers, and an identifier or a code by its name"
    if last in _CLASSES:
        return "integers, and a class by its name"
    years = {"year", "yr"} & set(words) and high < 3000 and (low >= 1000 or low == 0)
    first, end = _CALENDAR.get(last, (0, -1)) if len(words) == 1 else (0, -1)
    if years or first <= low <= high <= end:
        return "integers, and a part of a date by its name"
    return None
