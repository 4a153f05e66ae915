"""What of a text is header, row, cell, and what stands between them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from denograd.cleaning.files.records import Record, records, unquoted
from denograd.cleaning.files.source import CleaningError
from denograd.cleaning.files.style import CsvStyle


@dataclass(frozen=True)
class Layout:
    """A text divided into what makes up a table, nothing of it lost.

    Attributes
    ----------
    columns : dict
        The cells of every column as they are written, quotes included.
    lines : array of int
        The line on which each row begins.
    ends : sequence of str
        What follows the last cell of each row.
    head : str
        All that stands before the first row.
    skipped : dict
        What is passed over before a row, blank lines and comments, by the row's number.
    """

    columns: dict[str, list[str]]
    lines: Sequence[int]
    ends: Sequence[str]
    head: str
    skipped: Mapping[int, str]


def arranged(text: str, separator: str, style: CsvStyle) -> Layout:
    """Divide a text.

    Blank lines are no rows, but in the midst of a single column they are missing values. Rows of
    nothing but empty cells are none at the end, and empty cells are none behind the last column.
    """
    header: Record | None = None
    rows: list[Record] = []
    skipped: dict[int, str] = {}
    head = between = ""
    for record in records(text, separator, style.comment):
        blank = len(record.cells) == 1 and record.is_empty
        # A comment is a single cell; only what line 1 may say goes over more.
        begin = record.written(separator) if record.line == 1 else record.cells[0]
        passed_over = style.passes_over(begin, record.line)
        if header is None:
            head += record.written(separator)
            header = None if blank or passed_over else record
        elif passed_over or (blank and len(header.cells) > 1):
            between += record.written(separator)
        else:
            if between:
                skipped[len(rows)], between = between, ""
            rows.append(record)
    skipped[len(rows)] = between
    while rows and rows[-1].is_empty:
        last = rows.pop()
        between = last.written(separator) + skipped.pop(len(rows) + 1)
        skipped[len(rows)] = skipped.get(len(rows), "") + between
    if header is None:
        raise CleaningError("there is no header")
    if not rows:
        raise CleaningError("there is a header and no row below it")
    names = _names(header, rows, separator)
    ends = []
    for row in rows:
        if len(row.cells) < len(names) or not _is_empty_from(row, len(names)):
            raise CleaningError(_uneven(row, header))
        ends.append("".join(separator + cell for cell in row.cells[len(names) :]) + row.end)
    cells = map(list, zip(*(row.cells[: len(names)] for row in rows), strict=True))
    lines = array("q", (row.line for row in rows))
    return Layout(dict(zip(names, cells, strict=True)), lines, ends, head, skipped)


def _names(header: Record, rows: list[Record], separator: str) -> list[str]:
    """Return the names of the columns: the header's, without empty columns at the end.

    A header that is one cell short, as R writes it, has none for the names of the rows.
    """
    names = [unquoted(cell) for cell in header.cells]
    if _begin_with_names(rows, len(names), separator):
        names.insert(0, "")
    while names and not names[-1] and all(_is_empty_from(row, len(names) - 1) for row in rows):
        names.pop()
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CleaningError(f"the header names {twice[0]!r} twice: rename one of them")
    return names


def _begin_with_names(rows: list[Record], n_names: int, separator: str) -> bool:
    """Whether all rows have one cell more than the header, and that one is a name.

    Between commas a number is none: another number's comma might be a decimal one.
    """
    if any(len(row.cells) != n_names + 1 for row in rows):
        return False
    first = {row.cells[0] for row in rows}
    return (
        len(first) == len(rows)
        and not (separator == "," and any(cell[:1].isdigit() for cell in first))
        and not all(_is_empty_from(row, n_names) for row in rows)
    )


def _is_empty_from(row: Record, position: int) -> bool:
    return len(row.cells) <= position or row._replace(cells=row.cells[position:]).is_empty


def _uneven(row: Record, header: Record) -> str:
    """Say that a row has too few or too many cells, and what may be the reason."""
    said = f"line {row.line} has {len(row.cells)} cells, the header has {len(header.cells)}"
    for begin in ("#", "%", "//"):
        if begin_with := [r for r in (header, row) if r.cells[0].startswith(begin)]:
            return f"{said}: --comment {begin!r} passes over line {begin_with[0].line}"
    if len(row.cells) > len(header.cells):
        said += (
            ": cells that hold the separator need quotes; if the first cell is the name of the "
            "row, begin the header with a separator"
        )
    return said
