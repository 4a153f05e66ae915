"""Text tables: all that is not refined is kept as it was written, byte for byte."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from denograd.cleaning.files.layout import Layout, arranged
from denograd.cleaning.files.numerals import as_numbers, find_decimal
from denograd.cleaning.files.packing import packed, unpacked
from denograd.cleaning.files.records import quoted_like, unquoted
from denograd.cleaning.files.source import CleaningError, Numbers, SourceFile, shortened
from denograd.cleaning.files.style import CsvStyle, decoded, find_separator
from denograd.columns import why_left_alone


@dataclass(frozen=True)
class CsvTable(Layout, SourceFile):
    """A text table: its layout, and how its cells are written.

    Attributes
    ----------
    separator, decimal : str
        Characters between cells and inside numbers.
    encoding : str
        Of the text.
    name : str
        Of the file, or of that inside an archive.
    """

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    name: str = "data.csv"

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows below the header."""
        return len(self.lines)

    @classmethod
    def read(cls, path: Path, style: CsvStyle) -> CsvTable:
        """Read a text table with a header.

        Raises
        ------
        CleaningError
            For a file that is not such a table, naming the line.
        """
        raw, name = unpacked(path)
        text, encoding = decoded(path, raw, style.encoding)
        mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
        if not text.strip():
            raise CleaningError(f"{path} is empty")
        separator = style.separator or find_separator(text, style)
        try:
            layout = vars(arranged(text, separator, style))
            table = cls(**layout, separator=separator, encoding=encoding, name=name)
            texts = {name: table.texts(name) for name in table.names}
            decimal = style.decimal or find_decimal(texts)
        except CleaningError as error:
            raise CleaningError(f"{path}: {error}") from None
        return replace(table, decimal=decimal, head=mark + table.head)

    def texts(self, name: str) -> list[str]:
        """Return what the cells of a column hold."""
        cells = self.columns[name]
        # Most columns hold no quotes, which is soon found out.
        return [unquoted(cell) for cell in cells] if '"' in "".join(cells) else cells

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers."""
        return as_numbers(self.texts(name), self.decimal)

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return pd.Series(self.texts(name), name=name)

    def why_left_alone(self, name: str, numbers: Numbers) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        return why_left_alone(pd.Series(numbers.values, name=name), self.texts(name))

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"line {self.lines[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(unquoted(self.columns[name][row]))

    def take(self, rows: np.ndarray) -> Self:
        """Return a table of some of the rows, in their order."""
        kept = {row: number for number, row in enumerate([*rows.tolist(), self.n_rows])}
        return replace(
            self,
            columns={name: [cells[i] for i in rows] for name, cells in self.columns.items()},
            lines=array("q", (self.lines[i] for i in rows)),
            ends=[self.ends[i] for i in rows],
            skipped={kept[row]: text for row, text in self.skipped.items() if row in kept},
        )

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; cells whose number is the same, or none, stay."""
        columns = dict(self.columns)
        for name, values in refined.items():
            numbers = self.numbers(name)
            moved = (values != numbers.values) & np.isfinite(values)
            cells = list(columns[name])
            for row, value in zip(np.flatnonzero(moved), values[moved].tolist(), strict=True):
                number = int(value) if numbers.whole and value.is_integer() else value
                text = repr(number).replace(".", self.decimal)
                cells[row] = quoted_like(text, cells[row], self.separator)
            columns[name] = cells
        return replace(self, columns=columns)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read, compressed as the path says."""
        text = "".join(self._parts())
        path.write_bytes(packed(text.encode(self.encoding), path, self.name))

    def _parts(self) -> Iterator[str]:
        yield self.head
        for row, cells in enumerate(zip(*self.columns.values(), strict=True)):
            yield self.skipped.get(row, "")
            yield self.separator.join(cells)
            yield self.ends[row]
        yield self.skipped.get(self.n_rows, "")
