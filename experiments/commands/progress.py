"""Progress over the corruptions of a run, whichever process or machine works on them.

The process that was called follows the journal of its run, which the workers of every launcher
write, shows a bar with what failed and the time left on a terminal, plain lines elsewhere, and
keeps the listing of a named experiment.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from experiments.commands.journal import parts, read_on
from experiments.store.listing import Entries, add_to_listing, write_listing

#: Names the process that launches the workers, to those that it starts itself.
PROCESS_VARIABLE = "DENOGRAD_PROCESS"

#: What may become of a score, as people say it.
OUTCOMES = {
    "ok": "computed",
    "cached": "already there",
    "skipped": "skipped",
    "new": "never run and left alone",
    "failed": "failed",
}

#: Failures that a run names at its end.
_MOST_FAILURES = 5
_SECONDS_BETWEEN_LISTINGS = 5.0
#: Without a terminal, a line tells how far it is at least as often.
_SECONDS_BETWEEN_LINES = 60.0
_BAR = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} results{postfix}"
#: A journal of a living run must not look like one that was left behind.
_SECONDS_BETWEEN_TOUCHES = 3600.0


@dataclass
class Monitor:
    """Follows a journal and shows it.

    `total` is None where the sweeper does not say how many corruptions there are, `listing` is None
    for a run without a name; `unit` is "part" where the jobs are parts of corruptions. Of the
    records so far, `counts` says how many were of each of the `OUTCOMES`; of the corruptions that
    are `done`, `worked` needed any work. `missing` are the datasets that were left
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
    _due: int = 0
    _positions: dict[Path, int] = field(default_factory=dict)
    _begin: float = field(default_factory=time.monotonic)
    _listed: float = -_SECONDS_BETWEEN_LISTINGS
    _touched: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)
    _bar: Any = None

    def __post_init__(self) -> None:
        if self.stream.isatty():
            self._bar = tqdm(total=0, file=self.stream, bar_format=_BAR, leave=False)
        else:
            of = "" if self.total is None else f", {self.total} in all"
            self.say(f"a line follows for each {self.unit} as it ends{of}")

    def read(self) -> None:
        """Show what is new in the journal, and list it now and then."""
        for part in parts(self.journal):
            for event, position in read_on(part, self._positions.get(part, 0)):
                self._take(event)
                self._positions[part] = position
        now = time.monotonic()
        if self._bar is not None:
            self._show()
        elif now - self._said > _SECONDS_BETWEEN_LINES:
            self.say(
                f"{self._told} of {self._planned} results{self._failed_so_far()}{self._left()}"
            )
        # What cannot be written now is written at the end, or refused there.
        with suppress(OSError):
            if self._new_entries and now - self._listed > _SECONDS_BETWEEN_LISTINGS:
                self._listed = now
                self._list(complete=False)
            if now - self._touched > _SECONDS_BETWEEN_TOUCHES:
                self._touched = now
                for part in parts(self.journal):
                    os.utime(part)

    def close(self, complete: bool) -> None:
        """Show what is left, one closing line and failures, list all and remove the journal.

        The pieces of a `complete` run, one that reached its end, are the whole listing.
        """
        # A network disk shows the files of others for sure where one beside them goes away.
        self.journal.unlink(missing_ok=True)
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
        for part in parts(self.journal):
            part.unlink(missing_ok=True)

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
        self._said = time.monotonic()
        if self._bar is not None:
            self._bar.write(line, file=self.stream)
        else:
            print(line, file=self.stream, flush=True)

    def _list(self, complete: bool) -> None:
        if self.listing is not None:
            (write_listing if complete else add_to_listing)(self.listing, self._entries)
        self._new_entries = False

    def _take(self, event: dict[str, Any]) -> None:
        kind, process = event["event"], event["process"]
        if kind in ("due", "planned"):
            new = event["entries"].keys() - self._entries.keys()
            self._planned += sum("regressor" in event["entries"][path] for path in new)
            self._entries |= event["entries"]
            self._new_entries |= bool(new)
            if kind == "due":
                self._due += 1
            else:
                self._started.add(process)
        elif kind == "begun":
            self._in_hand[process] = event["what"]
        elif kind == "record":
            self.counts[event["status"]] += 1
            if event["status"] == "failed":
                self.failures.setdefault(event["reason"], event["what"])
        else:
            self._in_hand.pop(process, None)
            self._started.discard(process)
            self._finish(event)

    def _finish(self, event: dict[str, Any]) -> None:
        self.done += 1
        self.worked += event["worked"]
        if not event.get("settled"):
            self._due = max(0, self._due - 1)
        if event["error"] is not None:
            # All parts of a corruption that cannot be set up leave one record.
            record = event.get("record", self.done)
            self.counts["failed"] += record not in self._failed
            self._failed.add(record)
            self.failures.setdefault(event["error"], event["what"])
        if event.get("missing"):
            self.missing.add(event["missing"])
        text = event["error"] or f"{event['summary']}, {duration(event['seconds'])}"
        of = f"/{self.total}" if self.total else ""
        self.say(f"[{self.done}{of}] {event['what']}: {text}{self._left()}")

    def _show(self) -> None:
        """Redraw the bar."""
        of = "" if self.total is None else f"/{self.total}"
        self._bar.set_description_str(f"{self.done}{of} {self.unit}s", refresh=False)
        self._bar.total, self._bar.n = max(self._planned, self._told), self._told
        at = f"; {self.in_hand()}" if self._in_hand else ""
        self._bar.set_postfix_str(f"{self._failed_so_far()}{self._left()}{at}"[2:], refresh=False)
        self._bar.refresh()

    @property
    def _told(self) -> int:
        """Of how many results it is known what became of them."""
        return sum(self.counts.values())

    def _failed_so_far(self) -> str:
        return f", {self.counts['failed']} failed" if self.counts["failed"] else ""

    def _left(self) -> str:
        """The time that is left, by the scores that were computed and those that are still due.

        Of a corruption that nobody has planned yet, others tell how many it has.
        """
        computed = self.counts["ok"] + self.counts["failed"]
        if not self.total or not computed or self.done >= self.total:
            return ""
        due: float = max(0, self._planned - self._told)
        planned = max(self._due, len(self._started))
        if unplanned := self.total - self.done - planned:
            # Corruptions that needed no work say nothing about those that will.
            if not self.worked:
                return ""
            due += unplanned * (computed + due) / (self.worked + planned)
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
