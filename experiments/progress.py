"""Progress over the corruptions of a run, whichever process or machine works on them.

Workers append one line per event to a journal; the process that started the run follows it and
shows a bar with the time left on a terminal, plain lines elsewhere.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

#: Names the journal to the workers; launchers hand the environment on.
VARIABLE = "DENOGRAD_JOURNAL"


def append(event: dict[str, Any]) -> None:
    """Append an event to the journal of this run; without one, do nothing."""
    path = os.environ.get(VARIABLE)
    if path:
        # One short write to a file opened for appending is not interleaved with others.
        with open(path, "a", encoding="utf-8") as journal:
            journal.write(json.dumps(event) + "\n")


@dataclass
class Monitor:
    """Follows a journal and shows it.

    Attributes
    ----------
    journal
        File that workers append to; emptied by `start`.
    total
        Number of corruptions, or None where the sweeper does not say.
    counts
        How many records were "ok", "cached", "failed" and "skipped" so far.
    done, worked
        How many corruptions are finished, and how many of those needed any work.
    missing
        Datasets that were left out because their file is not here.
    """

    journal: Path
    total: int | None
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0
    worked: int = 0
    missing: set[str] = field(default_factory=set)
    _position: int = 0
    _begin: float = field(default_factory=time.monotonic)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _bar: Any = None

    def start(self) -> None:
        """Empty the journal, name it to the workers and follow it in the background."""
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        self.journal.write_text("")
        os.environ[VARIABLE] = str(self.journal)
        if self.stream.isatty():
            self._bar = tqdm(total=self.total, file=self.stream, unit="corruption", leave=False)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Show what is left in the journal and one closing line."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._bar is not None:
            self._bar.close()
        os.environ.pop(VARIABLE, None)
        elapsed = duration(time.monotonic() - self._begin)
        plural = "" if self.done == 1 else "s"
        self._print(f"{self.done} corruption{plural} in {elapsed}: {self.tally()}")

    def tally(self) -> str:
        """The counts as a phrase."""
        names = {
            "ok": "computed",
            "cached": "already there",
            "skipped": "skipped",
            "failed": "failed",
        }
        parts = [f"{self.counts[key]} {name}" for key, name in names.items() if self.counts[key]]
        told = ", ".join(parts) or "nothing to do"
        if self.missing:
            told += f"; left out for want of a file: {', '.join(sorted(self.missing))}"
        return told

    def _follow(self) -> None:
        while not self._stop.wait(0.2):
            self._read()
        self._read()

    def _read(self) -> None:
        with open(self.journal, encoding="utf-8") as journal:
            journal.seek(self._position)
            while (line := journal.readline()).endswith("\n"):
                self._position = journal.tell()
                self._show(json.loads(line))

    def _show(self, event: dict[str, Any]) -> None:
        if event["event"] == "record":
            self.counts[event["status"]] += 1
            if self._bar is not None:
                self._bar.set_postfix_str(event["what"], refresh=True)
            return
        self.done += 1
        self.worked += event["worked"]
        self.counts["failed"] += event["error"] is not None
        if event.get("missing"):
            self.missing.add(event["missing"])
        if self._bar is not None:
            self._bar.update()
        text = event["error"] or f"{event['summary']}, {duration(event['seconds'])}"
        of = f"/{self.total}" if self.total else ""
        self._print(f"[{self.done}{of}] {event['what']}: {text}{self._left()}")

    def _left(self) -> str:
        # Corruptions that needed no work say nothing about those that will.
        if not self.total or not self.worked or self.done >= self.total:
            return ""
        per_corruption = (time.monotonic() - self._begin) / self.worked
        return f"; about {duration(per_corruption * (self.total - self.done))} left"

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=self.stream)
        else:
            print(line, file=self.stream, flush=True)


def describe(labels: dict[str, Any]) -> str:
    """A piece of work in a few words."""
    keys = ("dataset", "protocol", "denoiser", "regressor")
    return " ".join(str(labels[key]) for key in keys if key in labels)


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
