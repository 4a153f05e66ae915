"""Text tables: cells are kept as they were written."""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from denograd.clean.files.source import CleaningError, Numbers, SourceTable, shortened
from denograd.columns import why_left_alone

SEPARATORS = ",;\t|"
_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "?"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvStyle:
    """How a text table is written.

    Attributes
    ----------
    separator, decimal : str
        Characters between cells and inside numbers.
    encoding : str
        Of the text; "utf-8-sig" is UTF-8 with a byte order mark.
    line_end : str
        Line feed, after a carriage return or not.
    """

    separator: str
    decimal: str
    encoding: str
    line_end: str


@dataclass(frozen=True)
class CsvTable(SourceTable):
    """A text table; its cells are kept as text, so that nothing is rewritten by accident.

    Quotes around cells that do not need them are the one thing that is not kept.
    """

    style: CsvStyle
    columns: dict[str, list[str]]
    lines: array[int]

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
        raw = path.read_bytes()
        if encoding is None:
            encoding = "utf-8-sig" if raw.startswith(_BYTE_ORDER_MARK) else "utf-8"
        try:
            text = raw.decode(encoding)
        except LookupError:
            raise CleaningError(f"there is no encoding {encoding!r}") from None
        except UnicodeError:
            raise CleaningError(
                f"{path} is not {encoding} text: name its encoding, for example --encoding latin-1"
            ) from None
        first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
        if not first:
            raise CleaningError(f"{path} is empty")
        if separator is None:
            counts = Counter(first)
            separator = max(SEPARATORS, key=lambda character: counts[character])
        style = CsvStyle(separator, decimal, encoding, "\r\n" if first.endswith("\r\n") else "\n")
        header, rows, lines = _parse(path, text, separator)
        twice = [name for name, count in Counter(header).items() if count > 1]
        if twice:
            raise CleaningError(
                f"the header of {path} names {twice[0]!r} twice: rename one of them"
            )
        if not rows:
            raise CleaningError(f"{path} has a header and no rows")
        cells = map(list, zip(*rows, strict=True))
        return cls(style, dict(zip(header, cells, strict=True)), lines)

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers."""
        texts = self.columns[name]
        if self.style.decimal != ".":
            # A point would be a separator of thousands, which no number here has.
            texts = [
                text if "." in text else text.replace(self.style.decimal, ".") for text in texts
            ]
            points = [i for i, text in enumerate(self.columns[name]) if "." in text]
        else:
            points = []
        parsed = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
        values = parsed.to_numpy(dtype=np.float64, copy=True)
        values[points] = np.nan
        unreadable = [
            row
            for row in np.flatnonzero(np.isnan(values))
            if texts[row].strip().lower() not in _MISSING
        ]
        whole = all(
            text.strip().lstrip("+-").isdigit() or text.strip().lower() in _MISSING
            for text in texts
        )
        return Numbers(values, np.asarray(unreadable, dtype=int), whole)

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return pd.Series(self.columns[name], name=name)

    def why_left_alone(self, name: str) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        return why_left_alone(pd.Series(self.numbers(name).values, name=name), self.columns[name])

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"line {self.lines[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(self.columns[name][row])

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; cells whose number is the same stay as written."""
        columns = dict(self.columns)
        for name, values in refined.items():
            moved = values != self.numbers(name).values
            cells = list(columns[name])
            for row, value in zip(np.flatnonzero(moved), values[moved].tolist(), strict=True):
                cells[row] = repr(value).replace(".", self.style.decimal)
            columns[name] = cells
        return replace(self, columns=columns)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""
        with path.open("w", newline="", encoding=self.style.encoding) as file:
            writer = csv.writer(
                file, delimiter=self.style.separator, lineterminator=self.style.line_end
            )
            writer.writerow(self.columns)
            writer.writerows(zip(*self.columns.values(), strict=True))


def _parse(path: Path, text: str, separator: str) -> tuple[list[str], list[list[str]], array[int]]:
    """Return header, rows and the line on which each row ends.

    Blank lines are no rows, but in the midst of a single column they are missing values.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines = array("q")
    blank = 0
    try:
        for cells in reader:
            if not header:
                header = cells
                continue
            if not cells:
                blank += 1
                continue
            if len(header) == 1:
                rows.extend([""] for _ in range(blank))
                lines.extend(range(reader.line_num - blank, reader.line_num))
            blank = 0
            if len(cells) != len(header):
                raise CleaningError(
                    f"line {reader.line_num} of {path} has {len(cells)} cells, "
                    f"the header has {len(header)}"
                )
            rows.append(cells)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise CleaningError(f"line {reader.line_num} of {path} cannot be read: {error}") from None
    return header, rows, lines
