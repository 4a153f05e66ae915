"""Progress over the corruptions of a run, whichever process or machine works on them.

Every run of the command has a journal of its own. Workers append one line per event to it; the
process that was called follows it, shows a bar with the time left on a terminal, plain lines
elsewhere, and keeps the listing of a named experiment.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from experiments.files import CannotStoreError, no_room
from experiments.store.listing import Entries, add_to_listing, write_listing

#: Names the journal to the workers; launchers hand the environment on.
VARIABLE = "DENOGRAD_JOURNAL"
#: Names the process that launches the workers, to those that it starts itself.
PROCESS_VARIABLE = "DENOGRAD_PROCESS"

#: What may become of a score, as people say it.
OUTCOMES = {"ok": "computed", "cached": "already there", "skipped": "skipped", "failed": "failed"}

#: Failures that a run names at its end.
_MOST_FAILURES = 5
_SECONDS_BETWEEN_LISTINGS = 5.0
#: A journal of a living run must not look like one that was left behind.
_SECONDS_BETWEEN_TOUCHES = 3600.0


def append(*events: dict[str, Any]) -> None:
    """Append events to the journal of this run; without one, do nothing.

    One that cannot be written ends the run: nobody would hear of what became of the work.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    process = {"process": f"{platform.node()}:{os.getpid()}"}
    lines = "".join(f"{json.dumps(event | process)}\n" for event in events).encode()
    try:
        # One write to a file that is opened for appending is not interleaved with others.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            if os.write(descriptor, lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CannotStoreError(no_room(error)) from error


@dataclass
class Monitor:
    """Follows a journal and shows it.

    `total` is None where the sweeper does not say how many corruptions there are, `listing` is None
    for a run without a name; `unit` is "part" where the jobs are parts of corruptions. Of the
    records so far, `counts` says how many were "ok", "cached", "failed" and "skipped"; of the
    corruptions that are `done`, `worked` needed any work. `missing` are the datasets that were left
    out because their file is not here, `failures` the reasons for failures, each with the first
    piece of work that it befell.
    """

    journal: Path
    total: int | None
    listing: Path | None = None
    unit: str = "corruption"
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0
    worked: int = 0
    missing: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    _entries: Entries = field(default_factory=dict)
    _new_entries: bool = False
    _in_hand: dict[str, str] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)
    _failed: set[Any] = field(default_factory=set)
    _planned: int = 0
    _position: int = 0
    _begin: float = field(default_factory=time.monotonic)
    _listed: float = field(default_factory=time.monotonic)
    _touched: float = field(default_factory=time.monotonic)
    _bar: Any = None

    def __post_init__(self) -> None:
        if self.stream.isatty():
            self._bar = tqdm(total=self.total, file=self.stream, unit=self.unit, leave=False)
        else:
            of = "" if self.total is None else f", {self.total} in all"
            self.say(f"a line follows for each {self.unit} as it ends{of}")

    def read(self) -> None:
        """Show what is new in the journal, and list it now and then."""
        for line in self._lines():
            # Half a line, where the disk was full, is followed by the end of the run.
            with suppress(ValueError):
                self._take(json.loads(line))
        now = time.monotonic()
        # What cannot be written now is written at the end, or refused there.
        with suppress(OSError):
            if self._new_entries and now - self._listed > _SECONDS_BETWEEN_LISTINGS:
                self._listed = now
                self._list(complete=False)
            if now - self._touched > _SECONDS_BETWEEN_TOUCHES:
                self._touched = now
                os.utime(self.journal)

    def close(self, complete: bool) -> None:
        """Show what is left, one closing line and failures, list all and remove the journal.

        The pieces of a `complete` run, one that reached its end, are the whole listing.
        """
        self.read()
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elapsed = duration(time.monotonic() - self._begin)
        plural = "" if self.done == 1 else "s"
        self.say(f"{self.done} {self.unit}{plural} in {elapsed}: {self.tally()}")
        named = list(self.failures.items())[:_MOST_FAILURES]
        for reason, what in named:
            self.say(f"failed: {what}: {reason}")
        if (more := self.counts["failed"] - len(named)) > 0:
            self.say(f"failed: and {more} more")
        if self._entries:
            self._list(complete and not self.unheard)
        self.journal.unlink(missing_ok=True)

    @property
    def unheard(self) -> int:
        """How many corruptions have not told of their end."""
        return 0 if self.total is None else max(0, self.total - self.done)

    def in_hand(self) -> str:
        """What the workers were last heard to work on; empty if nothing."""
        return ", ".join(sorted(set(self._in_hand.values()))[:4])

    def tally(self) -> str:
        """The counts as a phrase."""
        told = counted(self.counts, OUTCOMES) or "nothing to do"
        if self.missing:
            told += f"; left out for want of a file: {', '.join(sorted(self.missing))}"
        return told

    def say(self, line: str) -> None:
        """Show a line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.write(line, file=self.stream)
        else:
            print(line, file=self.stream, flush=True)

    def _lines(self) -> Iterator[bytes]:
        """Whole lines that have come since the last call."""
        # Whoever removed it: what is not heard of counts as such at the end.
        with suppress(FileNotFoundError), open(self.journal, "rb") as journal:
            journal.seek(self._position)
            while (line := journal.readline()).endswith(b"\n"):
                self._position = journal.tell()
                yield line

    def _list(self, complete: bool) -> None:
        if self.listing is not None:
            (write_listing if complete else add_to_listing)(self.listing, self._entries)
        self._new_entries = False

    def _take(self, event: dict[str, Any]) -> None:
        kind, process = event["event"], event["process"]
        if kind == "planned":
            self._entries |= event["entries"]
            self._new_entries = True
            self._started.add(process)
            self._planned += sum("regressor" in labels for labels in event["entries"].values())
        elif kind == "begun":
            self._in_hand[process] = event["what"]
        elif kind == "record":
            self.counts[event["status"]] += 1
            if event["status"] == "failed":
                self.failures.setdefault(event["reason"], event["what"])
            if self._bar is not None:
                self._bar.set_postfix_str(event["what"], refresh=True)
        else:
            self._in_hand.pop(process, None)
            self._started.discard(process)
            self._finish(event)

    def _finish(self, event: dict[str, Any]) -> None:
        self.done += 1
        self.worked += event["worked"]
        if event["error"] is not None:
            # All parts of a corruption that cannot be set up leave one record.
            record = event.get("record", self.done)
            self.counts["failed"] += record not in self._failed
            self._failed.add(record)
            self.failures.setdefault(event["error"], event["what"])
        if event.get("missing"):
            self.missing.add(event["missing"])
        if self._bar is not None:
            self._bar.update()
        text = event["error"] or f"{event['summary']}, {duration(event['seconds'])}"
        of = f"/{self.total}" if self.total else ""
        self.say(f"[{self.done}{of}] {event['what']}: {text}{self._left()}")

    def _left(self) -> str:
        """The time that is left, by the scores that were computed and those that are still due.

        What others have in hand is done in part: corruptions alone would count it as not begun.
        """
        computed = self.counts["ok"] + self.counts["failed"]
        # Corruptions that needed no work say nothing about those that will.
        if not self.total or not self.worked or not computed or self.done >= self.total:
            return ""
        told = computed + self.counts["cached"] + self.counts["skipped"]
        in_hand = max(0, self._planned - told)
        each = (computed + in_hand) / (self.worked + len(self._started))
        due = in_hand + each * (self.total - self.done - len(self._started))
        seconds = (time.monotonic() - self._begin) * due / computed
        return f"; about {duration(seconds)} left"


def describe(labels: dict[str, Any]) -> str:
    """A piece of work in a few words."""
    keys = ("dataset", "protocol", "denoiser", "regressor")
    return " ".join(str(labels[key]) for key in keys if key in labels)


def counted(counts: Counter[str], names: dict[str, str]) -> str:
    """How many there are of each outcome, but for those that there are none of."""
    return ", ".join(f"{counts[key]} {name}" for key, name in names.items() if counts[key])


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
