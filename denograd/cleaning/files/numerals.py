"""Texts as numbers, and whether their decimals stand behind a point or a comma."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from denograd.cleaning.files.source import CleaningError, Numbers

_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "?"})
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_WITH_COMMA = re.compile(r"\s*[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?\s*")
_IN_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*")


def as_numbers(texts: Sequence[str], decimal: str) -> Numbers:
    """Read texts as numbers."""
    points = []
    if decimal != ".":
        # A point would be a separator of thousands, which no number here has.
        points = [row for row, text in enumerate(texts) if "." in text]
        texts = [text.replace(decimal, ".") for text in texts]
    parsed = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
    values = parsed.to_numpy(dtype=np.float64, copy=True)
    values[points] = np.nan
    empty = np.flatnonzero(np.isnan(values)).tolist()
    unreadable = [row for row in empty if not _is_missing(texts[row])]
    whole = all(_WHOLE.fullmatch(text) or _is_missing(text) for text in texts)
    return Numbers(values, np.asarray(unreadable, dtype=int), whole)


def find_decimal(columns: Mapping[str, Sequence[str]]) -> str:
    """Return the character before the decimals of a table's numbers.

    It is the comma where a column has numbers with one, and none has numbers with a point.

    Raises
    ------
    CleaningError
        Where all commas may stand between thousands as well.
    """
    commas = {name: texts for name, texts in columns.items() if _is_number_with_comma(texts)}
    if not commas or any(map(_is_number_with_point, columns.values())):
        return "."
    for texts in commas.values():
        if any("," in text and not _IN_THOUSANDS.fullmatch(text) for text in texts):
            return ","
    name, texts = next(iter(commas.items()))
    example = next(text for text in texts if "," in text)
    raise CleaningError(
        f"{example!r} in the column {name!r} has either decimals or thousands behind its comma: "
        "say --decimal , if they are decimals, else --decimal ."
    )


def _is_number_with_comma(texts: Sequence[str]) -> bool:
    return "," in "".join(texts) and all(
        _WITH_COMMA.fullmatch(text) or _is_missing(text) for text in texts
    )


def _is_number_with_point(texts: Sequence[str]) -> bool:
    return "." in "".join(texts) and not len(as_numbers(texts, ".").unreadable)


def _is_missing(text: str) -> bool:
    return text.strip().lower() in _MISSING
