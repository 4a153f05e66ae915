"""``results/long.csv.gz``: the long table that is in git, from which records are made again.

One row per score and set of labels. Beside the columns of the long table it holds, as
`experiments.rows.PROVENANCE`, which named experiments comprise the row, the source that computed
it, and the config whose hash is the record's identity.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from experiments.cell import digest
from experiments.records import Record, StoreError
from experiments.rows import FIRST, LABELS, PROVENANCE, restore_cell, restore_score

NAME = "long.csv.gz"
#: Between the names of experiments.
SEPARATOR = "+"
_REQUIRED = (*FIRST, "identity", *PROVENANCE)
_INDEXED = ("identity", "status", "cell", "cell_status", "experiments", "config")

Row = dict[str, Any]
_Made = TypeVar("_Made")


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

    Raises
    ------
    StoreError
        If a row is damaged: it has too few or too many values, or its identity is not the hash of
        its config.
    """

    def __init__(self, path: Path, columns: list[str], lines: list[str]) -> None:
        self.path = path
        self._columns = columns
        self._lines = lines
        self._statuses: dict[str, str] = {}
        self._scores: dict[str, int] = {}
        self._cells: dict[str, int] = {}
        self._experiments: dict[str, list[int]] = {}
        self._index()

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read an archive, checking every identity; one that is not there is empty.

        Raises
        ------
        StoreError
            If the file cannot be read or is damaged; the message names the row.
        """
        try:
            found = path.stat()
        except FileNotFoundError:
            return cls(path, list(_REQUIRED), [])
        return _read(path, found.st_mtime_ns, found.st_size)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._lines)

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
            return self._made(restore_score, self._scores[name])
        return self._made(restore_cell, self._cells[name]) if name in self._cells else None

    def records(self) -> Iterator[Record]:
        """Every record once, a cell before its scores, under the labels of its first row."""
        return self._records(sorted(self._scores.values()))

    def listed(self, experiment: str) -> list[Record]:
        """The records that an experiment comprises, labelled as by it."""
        return list(self._records(self._experiments.get(experiment, ())))

    def rows(self) -> Iterator[dict[str, str]]:
        """Every row as text."""
        return map(self._row, range(len(self)))

    def _records(self, numbers: Iterable[int]) -> Iterator[Record]:
        told: set[str] = set()
        for number in numbers:
            row = self._row(number)
            if row["cell"] not in told:
                told.add(row["cell"])
                cell = self._made(restore_cell, number, row)
                if cell is not None:
                    yield cell
            yield self._made(restore_score, number, row)

    def _index(self) -> None:
        missing = [name for name in _REQUIRED if name not in self._columns]
        if missing:
            raise _damaged(self.path, f"it lacks the columns {', '.join(missing)}")
        width = len(self._columns)
        places = [self._columns.index(name) for name in _INDEXED]
        for number, line in enumerate(self._lines):
            values = _values(line)
            if len(values) != width:
                found = f"{len(values)} values instead of {width}"
                raise _damaged(self.path, f"row {number + 1} has {found}")
            name, status, cell, cell_status, experiments, config = (values[i] for i in places)
            if digest(config) != name:
                what = f"row {number + 1}: {name!r} is not the identity of its config"
                raise _damaged(self.path, what)
            self._scores.setdefault(name, number)
            self._statuses.setdefault(name, status)
            if cell_status:
                self._cells.setdefault(cell, number)
                self._statuses.setdefault(cell, cell_status)
            for experiment in experiments.split(SEPARATOR):
                self._experiments.setdefault(experiment, []).append(number)

    def _row(self, number: int) -> dict[str, str]:
        return dict(zip(self._columns, _values(self._lines[number]), strict=True))

    def _made(self, restore: Callable[[Row], _Made], number: int, row: Row | None = None) -> _Made:
        """What is restored from a row, or a StoreError that names it."""
        try:
            return restore(self._row(number) if row is None else row)
        except (KeyError, ValueError) as error:
            what = f"row {number + 1}: {type(error).__name__}: {error}"
            raise _damaged(self.path, what) from error


def to_bytes(rows: Iterable[Row]) -> bytes:
    """The content of an archive: rows sorted, the same bytes for the same rows."""
    rows = sorted(rows, key=lambda row: [row[name] for name in (*LABELS, "identity")])
    measured = {name for row in rows for name, value in row.items() if _text(value)}
    rest = sorted(measured.difference(_REQUIRED))
    columns = [*FIRST, *rest, "identity", *PROVENANCE]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row.get(column)) for column in columns] for row in rows)
    packed = io.BytesIO()
    # Neither a name nor a time in the header.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text.getvalue().encode())
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
    return Archive(path, _values(lines[0]) if lines else [], lines[1:])


def _values(line: str) -> list[str]:
    return next(csv.reader([line]))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(
        f"{path}: cannot be read ({what}); restore it with git, or delete it to compute all anew"
    )
