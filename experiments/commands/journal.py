"""What the processes of a run tell of their work, for who follows it from elsewhere.

Every run of the command has a journal of its own, of one file per machine: on a network disk,
machines that append to one file overwrite each other's lines. What was begun last stands there with
host and time; nobody waits for it, and where its process has died it simply grows old.
"""

from __future__ import annotations

import errno
import json
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from experiments.files import CannotStoreError, no_room
from experiments.store.listing import Entries

#: Names the journal to the workers; launchers hand the environment on.
VARIABLE = "DENOGRAD_JOURNAL"
SUFFIX = ".jsonl"
_FOLDER = "journals"


class Begun(NamedTuple):
    """A piece of work in hand: where its record will lie, its labels, the host, and since when."""

    path: str
    labels: dict[str, Any]
    host: str
    time: float


def journal_path(runs: Path, run: str) -> Path:
    """Where the journal of a run lies: a file of this name, and those of `parts` beside it."""
    return runs / _FOLDER / f"{run}{SUFFIX}"


def parts(journal: Path) -> list[Path]:
    """The files of a journal."""
    return sorted(journal.parent.glob(f"{journal.stem}*{SUFFIX}"))


def own_part(journal: Path) -> Path:
    """The file of a journal that this machine writes."""
    return journal.with_suffix(f".{platform.node()}{SUFFIX}")


def append(*events: dict[str, Any]) -> None:
    """Append events to the journal of this run; without one, do nothing.

    One that cannot be written ends the run: nobody would hear of what became of the work.
    """
    journal = os.environ.get(VARIABLE)
    if not journal or not events:
        return
    path, process = own_part(Path(journal)), {"process": f"{platform.node()}:{os.getpid()}"}
    lines = "".join(f"{json.dumps(event | process)}\n" for event in events).encode()
    try:
        # One write to a file that is opened for appending is not interleaved with others.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            if os.write(descriptor, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CannotStoreError(no_room(error)) from error


def read_on(path: Path, position: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The events of a file from a position on, each with the position behind it.

    A line that is not there to its end is left for the next time; one that is no event, half a line
    where the disk was full, is passed over.
    """
    # Whoever removed it: what is not heard of counts as such at the end.
    with suppress(FileNotFoundError), open(path, "rb") as file:
        file.seek(position)
        while (line := file.readline()).endswith(b"\n"):
            with suppress(ValueError):
                yield json.loads(line), file.tell()


def in_hand(runs: Path) -> tuple[Entries, list[Begun]]:
    """What the runs comprise whose journals are there, and what each process has begun last."""
    planned: Entries = {}
    begun: dict[tuple[str, str], Begun] = {}
    for file in (runs / _FOLDER).glob(f"*{SUFFIX}"):
        for event, _ in read_on(file, 0):
            process = file.name, event["process"]
            if event["event"] in ("due", "planned"):
                planned |= event["entries"]
            elif event["event"] == "begun":
                host = event["process"].rpartition(":")[0]
                begun[process] = Begun(event["path"], event["labels"], host, event["time"])
            else:
                begun.pop(process, None)
    return planned, list(begun.values())
