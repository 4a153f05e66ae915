"""``results/long.csv.gz``: the long table that is in git, from which records are made again.

One row per score and set of labels. Beside the columns of the long table it holds those of
`experiments.store.rows.PROVENANCE`: which named experiments comprise the row, the source that
computed it, and the config whose hash is the record's identity. Its last column is a checksum of
the rest: a row that was changed since it was written is left out.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.files import StoreError
from experiments.store.records import Damage, DamagedError, Record, digest
from experiments.store.rows import CHECKSUM, FIRST, LABELS, PROVENANCE, restore_cell, restore_score
from experiments.words import why_no_name

NAME = "long.csv.gz"
#: Between the names of experiments.
SEPARATOR = "+"
_REQUIRED = (*FIRST, "identity", *PROVENANCE, CHECKSUM)

Row = dict[str, Any]


class Archive:
    """The rows of an archive, parsed when they are asked for.

    Parameters
    ----------
    path
        The file, for messages.
    columns
        Names of the columns.
    lines
        The rows as lines of CSV.

    Attributes
    ----------
    damage
        The rows that are left out, and why.

    Raises
    ------
    StoreError
        If there are rows and all of them are damaged, or a column is missing.
    """

    def __init__(self, path: Path, columns: list[str], lines: list[str]) -> None:
        self.path = path
        self._columns = columns
        self._lines = lines
        self.damage: list[Damage] = []
        self._whole: list[int] = []
        self._statuses: dict[str, str] = {}
        self._scores: dict[str, int] = {}
        self._cells: dict[str, int] = {}
        self._experiments: dict[str, list[int]] = {}
        self._index()

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read an archive, checking every row; one that is not there is empty.

        Raises
        ------
        StoreError
            If the file cannot be read or nothing in it is whole.
        """
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return cls.empty(path)
        except OSError as error:
            raise _damaged(path, error.strerror or str(error)) from error
        return _read(path, found.st_mtime_ns, found.st_size)

    @classmethod
    def empty(cls, path: Path) -> Archive:
        """An archive without rows."""
        return cls(path, list(_REQUIRED), [])

    def __len__(self) -> int:
        """Number of rows that are whole."""
        return len(self._whole)

    @property
    def experiments(self) -> list[str]:
        """Names of the experiments that it holds."""
        return sorted(self._experiments)

    def status(self, name: str) -> str | None:
        """What became of the score or cell of this identity; None if it is not here."""
        return self._statuses.get(name)

    def record(self, name: str) -> Record | None:
        """The record of the score or cell of this identity, or None."""
        if name in self._scores:
            return restore_score(self._row(self._scores[name]))
        return restore_cell(self._row(self._cells[name])) if name in self._cells else None

    def records(self) -> Iterator[Record]:
        """Every record once, a cell before its scores, under the labels of its first row."""
        return self._records(sorted(self._scores.values()))

    def listed(self, experiment: str) -> list[Record]:
        """The records that an experiment comprises, labelled as by it."""
        return list(self._records(self._experiments.get(experiment, ())))

    def rows(self) -> Iterator[dict[str, str]]:
        """Every row as text."""
        return map(self._row, self._whole)

    def _records(self, numbers: Iterable[int]) -> Iterator[Record]:
        told: set[str] = set()
        for number in numbers:
            row = self._row(number)
            if row["cell"] not in told:
                told.add(row["cell"])
                cell = restore_cell(row)
                if cell is not None:
                    yield cell
            yield restore_score(row)

    def _index(self) -> None:
        missing = [name for name in _REQUIRED if name not in self._columns]
        if missing:
            raise _damaged(self.path, f"it lacks the columns {', '.join(missing)}")
        header = _line(self._columns)
        for number, line in enumerate(self._lines):
            try:
                row = self._checked(line, header)
            except DamagedError as error:
                self.damage.append(Damage(f"{self.path}, row {number + 1}", str(error)))
                continue
            self._whole.append(number)
            self._scores.setdefault(row["identity"], number)
            self._statuses.setdefault(row["identity"], row["status"])
            if row["cell_status"]:
                self._cells.setdefault(row["cell"], number)
                self._statuses.setdefault(row["cell"], row["cell_status"])
            for experiment in row["experiments"].split(SEPARATOR):
                self._experiments.setdefault(experiment, []).append(number)
        if self.damage and not self._whole:
            raise _damaged(self.path, f"no row is whole; {self.damage[0].what}")

    def _checked(self, line: str, header: str) -> dict[str, str]:
        """Return a row if it is as it was written, else raise a DamagedError."""
        values = _values(line)
        if len(values) != len(self._columns):
            raise DamagedError(f"it has {len(values)} values instead of {len(self._columns)}")
        row = dict(zip(self._columns, values, strict=True))
        if digest(row["config"]) != row["identity"]:
            raise DamagedError(f"{row['identity']!r} is not the identity of its config")
        if row[CHECKSUM] != _checksum(header, line.rpartition(",")[0]):
            raise DamagedError("it was changed after it was written")
        for name in row["experiments"].split(SEPARATOR):
            if why_not := why_no_name(name):
                raise DamagedError(why_not)
        return row

    def _row(self, number: int) -> dict[str, str]:
        return dict(zip(self._columns, _values(self._lines[number]), strict=True))


def to_bytes(rows: Iterable[Row]) -> bytes:
    """The content of an archive: rows sorted, the same bytes for the same rows."""
    rows = sorted(rows, key=lambda row: [row[name] for name in (*LABELS, "identity")])
    measured = {name for row in rows for name, value in row.items() if _text(value)}
    rest = sorted(measured.difference(_REQUIRED))
    columns = [*FIRST, *rest, "identity", *PROVENANCE]
    header = _line([*columns, CHECKSUM])
    lines = [header]
    for row in rows:
        line = _line([_text(row.get(column)) for column in columns])
        lines.append(f"{line},{_checksum(header, line)}")
    text = "".join(f"{line}\n" for line in lines)
    packed = io.BytesIO()
    # Neither a name nor a time in the header.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text.encode())
    return packed.getvalue()


@lru_cache(maxsize=4)
def _read(path: Path, _modified: int, _size: int) -> Archive:
    """Read a file once, as long as it is the same one."""
    try:
        lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    if lines.pop():
        raise _damaged(path, "its last line is cut off")
    return Archive(path, lines[0].split(",") if lines else [], lines[1:])


def _values(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error as error:
        raise DamagedError(f"no line of CSV: {error}") from error


def _line(values: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _checksum(header: str, line: str) -> str:
    """Of a row without its checksum; what the columns are called counts too."""
    return digest(f"{header}\n{line}")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(
        f"{path}: cannot be read ({what}); restore it with git, or delete it to compute all anew"
    )
