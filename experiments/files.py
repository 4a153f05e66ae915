"""Files that are written whole or not at all, and that are read only where they are files."""

from __future__ import annotations

import json
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_TEMPORARY = ".tmp"
_STALE_SECONDS = 24 * 3600


class StoreError(RuntimeError):
    """The archive cannot be read, or there is no such experiment; the message says what to do."""


class CannotStoreError(BaseException):
    """Nothing can be written any more: the disk is full, or the folder may not be written to.

    Not an `Exception`: like Ctrl-C it ends a run, since whatever is computed from here on is lost.
    """


def no_room(error: OSError) -> str:
    """Say in one sentence that something cannot be written, and what to do."""
    what = error.strerror or str(error) or type(error).__name__
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"cannot write: {what}{where}; what was finished is kept, and the same command "
        "continues once that is mended"
    )


def no_access(error: OSError) -> str:
    """Say in one sentence what cannot be read, and why."""
    where = f" ({error.filename})" if error.filename else ""
    return f"cannot read: {error.strerror or error}{where}"


def read_text(path: Path) -> str:
    """Read a regular file; anything else of that name (a pipe would block) is an OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, encoding="utf-8") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no regular file")
        return file.read()


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically, flushed to the disk; no number may be other than finite."""
    write_bytes(path, json.dumps(content, indent=1, allow_nan=False).encode(), flush=True)


def write_text(path: Path, content: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, content.encode())


def write_bytes(path: Path, content: bytes, flush: bool = False) -> None:
    """Write a file to a temporary name and rename it.

    With `flush` it has reached the disk when it gets its name: it survives a loss of power, for
    which what can be made again need not wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}{_TEMPORARY}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_stale(paths: Iterable[Path]) -> None:
    """Remove those files that are older than a day: what killed processes left behind."""
    now = time.time()
    for path in paths:
        # Another run was faster, or may do it: it is in nobody's way.
        with suppress(OSError):
            if now - path.lstat().st_mtime > _STALE_SECONDS:
                path.unlink()


def temporary_files(folder: Path) -> Iterator[Path]:
    """The unfinished files below a folder."""
    for path, _ in walk(folder):
        if path.name.startswith(".") and path.suffix == _TEMPORARY:
            yield path


def walk(folder: Path) -> Iterator[tuple[Path, OSError | None]]:
    """Everything below a folder but folders, sorted; a folder that cannot be read comes with why.

    One that is not there is empty; what is no folder at all is a NotADirectoryError.
    """
    closed: list[tuple[Path, OSError | None]] = []

    def note(error: OSError) -> None:
        if isinstance(error, NotADirectoryError):
            raise error
        if not isinstance(error, FileNotFoundError):
            closed.append((Path(error.filename), error))

    found: list[Path] = []
    seen: set[str] = set()
    # Folders may lie on another disk; a link back to where it comes from is followed once.
    for root, folders, names in os.walk(folder, onerror=note, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += (Path(root, name) for name in names)
    yield from closed
    yield from ((path, None) for path in sorted(found))
