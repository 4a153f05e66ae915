"""How a text table is written, and finding that out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from denograd.cleaning.files.source import CleaningError

SEPARATORS = ",;\t|"
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Byte order marks; that of UTF-16 begins one of UTF-32, and comes after it."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True)
class CsvStyle:
    """How a text table is written.

    Attributes
    ----------
    separator, decimal : str or None
        Characters between cells and inside numbers; None where they are to be found.
    encoding : str or None
        Of the text; None takes that of its byte order mark, or UTF-8.
    comment : str or None
        How lines begin that are passed over.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None

    def passes_over(self, line: str, number: int) -> bool:
        """Whether a line is no part of the table: a comment, or the separator named in line 1."""
        commented = self.comment is not None and line.startswith(self.comment)
        return commented or (number == 1 and _SEPARATOR_LINE.fullmatch(line) is not None)


def decoded(path: Path, raw: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text of a file, with its byte order mark, and its encoding.

    Raises
    ------
    CleaningError
        For an unknown encoding, and for bytes that are no text in it.
    """
    if encoding is None:
        marked = (name for mark, name in _MARKS.items() if raw.startswith(mark))
        encoding = next(marked, "utf-8")
    try:
        text = raw.decode(encoding)
    except LookupError:
        raise CleaningError(f"there is no encoding {encoding!r}") from None
    except UnicodeError:
        raise CleaningError(
            f"{path} is not {encoding} text: name its encoding, for example --encoding latin-1"
        ) from None
    if "\0" in text:
        raise CleaningError(
            f"{path} is no text, or one in UTF-16 without a mark: --encoding utf-16-le"
        )
    return text, encoding


def find_separator(text: str, style: CsvStyle) -> str:
    """Return the character between the cells: the one named in line 1, or found in the header.

    Spaces are, where the header has no other and the line below it has as many or one more.
    """
    lines = text.splitlines()
    named = _SEPARATOR_LINE.fullmatch(lines[0])
    if named:
        return named[1]
    kept = (
        _QUOTED.sub("quoted", line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not style.passes_over(line, number)
    )
    header, first = next(kept, ""), next(kept, "")
    spaced = " " in header.strip() and first.count(" ") - header.count(" ") in (0, 1)
    if spaced and not any(map(header.count, SEPARATORS)):
        return " "
    return max(SEPARATORS, key=header.count)
