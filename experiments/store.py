"""Records on disk: one small JSON file per finished piece of work, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.cell import Key

Record = dict[str, Any]


class StoreError(RuntimeError):
    """A record or listing cannot be read; the message names the file and says what to do."""


@dataclass(frozen=True)
class Store:
    """The records below ``<results>/runs``.

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

    def read(self, key: Key) -> Record | None:
        """The record of a key, or None."""
        path = self.runs / "records" / key.path
        return read_json(path) if path.exists() else None

    def status(self, key: Key) -> str | None:
        """What became of a piece of work: "ok", "skipped" or "failed", None where it is to do."""
        record = self.read(key)
        return None if record is None else str(record["status"])

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
        """Every record, in the order of paths."""
        for path in sorted((self.runs / "records").rglob("*.json")):
            yield read_json(path)

    def enlist(self, name: str, cell: Key, scores: Iterable[Key]) -> None:
        """Note that a named experiment comprises a cell and some of its scores, and their labels.

        A record may have been made under other labels: another profile, another option's name.
        """
        labels = {key.path: key.labels for key in (cell, *scores)}
        write_json(self.listing(name) / f"{cell.identity}.json", labels)

    def listed(self, name: str) -> list[Record]:
        """The records that are there of the last run of a named experiment, labelled as by it.

        Raises
        ------
        StoreError
            If no experiment of that name was run.
        """
        folder = self.listing(name)
        if not folder.is_dir():
            known = sorted(p.name for p in folder.parent.glob("*") if p.is_dir())
            raise StoreError(
                f"no run of an experiment called {name!r} below {self.runs}; "
                f"there is {', '.join(known) or 'none'}"
            )
        labels: dict[str, dict[str, Any]] = {}
        for file in sorted(folder.glob("*.json")):
            labels |= read_json(file)
        found = {path: self.runs / "records" / path for path in sorted(labels)}
        return [
            read_json(file) | {"labels": labels[path]}
            for path, file in found.items()
            if file.exists()
        ]

    def listing(self, name: str) -> Path:
        """Folder of a named experiment's listing."""
        return self.runs / "experiments" / name


def read_json(path: Path) -> Any:
    """Read a JSON file, or raise a StoreError that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: cannot be read ({error}); delete it to compute it anew"
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file to a temporary name, flush it to the disk and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
