"""Tables as files: what is not refined comes back as it was written, and files appear whole."""

from __future__ import annotations

import csv
import importlib
import io
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

SEPARATORS = ",;\t|"
PARQUET = frozenset({".parquet", ".pq"})
_FOREIGN = {
    ".xlsx": "a spreadsheet: save it as CSV",
    ".xls": "a spreadsheet: save it as CSV",
    ".ods": "a spreadsheet: save it as CSV",
    ".gz": "compressed: unpack it",
    ".zip": "compressed: unpack it",
}
_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "?"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CleaningError(ValueError):
    """What stands in the way of cleaning, in one sentence that says what to do."""


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes
    ----------
    values : ndarray of float64
        NaN where there is no number.
    unreadable : ndarray of int
        Rows that hold something which is neither a number nor a missing value.
    whole : bool
        Whether every number is written as an integer.
    """

    values: np.ndarray
    unreadable: np.ndarray
    whole: bool

    @property
    def missing(self) -> np.ndarray:
        """Rows without a finite number that are not unreadable."""
        return np.setdiff1d(np.flatnonzero(~np.isfinite(self.values)), self.unreadable)


class SourceTable(ABC):
    """A table as it stands in its file."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows."""

    @abstractmethod
    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers."""

    @abstractmethod
    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are, to label rows with."""

    @abstractmethod
    def place(self, row: int) -> str:
        """Say where in the file a row is."""

    @abstractmethod
    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""

    @abstractmethod
    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; cells whose number is the same stay as written."""

    @abstractmethod
    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""


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
        whole = all(text.strip().lstrip("+-").isdigit() for text in texts)
        return Numbers(values, np.asarray(unreadable, dtype=int), whole)

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return pd.Series(self.columns[name], name=name)

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"line {self.lines[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return _shortened(self.columns[name][row])

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


@dataclass(frozen=True)
class ParquetTable(SourceTable):
    """A Parquet table; columns keep their types, index and metadata of pandas included."""

    frame: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return [str(name) for name in self.frame.columns]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @classmethod
    def read(cls, path: Path) -> ParquetTable:
        """Read a Parquet file.

        Raises
        ------
        CleaningError
            When pyarrow is missing, or the file cannot be read.
        """
        require_pyarrow()
        try:
            frame = pd.read_parquet(path, engine="pyarrow")
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise CleaningError(f"{path} cannot be read as Parquet: {reason}") from None
        if not len(frame):
            raise CleaningError(f"{path} has no rows")
        return cls(frame)

    def _column(self, name: str) -> pd.Series:
        return self.frame.iloc[:, self.names.index(name)]

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers; only columns of a numeric type, not boolean, have any."""
        column = self._column(name)
        kinds = pd.api.types
        if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column):
            filled = np.flatnonzero(column.notna().to_numpy())
            return Numbers(np.full(len(column), np.nan), filled, whole=False)
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return Numbers(values, np.empty(0, dtype=int), kinds.is_integer_dtype(column))

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return self._column(name).reset_index(drop=True)

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"row {row + 1}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return _shortened(str(self._column(name).iloc[row]))

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers: floats keep their type, integers become floats."""
        columns = []
        for position, name in enumerate(self.names):
            column = self.frame.iloc[:, position]
            values = refined.get(name)
            if values is not None and np.any(values != self.numbers(name).values):
                dtype = column.dtype if pd.api.types.is_float_dtype(column) else np.float64
                column = pd.Series(values, index=column.index, name=column.name).astype(dtype)
            columns.append(column)
        frame = pd.concat(columns, axis=1)
        frame.columns = self.frame.columns
        frame.attrs = dict(self.frame.attrs)
        return replace(self, frame=frame)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""
        self.frame.to_parquet(path, engine="pyarrow")


def read_table(
    path: Path, separator: str | None = None, decimal: str = ".", encoding: str | None = None
) -> SourceTable:
    """Read a table: Parquet by its suffix, else text with a header.

    Parameters
    ----------
    path : Path
        The file.
    separator : str or None
        Of a text table; None finds it in the header.
    decimal : str
        Character inside the numbers of a text table.
    encoding : str or None
        Of a text table; None stands for UTF-8.

    Raises
    ------
    CleaningError
        When there is no such file, or it is not a table.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise CleaningError(f"there is no file {path}")
    if not path.is_file():
        raise CleaningError(f"{path} is not a file")
    if suffix in _FOREIGN:
        raise CleaningError(f"{path} is {_FOREIGN[suffix]} first")
    if suffix in PARQUET:
        return ParquetTable.read(path)
    return CsvTable.read(path, separator, decimal, encoding)


def require_pyarrow() -> None:
    """Raise a CleaningError that says how to install pyarrow, where it is not."""
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise CleaningError(
            "Parquet files need pyarrow: pip install 'denograd-repro[parquet]', or give a CSV file"
        ) from None


def check_outputs(source: Path, outputs: Sequence[Path], *, force: bool) -> None:
    """Refuse outputs that cannot be written, or would cost something that is there.

    Parameters
    ----------
    source : Path
        The file that is read; it is never an output, whatever its other names.
    outputs : sequence of Path
        Files that are to be written.
    force : bool
        Whether existing files may be replaced.

    Raises
    ------
    CleaningError
        Naming the file.
    """
    seen: set[Path] = set()
    for path in outputs:
        resolved = path.resolve()
        if resolved == source.resolve() or (path.exists() and path.samefile(source)):
            raise CleaningError(f"{path} is the file that is read: name another one to write to")
        if resolved in seen:
            raise CleaningError(f"two of the results would be written to {path}")
        seen.add(resolved)
        if path.exists() and not path.is_file():
            raise CleaningError(f"{path} is not a file that could be replaced")
        if path.exists() and not force:
            raise CleaningError(f"{path} exists: name another file, or replace it with --force")
        if not resolved.parent.is_dir():
            raise CleaningError(f"there is no folder {path.parent} to write {path.name} to")
        if not os.access(resolved.parent, os.W_OK):
            raise CleaningError(f"the folder {path.parent} of {path.name} is not writable")


@contextmanager
def written_together(source: Path, outputs: Sequence[Path], *, force: bool) -> Iterator[list[Path]]:
    """Hand out temporary files that become the outputs when the block ends, or vanish.

    Parameters
    ----------
    source : Path
        The file that is read; outputs can be read by those who can read it.
    outputs : sequence of Path
        Files to write.
    force : bool
        Whether existing files may be replaced.

    Yields
    ------
    list of Path
        A file to write to for each output, in its folder.
    """
    temporaries: list[Path] = []
    try:
        for path in outputs:
            folder, suffix = path.resolve().parent, path.suffix
            handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.stem}.", suffix=suffix)
            temporaries.append(Path(name))
            os.close(handle)
        yield temporaries
        for temporary in temporaries:
            shutil.copymode(source, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        check_outputs(source, outputs, force=force)
        for temporary, path in zip(temporaries, outputs, strict=True):
            os.replace(temporary, path.resolve())
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


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


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 30 else f"{text[:29]}…")
