"""The records of a text table, with their cells as they are written, quotes included."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from denograd.cleaning.files.source import CleaningError


class Record(NamedTuple):
    """A line of a table, or several where a quoted cell goes over more than one.

    Attributes
    ----------
    line : int
        On which it begins, counted from 1.
    cells : list of str
        As they are written.
    end : str
        Line feed, carriage return, both, or nothing at the end of the text.
    """

    line: int
    cells: list[str]
    end: str

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        return not any(unquoted(cell).strip() for cell in self.cells)

    def written(self, separator: str) -> str:
        """Return the record as it stands in the text."""
        return separator.join(self.cells) + self.end


def records(text: str, separator: str, comment: str | None = None) -> Iterator[Record]:
    """Yield the records of a text; a line that begins like a comment is a single cell.

    Raises
    ------
    CleaningError
        For a quoted cell without an end, naming the line.
    """
    quoted = r'"(?:[^"]++|"")*+"'
    apart = re.escape(separator)
    cell = re.compile(rf'({quoted}|[^"{apart}\r\n][^{apart}\r\n]*|)(?:{apart}|(\r\n|\n|\r|\Z))')
    lines = io.StringIO(text, newline="")
    start = number = 0
    for line in lines:
        number += 1
        first, length = number, len(line)
        body = line.rstrip("\r\n")
        if comment is not None and line.startswith(comment):
            yield Record(first, [body], line[len(body) :])
        elif '"' not in line:
            yield Record(first, body.split(separator), line[len(body) :])
        else:
            cells: list[str] = []
            at, end = start, None
            while end is None:
                match = cell.match(text, at)
                if match is None:
                    raise CleaningError(
                        f"line {first} cannot be read: the quotes around its cell {len(cells) + 1} "
                        f"do not end before a {separator!r} or the end of a line"
                    )
                written, end = match.groups()
                cells.append(written)
                at = match.end()
            while start + length < at:
                number += 1
                length += len(next(lines))
            yield Record(first, cells, end)
        start += length


def unquoted(cell: str) -> str:
    """Return what a cell holds."""
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def quoted_like(text: str, cell: str, separator: str) -> str:
    """Return a text as it is written in the place of a cell: in quotes if that or it needs them."""
    return f'"{text}"' if cell.startswith('"') or separator in text else text
