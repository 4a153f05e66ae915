"""Where records lie: a JSON file per finished piece of work, a pack of many, or the archive."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from experiments.files import StoreError, read_text, walk, write_json
from experiments.store import packs
from experiments.store.archive import NAME, Archive
from experiments.store.listing import Entries, listed_names, listing_path, read_listing
from experiments.store.records import (
    Damage,
    DamagedError,
    Key,
    Record,
    check_labels,
    check_record,
    seal,
)

_SUFFIX = ".json"
_WRITES_PER_PACKING = 64


@dataclass(frozen=True)
class Store:
    """The records of a results folder: files and packs below ``runs``, and the archive beside it.

    A file wins over a line of a pack, which wins over a row of the archive; of lines, one that is
    ok, or the last. What is damaged is left out, noted
    once under `damage`, in the order in which it was met, and computed anew by the next run.
    """

    results: Path
    damage: dict[str, Damage] = field(default_factory=dict, compare=False, repr=False)

    @property
    def runs(self) -> Path:
        """Where everything that is not published lies."""
        return self.results / "runs"

    @property
    def archive(self) -> Archive:
        """The records that are in git; none where the file cannot be read, which is noted."""
        path = self.results / NAME
        try:
            archive = Archive.read(path)
        except StoreError as error:
            self._note(str(path), str(error).removeprefix(f"{path}: "))
            return Archive(path)
        for damage in archive.damage:
            self._note(damage.where, damage.what)
        return archive

    def check_archive(self) -> None:
        """Note damaged rows of the archive; refuse to go on without the whole of it.

        Otherwise all that is in one that cannot be read would be computed anew, which may take
        days.
        """
        Archive.read(self.results / NAME)
        _ = self.archive

    def read(self, key: Key) -> Record | None:
        """The record of a key, or None."""
        return self.find(key.path)

    def find(self, path: str) -> Record | None:
        """The record that lies, or would lie, at a path as `Key.path` has it, or None."""
        return self.read_file(path) or self.archive.record(identity_in(path))

    def read_file(self, path: str) -> Record | None:
        """The record at such a path as it lies here; None where there is none, or a damaged one."""
        return self._checked(path) or packs.best(identity_in(path), self._packs(path))

    def _checked(self, path: str) -> Record | None:
        """The record in the file of a path."""
        file = self._file(path)
        try:
            return check_record(json.loads(read_text(file)), path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._note(str(file), error.strerror or str(error))
        except (ValueError, RecursionError) as error:
            what = str(error) if isinstance(error, DamagedError) else f"no JSON: {error}"
            self._note(str(file), what)
        return None

    def status(self, key: Key, before: str | None = None) -> str | None:
        """What became of a piece of work: "ok", "skipped" or "failed", None where it is to do.

        What was finished up to the time `before` is to be done anew.
        """
        path, name = key.path, key.identity
        if before is None and not os.path.exists(self._file(path)):
            found = {pack.lines[name].status for pack in self._packs(path) if name in pack.lines}
            if len(found) == 1:
                return found.pop()
        record = self.find(path)
        if record is None or (before is not None and record["finished"] <= before):
            return None
        return str(record["status"])

    def write(self, key: Key, record: Record) -> None:
        """Write a record atomically; now and then, put those beside it into a pack."""
        content = {
            "identity": key.identity,
            "labels": key.labels,
            **record,
            "config": key.config,
        }
        file = self._file(key.path)
        write_json(file, seal(content))
        # By chance, so that no two need to agree on whose turn it is.
        if int(key.identity[-2:], 16) % _WRITES_PER_PACKING == 0:
            self._pack(file.parent)

    def tidy(self) -> None:
        """Pack what lies here in many files; take out of packs what is damaged."""
        for folder in sorted({file.parent for file, _ in walk(self._root)}):
            self._pack(folder)
            for pack in packs.packs_in(folder):
                if pack.damage:
                    self._note_all(pack)
                    packs.mend(pack)

    def _pack(self, folder: Path) -> None:
        packs.pack(folder, lambda file: self._checked(file.relative_to(self._root).as_posix()))

    def remove(self, key: Key) -> None:
        """Remove the record of a key, if there is one."""
        self._file(key.path).unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Every record: the files in the order of their paths, then what only the archive has."""
        there = set()
        for record in self._files():
            if record["identity"] not in there:
                there.add(record["identity"])
                yield record
        for record in self.archive.records():
            if record["identity"] not in there:
                yield record

    def listed(self, name: str) -> list[Record]:
        """The records that are there of the last run of a named experiment, labelled as by it.

        An experiment that was never run here is what the archive says it is; one that the archive
        does not know either is a StoreError.
        """
        labels = self.labels(name)
        if labels is None:
            archived = self.archive.listed(name)
            if not archived:
                raise StoreError(
                    f"no run of an experiment called {name!r} below {self.runs}; "
                    f"there is {', '.join(self.experiments()) or 'none'}"
                )
            there = {record["identity"]: record for record in self._files()}
            return [
                there[record["identity"]] | {"labels": record["labels"]}
                if record["identity"] in there
                else record
                for record in archived
            ]
        found = dict(self.found(name, labels))
        return [found[path] for path in labels if path in found]

    def found(self, name: str, labels: Entries) -> Iterator[tuple[str, Record]]:
        """What is there of the listing of an experiment: path and record, folder by folder.

        One by one: many at once cost memory, and the time to collect garbage among them.
        """
        for folder, paths in groupby(sorted(labels), os.path.dirname):
            lacking = {}
            for path in paths:
                if (record := self._checked(path)) is not None:
                    yield path, self._labelled(record, labels[path], name)
                else:
                    lacking[identity_in(path)] = path
            if lacking:
                for record in self._packed(packs.packs_in(self._file(folder)), set(lacking)):
                    path = lacking.pop(record["identity"])
                    yield path, self._labelled(record, labels[path], name)
            for identity, path in lacking.items():
                if (record := self.archive.record(identity)) is not None:
                    yield path, self._labelled(record, labels[path], name)

    def _labelled(self, record: Record, labels: dict[str, Any], name: str) -> Record:
        """A record under the labels of a listing, or its own where those cannot be its."""
        try:
            check_labels(labels, record["config"])
        except DamagedError as error:
            self._note(f"{listing_path(self.runs, name)}: {record['identity']}", str(error))
            return record
        return record | {"labels": labels}

    def labels(self, name: str) -> Entries | None:
        """Paths of all that the last run of a named experiment comprises, in order, with labels.

        None if it was never run here.
        """
        return read_listing(listing_path(self.runs, name), self._note)

    def experiments(self) -> list[str]:
        """Names of the experiments that were run here or are in the archive."""
        return sorted({*listed_names(self.runs), *self.archive.experiments})

    def _files(self) -> Iterator[Record]:
        """The records that lie here, a file before a line; what lies among them is noted."""
        found = []
        for file, error in walk(self._root):
            path = file.relative_to(self._root).as_posix() if file != self._root else ""
            if error is not None:
                self._note(str(file), error.strerror or str(error))
            elif file.name.startswith("."):
                # Of the system, or on its way to become a record.
                continue
            elif packs.is_pack(file.name):
                found.append(packs.read(file))
            elif file.suffix != _SUFFIX:
                self._note(str(file), "it is no record")
            elif (record := self.read_file(path)) is not None:
                yield record
        yield from self._packed(found)

    def _packed(
        self, found: Sequence[packs.Pack], wanted: Container[str] | None = None
    ) -> Iterator[Record]:
        """The records of packs, each once: those of all identities, or of the wanted ones."""
        names = (name for pack in found for name in pack.lines)
        times = Counter(name for name in names if wanted is None or name in wanted)
        for pack in found:
            self._note_all(pack)
            yield from pack.records(*(name for name in pack.lines if times[name] == 1))
        for name in (name for name, number in times.items() if number > 1):
            if (record := packs.best(name, found)) is not None:
                yield record

    @cached_property
    def _root(self) -> Path:
        return self.runs / "records"

    def _packs(self, path: str) -> list[packs.Pack]:
        """The packs beside a path that may have its record."""
        found = packs.packs_with(identity_in(path), self._file(path).parent)
        for pack in found:
            self._note_all(pack)
        return found

    def _file(self, path: str) -> Path:
        return self._root / path

    def _note_all(self, pack: packs.Pack) -> None:
        for damage in pack.damage:
            self._note(damage.where, damage.what)

    def _note(self, where: str, what: str) -> None:
        self.damage.setdefault(where, Damage(where, " ".join(what.split())))


def identity_in(path: str) -> str:
    """The identity at the end of a record's path."""
    return os.path.splitext(path)[0].rpartition("-")[2]


def tell_damage(store: Store, command: str) -> None:
    """Name on the terminal's error stream what was left out."""
    for damage in store.damage.values():
        sys.stderr.write(f"{command}: {damage}\n")
