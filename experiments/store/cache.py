"""What was computed and may be needed again: bounded in size, and safe to delete at any time.

Nothing here is a result: what is missing, damaged or cannot be written is computed anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.files import write_bytes
from experiments.store.environment import computing
from experiments.store.records import canonical, digest
from experiments.store.sources import source_of

try:
    import fcntl
except ImportError:  # not Unix: two processes may compute the same, and the first is kept
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

GIGABYTE = 10**9
_FACTS = "facts"
_DIGEST_SIZE = 32
#: What this module writes, unfinished files included: whatever else lies there stays.
_NAME = re.compile(r"[0-9a-f]{16}\.npz|\.[0-9a-f]{16}\.tmp")


class BusyError(RuntimeError):
    """Another process is computing it."""


class Kept(NamedTuple):
    """Arrays, and facts that JSON can hold."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Cache:
    """Files in a folder, those used least recently removed when they take more than `limit` bytes.

    Every file begins with a checksum of the rest. A limit of 0 keeps nothing.
    """

    folder: Path
    limit: float

    def obtain(
        self, config: Mapping[str, Any], device: str | None, compute: Callable[[], Kept], wait: bool
    ) -> tuple[Kept, bool]:
        """Find what a config stands for, or compute and keep it; and whether it was found.

        It is found only where the present source, on such a machine, would compute the same bits.
        While another process computes it, this one waits, or raises a BusyError.
        """
        if not self.limit:
            return compute(), False
        key = {"config": config, "source": source_of(dict(config)), "device": device}
        path = self.folder / f"{digest(canonical(key | computing()))}.npz"
        found = _read(path)
        if found is None:
            with _locked(path.with_suffix(".lock"), wait):
                # Whoever was faster has left it.
                found = _read(path)
                if found is None:
                    kept = compute()
                    self._write(path, kept)
                    return kept, False
        return found, True

    def _write(self, path: Path, kept: Kept) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **kept.arrays, **{_FACTS: np.array(json.dumps(kept.facts))})  # type: ignore[arg-type]
        content = buffer.getvalue()
        try:
            write_bytes(path, _checksum(content) + content)
            self._trim()
        except FileNotFoundError:
            # Another process removes files at this moment.
            pass
        except OSError as error:
            log.warning("not kept for later: %s", error)

    def _trim(self) -> None:
        with os.scandir(self.folder) as entries:
            own = [entry for entry in entries if _NAME.fullmatch(entry.name)]
        files = [(e.stat().st_mtime_ns, e.stat().st_size, e.path) for e in own]
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            Path(path).unlink(missing_ok=True)
            total -= size


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_SIZE).digest()


def _read(path: Path) -> Kept | None:
    """What a file holds; None where there is none, or a damaged one."""
    try:
        content = path.read_bytes()
        if content[:_DIGEST_SIZE] != _checksum(content[_DIGEST_SIZE:]):
            raise ValueError("it was changed after it was written")
        with np.load(io.BytesIO(content[_DIGEST_SIZE:]), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop(_FACTS)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("%s: computed anew: %s", path, error)
        return None
    with suppress(OSError):
        os.utime(path)
    return Kept(arrays, facts)


@contextmanager
def _locked(path: Path, wait: bool) -> Iterator[None]:
    """Hold a lock that the system releases when this process dies; do without on some disks."""
    descriptor = _lock(path, wait)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _lock(path: Path, wait: bool) -> int | None:
    descriptor = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        assert descriptor is not None
        os.close(descriptor)
        raise BusyError(path.stem) from error
    except OSError:
        # A disk without locks: both compute it.
        pass
    return descriptor
