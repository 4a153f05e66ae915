"""Where the work of a results folder stands, counted record by record."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.commands.journal import in_hand
from experiments.commands.progress import describe, duration
from experiments.store.records import Record, identity
from experiments.store.rows import without_regressor
from experiments.store.sources import source_of
from experiments.store.store import Store, identity_in

Labels = dict[str, Any]

COLUMNS = ("done", "running", "failed", "skipped", "stale", "damaged", "missing")
#: How far back it is looked how fast the work goes.
_RECENT_SECONDS = 3600.0
#: Pieces in hand that are named.
_MOST_RUNNING = 10


class Standing:
    """Counts scores, what could not be set up, and cells that failed alone.

    Known are the records of a store, or of what an experiment comprises there; what runs or
    listings comprise of which there is none; and what is in hand.
    """

    def __init__(self, store: Store, experiment: str | None) -> None:
        self.counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.n_records = self.n_pieces = self.archived = 0
        self._store, self._now = store, time.time()
        self._failed: list[tuple[str, Labels, str]] = []
        self._failed_scores: set[str] = set()
        self._pace = _Pace(self._now)
        planned, begun = in_hand(store.runs)
        records = store.records()
        if experiment is None:
            for name in store.experiments():
                planned |= store.labels(name) or {}
        elif (labels := store.labels(experiment)) is not None:
            planned = labels
            records = (record for _, record in store.found(experiment, labels))
        else:
            planned, records = {}, iter(store.listed(experiment))
        self._without = {identity_in(path): labels for path, labels in planned.items()}
        self._begun = {
            identity_in(piece.path): piece
            for piece in sorted(begun, key=lambda piece: piece.time)
            if experiment is None or piece.path in planned
        }
        for record in records:
            self._take(record)
        # Counted now that it is known which scores failed with their cells.
        self.failures = [of[1:] for of in self._failed if of[0] not in self._failed_scores]
        for labels, _ in self.failures:
            self._count(labels, "failed")
        self._count_without_record()

    @property
    def is_over(self) -> bool:
        """Whether nothing is missing or in hand."""
        return not (self._without or self._begun)

    def running(self) -> Iterator[str]:
        """What is in hand, the oldest first."""
        pieces = list(self._begun.values())
        for piece in pieces[:_MOST_RUNNING]:
            since = f"started {duration(self._now - piece.time)} ago on {piece.host}"
            yield f"running: {describe(piece.labels)}, {since}"
        if len(pieces) > _MOST_RUNNING:
            yield f"running: and {len(pieces) - _MOST_RUNNING} more"

    def pace(self) -> Iterator[str]:
        """How fast the work goes, and when it is likely to end."""
        due = sum(map(self._pace.expected, self._without.values()))
        for name, piece in self._begun.items():
            if name in self._without:
                elapsed = self._now - piece.time
                due -= min(elapsed, self._pace.expected(piece.labels))
        yield from self._pace.lines(due)

    def _take(self, record: Record) -> None:
        config, labels, name = record["config"], record["labels"], record["identity"]
        self.n_records += 1
        self.archived += record.get("archived", False)
        self._without.pop(name, None)
        begun = self._begun.get(name)
        if begun is not None and _seconds(record["finished"]) >= int(begun.time):
            del self._begun[name]
        # What could not be set up has no denoiser.
        self.counts[_row(labels)]["stale"] += record["source"] != source_of(config)
        if record["status"] == "failed":
            self._failed.append((name, labels, record["reason"]))
            if "regressor" in config:
                self._failed_scores.add(identity(without_regressor(config)))
        elif "regressor" in config or "denoiser" not in config:
            self._count(labels, "done" if record["status"] == "ok" else record["status"])
        if record["status"] == "ok":
            self._pace.take(record)

    def _count_without_record(self) -> None:
        root = self._store.runs / "records"
        for damage in self._store.damage.values():
            file = Path(damage.where)
            if file.is_relative_to(root):
                labels = self._without.pop(identity_in(damage.where), None)
                folder = file.relative_to(root).parts[0]
                self.counts[_row(labels or {"dataset": folder})]["damaged"] += 1
        for piece in self._begun.values():
            self.counts[_row(piece.labels)]["running"] += 1
        for name, labels in self._without.items():
            if "regressor" in labels and name not in self._begun:
                self.counts[_row(labels)]["missing"] += 1

    def _count(self, labels: Labels, status: str) -> None:
        self.counts[_row(labels)][status] += 1
        self.n_pieces += 1


class _Pace:
    """What finished pieces of work say of those to come."""

    def __init__(self, now: float) -> None:
        self._now = now
        # Times in this form are in the order of their texts.
        self._since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - _RECENT_SECONDS))
        self._sums: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0, 0.0])
        self._recent, self._worked, self._begin = Counter[bool](), 0.0, now

    def take(self, record: Record) -> None:
        seconds, labels = sum(record["seconds"].values()), record["labels"]
        known = self._sums[_kind(labels)]
        known[0] += 1
        known[1] += seconds
        if record["finished"] >= self._since:
            self._recent["regressor" in labels] += 1
            self._worked += seconds
            self._begin = min(self._begin, _seconds(record["finished"]) - seconds)

    def expected(self, labels: Labels) -> float:
        """Seconds of a piece: the mean of those like it, or of ever more that are less so."""
        means, kind = self._means, _kind(labels)
        alike = (kind[:length] for length in (3, 2, 1, 0) if kind[:length] in means)
        return means.get(next(alike, kind), 0.0)

    @cached_property
    def _means(self) -> dict[tuple[str, ...], float]:
        """By kind, and by ever less of it."""
        sums: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0, 0.0])
        for kind, (number, seconds) in self._sums.items():
            for length in range(4):
                sums[kind[:length]][0] += number
                sums[kind[:length]][1] += seconds
        return {kind: seconds / number for kind, (number, seconds) in sums.items()}

    def lines(self, due: float) -> Iterator[str]:
        """The pace of the recent past, and what it makes of seconds of work that are due."""
        recent = sum(self._recent.values())
        if recent:
            span = max(self._now - self._begin, 1.0)
            cells, scores = (self._recent[of] * 3600 / span for of in (False, True))
            yield f"{cells:.0f} cells and {scores:.0f} results an hour in the last {duration(span)}"
        if due and recent and self._worked:
            yield f"about {duration(due * span / self._worked)} left"
        elif due:
            yield f"about {duration(due)} of work left, and nothing done within the last hour"


def _row(labels: Labels) -> tuple[str, str]:
    return labels["dataset"], labels.get("denoiser", "-")


def _kind(labels: Labels) -> tuple[str, str, str]:
    """What pieces of work share that take about as long."""
    return labels.get("regressor", ""), labels.get("denoiser", ""), labels["dataset"]


def _seconds(finished: str) -> float:
    return datetime.fromisoformat(finished).timestamp()
