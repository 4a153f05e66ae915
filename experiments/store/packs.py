"""Packs: many records of a folder in one file, a line each, so that folders stay small and fast.

A pack is written once and never added to, so that nothing has to be locked: records are files
until there are many of them, then lines of a new pack that is on the disk before the files are
removed. A file wins over a line. Before its JSON, a line has a digest of the rest, identity and
status, so that what is done is known without parsing; the record was checked when it was packed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from experiments.files import write_bytes
from experiments.store.records import Damage, Record, canonical

_SUFFIX = ".jsonl"
#: A folder with fewer files is left as it is.
LEAST_FILES = 128
#: By folder: the names of its packs, and which of them have an identity. To ask each for every
#: record would take time that grows with the square of their number.
_places: dict[Path, tuple[list[str], dict[str, list[Path]]]] = {}
#: Stands there for the identities that are lost.
_DAMAGED = ""


class Line(NamedTuple):
    """Where a record lies in a pack, and its status."""

    status: str
    start: int
    stop: int


class Pack(NamedTuple):
    """The lines of a pack by identity, and those that are left out."""

    path: Path
    lines: dict[str, Line]
    damage: list[Damage]

    def records(self, *names: str) -> Iterator[Record]:
        """The records of some identities that it has."""
        if not names:
            return
        with self.path.open("rb") as file:
            for name in names:
                line = self.lines[name]
                file.seek(line.start)
                yield json.loads(file.read(line.stop - line.start))


def packs_in(folder: Path) -> list[Pack]:
    """The packs of a folder, each read once as long as it is the same."""
    try:
        found = _names(str(folder), os.stat(folder).st_mtime_ns)
    except OSError:
        # Whoever walks through the folder says so.
        return []
    return [read(folder / name) for name in found]


def packs_with(name: str, folder: Path) -> list[Pack]:
    """The packs of a folder that have an identity, and those with damage."""
    try:
        found = _names(str(folder), os.stat(folder).st_mtime_ns)
    except OSError:
        return []
    if folder not in _places or _places[folder][0] != found:
        places: dict[str, list[Path]] = {}
        for pack in (read(folder / each) for each in found):
            for identity in (*pack.lines, *[_DAMAGED][: len(pack.damage)]):
                places.setdefault(identity, []).append(pack.path)
        _places[folder] = found, places
    _, places = _places[folder]
    return [read(path) for path in {*places.get(name, ()), *places.get(_DAMAGED, ())}]


def read(path: Path) -> Pack:
    """Read a pack."""
    try:
        state = path.stat()
        return _read(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        return Pack(path, {}, [Damage(str(path), error.strerror or str(error))])


def best(name: str, packs: Sequence[Pack]) -> Record | None:
    """The record of an identity, or None; of several one that is ok, or the last."""
    found = [record for pack in packs if name in pack.lines for record in pack.records(name)]
    return max(found, key=lambda r: (r["status"] == "ok", r["finished"]), default=None)


def pack(folder: Path, check: Callable[[Path], Record | None]) -> None:
    """Put the records of a folder into a new pack, if there are many; `check` reads a file.

    Left as files are those that are damaged, and those of corruptions that could not be set up,
    which go away when they can.
    """
    # Whoever writes next to a disk that is full will say so.
    with suppress(OSError):
        files = [file for file in folder.iterdir() if _is_record(file.name)]
        if len(files) < LEAST_FILES:
            return
        lines, packed = [], []
        for file in sorted(files):
            state = file.stat()
            record = check(file)
            if record is not None and "denoiser" in record["config"]:
                lines.append(_line(record))
                packed.append((file, state.st_ino))
        _write(folder, lines)
        for file, number in packed:
            # Another run may have replaced it.
            if file.stat().st_ino == number:
                file.unlink()


def mend(damaged: Pack) -> None:
    """Put what is whole of a damaged pack in its place; one that cannot be read stays."""
    with suppress(OSError):
        content = damaged.path.read_bytes()
        heads = (content.rfind(b"\n", 0, line.start) + 1 for line in damaged.lines.values())
        stops = (line.stop for line in damaged.lines.values())
        _write(damaged.path.parent, [content[a:b] for a, b in zip(heads, stops, strict=True)])
        damaged.path.unlink()


def is_pack(name: str) -> bool:
    """Whether a file is a pack, by its name."""
    return re.fullmatch(rf"[0-9a-f]{{16}}{_SUFFIX}", name) is not None


def _is_record(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def _line(record: Record) -> bytes:
    rest = f"{record['identity']} {record['status']} {canonical(record)}".encode()
    return _digest(rest) + b" " + rest


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:16].encode()


def _write(folder: Path, lines: list[bytes]) -> None:
    """Write a pack; it is on the disk, with its name, before anything else is removed."""
    if not lines:
        return
    content = b"".join(line + b"\n" for line in lines)
    # Packers of the same files write the same pack.
    write_bytes(folder / f"{_digest(content).decode()}{_SUFFIX}", content, flush=True)
    # Clocks of disks are coarse: the folder may look as old as before.
    _names.cache_clear()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1024)
def _names(folder: str, _modified: int) -> list[str]:
    return sorted(filter(is_pack, os.listdir(folder)))


@cache
def _read(path: Path, _modified: int, _size: int) -> Pack:
    found = Pack(path, {}, [])
    stop = -1
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        stop += 1 + len(line)
        digest, _, rest = line.partition(b" ")
        if digest == _digest(rest):
            name, status, _ = rest[:64].decode(errors="replace").split(" ", 2)
            found.lines[name] = Line(status, stop - len(rest) + len(name) + len(status) + 2, stop)
        elif line:
            where = f"{path}, line {number}"
            found.damage.append(Damage(where, "it was changed after it was written"))
    return found
