"""Text tables: all that is not refined is kept as it was written, byte for byte."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from denograd.clean.files.records import Record, quoted_like, records, unquoted
from denograd.clean.files.source import CleaningError, Numbers, SourceTable, shortened
from denograd.columns import why_left_alone

SEPARATORS = ",;\t|"
_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "?"})
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class CsvStyle:
    """How a text table is written.

    Attributes
    ----------
    separator, decimal : str
        Characters between cells and inside numbers.
    encoding : str
        Of the text.
    """

    separator: str
    decimal: str = "."
    encoding: str = "utf-8"


@dataclass(frozen=True)
class CsvTable(SourceTable):
    """A text table.

    Attributes
    ----------
    style : CsvStyle
        How it is written.
    columns : dict
        The cells of every column as they are written, quotes included.
    lines : array of int
        The line on which each row begins.
    ends : sequence of str
        What follows the last cell of each row.
    head : str
        All that stands before the first row.
    skipped : dict
        Blank lines that stand before a row, by its number.
    """

    style: CsvStyle
    columns: dict[str, list[str]]
    lines: array[int]
    ends: Sequence[str] = ()
    head: str = ""
    skipped: Mapping[int, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows below the header."""
        return len(self.lines)

    @classmethod
    def read(
        cls, path: Path, separator: str | None, decimal: str, encoding: str | None
    ) -> CsvTable:
        """Read a text table with a header.

        Parameters
        ----------
        path : Path
            The file.
        separator : str or None
            None finds it in the header.
        decimal : str
            Character inside numbers.
        encoding : str or None
            None stands for UTF-8, with or without byte order mark.

        Raises
        ------
        CleaningError
            For a file that is not such a table, naming the line.
        """
        encoding = encoding or "utf-8"
        try:
            text = path.read_bytes().decode(encoding)
        except LookupError:
            raise CleaningError(f"there is no encoding {encoding!r}") from None
        except UnicodeError:
            raise CleaningError(
                f"{path} is not {encoding} text: name its encoding, for example --encoding latin-1"
            ) from None
        mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
        text = text.removeprefix(mark)
        first = next((line for line in text.splitlines() if line.strip()), None)
        if first is None:
            raise CleaningError(f"{path} is empty")
        if separator is None:
            separator = max(SEPARATORS, key=first.count)
        try:
            table = _parsed(text, CsvStyle(separator, decimal, encoding))
        except CleaningError as error:
            raise CleaningError(f"{path}: {error}") from None
        return replace(table, head=mark + table.head)

    def _texts(self, name: str) -> list[str]:
        cells = self.columns[name]
        # Most columns hold no quotes, which is soon found out.
        return [unquoted(cell) for cell in cells] if '"' in "".join(cells) else cells

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers."""
        texts = cells = self._texts(name)
        points = []
        if self.style.decimal != ".":
            # A point would be a separator of thousands, which no number here has.
            points = [row for row, text in enumerate(cells) if "." in text]
            texts = [text.replace(self.style.decimal, ".") for text in cells]
        parsed = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
        values = parsed.to_numpy(dtype=np.float64, copy=True)
        values[points] = np.nan
        unreadable = [
            row
            for row in np.flatnonzero(np.isnan(values))
            if texts[row].strip().lower() not in _MISSING
        ]
        whole = all(_WHOLE.fullmatch(text) or text.strip().lower() in _MISSING for text in texts)
        return Numbers(values, np.asarray(unreadable, dtype=int), whole)

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return pd.Series(self._texts(name), name=name)

    def why_left_alone(self, name: str, numbers: Numbers) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        return why_left_alone(pd.Series(numbers.values, name=name), self._texts(name))

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"line {self.lines[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(unquoted(self.columns[name][row]))

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; cells whose number is the same stay as written."""
        separator, decimal = self.style.separator, self.style.decimal
        columns = dict(self.columns)
        for name, values in refined.items():
            moved = (values != self.numbers(name).values) & np.isfinite(values)
            cells = list(columns[name])
            for row, value in zip(np.flatnonzero(moved), values[moved].tolist(), strict=True):
                cells[row] = quoted_like(repr(value).replace(".", decimal), cells[row], separator)
            columns[name] = cells
        return replace(self, columns=columns)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""
        path.write_bytes("".join(self._parts()).encode(self.style.encoding))

    def _parts(self) -> Iterator[str]:
        yield self.head
        for row, cells in enumerate(zip(*self.columns.values(), strict=True)):
            yield self.skipped.get(row, "")
            yield self.style.separator.join(cells)
            yield self.ends[row]
        yield self.skipped.get(self.n_rows, "")


def _parsed(text: str, style: CsvStyle) -> CsvTable:
    """Divide a text into what makes up a table.

    Blank lines are no rows, but in the midst of a single column they are missing values.
    """
    header: Record | None = None
    rows: list[Record] = []
    skipped: dict[int, str] = {}
    head = between = ""
    for record in records(text, style.separator):
        written = style.separator.join(record.cells) + record.end
        blank = len(record.cells) == 1 and record.is_empty
        if header is None:
            head += written
            header = None if blank else record
        elif blank and len(header.cells) > 1:
            between += written
        else:
            if between:
                skipped[len(rows)], between = between, ""
            rows.append(record)
    while rows and len(rows[-1].cells) == 1 and rows[-1].is_empty:
        between = style.separator.join(rows[-1].cells) + rows.pop().end + between
    skipped[len(rows)] = between
    assert header is not None
    names = [unquoted(cell) for cell in header.cells]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CleaningError(f"the header names {twice[0]!r} twice: rename one of them")
    if not rows:
        raise CleaningError("there is a header and no row below it")
    for row in rows:
        if len(row.cells) != len(names):
            raise CleaningError(
                f"line {row.line} has {len(row.cells)} cells, the header has {len(names)}"
            )
    cells = map(list, zip(*(row.cells for row in rows), strict=True))
    columns = dict(zip(names, cells, strict=True))
    lines = array("q", (row.line for row in rows))
    return CsvTable(style, columns, lines, [row.end for row in rows], head, skipped)
