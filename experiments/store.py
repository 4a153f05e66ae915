"""Where records lie: a small JSON file per finished piece of work, or a row of the archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.archive_file import NAME, Archive
from experiments.cell import Key
from experiments.records import Record, StoreError, read_json, write_json

Labels = dict[str, Any]


@dataclass(frozen=True)
class Store:
    """The records of a results folder: files below ``runs``, and the archive beside it.

    A file wins over a row of the archive with the same identity.

    Attributes
    ----------
    results
        The results folder; created when the first record is written.
    """

    results: Path

    @property
    def runs(self) -> Path:
        """Where everything that is not published lies."""
        return self.results / "runs"

    @property
    def archive(self) -> Archive:
        """The records that are in git."""
        return Archive.read(self.results / NAME)

    def read(self, key: Key) -> Record | None:
        """The record of a key, or None."""
        return self.find(key.path)

    def find(self, path: str) -> Record | None:
        """The record that lies, or would lie, at a path as `Key.path` has it, or None."""
        return self.read_file(path) or self.archive.record(identity_in(path))

    def read_file(self, path: str) -> Record | None:
        """The record file at such a path, or None."""
        file = self.runs / "records" / path
        return read_json(file) if file.exists() else None

    def status(self, key: Key) -> str | None:
        """What became of a piece of work: "ok", "skipped" or "failed", None where it is to do."""
        record = self.read_file(key.path)
        return self.archive.status(key.identity) if record is None else str(record["status"])

    def write(self, key: Key, record: Record) -> None:
        """Write a record atomically."""
        content = {
            "identity": key.identity,
            "labels": key.labels,
            **record,
            "config": key.config,
        }
        write_json(self.runs / "records" / key.path, content)

    def records(self) -> Iterator[Record]:
        """Every record: the files in the order of their paths, then what only the archive has."""
        there = set()
        for path in sorted((self.runs / "records").rglob("*.json")):
            there.add(identity_in(path.name))
            yield read_json(path)
        for record in self.archive.records():
            if record["identity"] not in there:
                yield record

    def enlist(self, name: str, cell: Key, scores: Iterable[Key]) -> None:
        """Note that a named experiment comprises a cell and some of its scores, and their labels.

        A record may have been made under other labels: another profile, another option's name.
        """
        labels = {key.path: key.labels for key in (cell, *scores)}
        write_json(self.listing(name) / f"{cell.identity}.json", labels)

    def listed(self, name: str) -> list[Record]:
        """The records that are there of the last run of a named experiment, labelled as by it.

        An experiment that was never run here is what the archive says it is.

        Raises
        ------
        StoreError
            If no experiment of that name was run, and the archive does not know it either.
        """
        labels = self.labels(name)
        if labels is None:
            archived = self.archive.listed(name)
            if not archived:
                raise StoreError(
                    f"no run of an experiment called {name!r} below {self.runs}; "
                    f"there is {', '.join(self.experiments()) or 'none'}"
                )
            there = {identity_in(path.name): path for path in self.runs.glob("records/**/*.json")}
            return [
                read_json(there[record["identity"]]) | {"labels": record["labels"]}
                if record["identity"] in there
                else record
                for record in archived
            ]
        found = ((path, self.find(path)) for path in labels)
        return [record | {"labels": labels[path]} for path, record in found if record is not None]

    def labels(self, name: str) -> dict[str, Labels] | None:
        """Paths of all that the last run of a named experiment comprises, in order, with labels.

        None if it was never run here.
        """
        folder = self.listing(name)
        if not folder.is_dir():
            return None
        labels: dict[str, Labels] = {}
        for file in sorted(folder.glob("*.json")):
            labels |= read_json(file)
        return dict(sorted(labels.items()))

    def experiments(self) -> list[str]:
        """Names of the experiments that were run here or are in the archive."""
        run = {path.name for path in self.runs.glob("experiments/*") if path.is_dir()}
        return sorted(run.union(self.archive.experiments))

    def listing(self, name: str) -> Path:
        """Folder of a named experiment's listing."""
        return self.runs / "experiments" / name


def identity_in(path: str) -> str:
    """The identity at the end of a record's path."""
    return Path(path).stem.rpartition("-")[2]
