"""``results/records.jsonl.gz``: the records that are in git, one line of JSON each.

Beside its fields, a record says there under ``experiments`` which named experiments comprise it and
under which labels. The checksum is over all of the line; one that was changed is left out.
"""

from __future__ import annotations

import gzip
import json
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.files import StoreError
from experiments.store.records import (
    Damage,
    DamagedError,
    Record,
    canonical,
    check_record,
    path_of,
    rounded,
    seal,
)
from experiments.words import why_no_name

NAME = "records.jsonl.gz"
MEMBERSHIP = "experiments"


class Archive:
    """The records of an archive, parsed when they are asked for.

    `damage` are the lines that are left out, and why. Where there are lines and all of them are
    damaged, it is a StoreError that names `path`.
    """

    def __init__(self, path: Path, lines: Iterable[str] = ()) -> None:
        self.path = path
        self.damage: list[Damage] = []
        self._records: dict[str, Record] = {}
        self._members: dict[str, dict[str, dict[str, Any]]] = {}
        for number, line in enumerate(lines, 1):
            try:
                record = _checked(line)
            except (ValueError, RecursionError) as error:
                what = str(error) if isinstance(error, DamagedError) else f"no JSON: {error}"
                self.damage.append(Damage(f"{path}, line {number}", what))
                continue
            for name, labels in record.pop(MEMBERSHIP).items():
                self._members.setdefault(name, {})[record["identity"]] = labels
            self._records[record["identity"]] = record | {"archived": True}
        if self.damage and not self._records:
            raise _unreadable(path, f"no line is whole; {self.damage[0].what}")

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read an archive, checking every record; one that is not there is empty.

        One that cannot be read, or in which nothing is whole, is a StoreError.
        """
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        if not stat.S_ISREG(found.st_mode):
            raise _unreadable(path, "it is no regular file")
        if found.st_size == 0:
            raise _unreadable(path, "it is empty")
        return _read(path, found.st_mtime_ns, found.st_size)

    def __len__(self) -> int:
        """Number of records that are whole."""
        return len(self._records)

    @property
    def experiments(self) -> list[str]:
        """Names of the experiments that it holds."""
        return sorted(self._members)

    def record(self, name: str) -> Record | None:
        """The record of this identity, or None."""
        return self._records.get(name)

    def records(self) -> Iterator[Record]:
        """Every record once, under its own labels."""
        yield from self._records.values()

    def members(self, experiment: str) -> Mapping[str, dict[str, Any]]:
        """Identities of the records that an experiment comprises, with its labels."""
        return self._members.get(experiment, {})

    def listed(self, experiment: str) -> list[Record]:
        """The records that an experiment comprises, labelled as by it."""
        return [
            self._records[name] | {"labels": labels}
            for name, labels in self.members(experiment).items()
        ]


def to_bytes(records: Iterable[Record], members: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The content of an archive: the same bytes for the same records, whatever their order.

    Left out are where tracebacks lie on this machine, and digits beyond those in which processors
    agree. `members` has, for every experiment, the identities that it comprises, with its labels.
    """
    lines = {}
    for record in records:
        name = record["identity"]
        kept = {key: value for key, value in record.items() if key != "archived"}
        if "traceback" in kept:
            kept["traceback"] = ""
        comprising = {key: of[name] for key, of in sorted(members.items()) if name in of}
        lines[path_of(record["config"])] = canonical(seal(rounded(kept) | {MEMBERSHIP: comprising}))
    content = "".join(f"{lines[path]}\n" for path in sorted(lines))
    # Neither a name nor a time in the header.
    return gzip.compress(content.encode(), compresslevel=9, mtime=0)


def _checked(line: str) -> Record:
    record: Any = json.loads(line)
    if not isinstance(record, dict) or not isinstance(record.get(MEMBERSHIP), dict):
        raise DamagedError(f"it holds {line[:20]!r}, not a record of an archive")
    for name in record[MEMBERSHIP]:
        if why_not := why_no_name(name):
            raise DamagedError(why_not)
    return check_record(record, also={MEMBERSHIP: dict})


@lru_cache(maxsize=4)
def _read(path: Path, _modified: int, _size: int) -> Archive:
    """Read a file once, as long as it is the same one."""
    try:
        lines = gzip.decompress(path.read_bytes()).decode(errors="replace").split("\n")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, str(error)) from error
    if lines.pop():
        raise _unreadable(path, "its last line is cut off")
    return Archive(path, lines)


def _unreadable(path: Path, what: str) -> StoreError:
    return StoreError(
        f"{path}: cannot be read ({what}); restore it with git, or delete it to compute all anew"
    )
