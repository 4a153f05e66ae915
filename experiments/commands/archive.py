"""The archive's command: ``python -m experiments archive`` adds named experiments to the archive.

Everything heavy is imported inside the functions, so that ``--help`` stays fast.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import add_results, command_parser
from experiments.files import StoreError, no_access, no_room, remove_stale, write_bytes

if TYPE_CHECKING:
    from experiments.store.archive import Archive
    from experiments.store.records import Record
    from experiments.store.store import Store

FAILURE, USAGE_ERROR = 1, 2
DESCRIPTION = """\
Put the records of named experiments into results/records.jsonl.gz, the archive that is in
git. What is in it counts as computed: a later run anywhere does only what is missing.
The records of the experiments named here are replaced by what their last run comprises;
records that no experiment comprises any more are dropped.
"""
EXAMPLES = """\
examples:
  python -m experiments archive --experiment paper_tabular --experiment paper_series
  python -m experiments archive --experiment real --from /data/other/results
                                           also what was run in another results folder

Then `make tables` writes the tables and figures of every experiment in it.
"""


def main(arguments: list[str] | None = None) -> int:
    """Update the archive and say what changed; 1 if files are out of reach, 2 for a refusal."""
    options = _parser().parse_args(arguments)
    with _alone(options.results):
        return _update(options)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other command changes the archive of a folder; nothing is left behind."""
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        # Where there is no such folder, there is nothing to lose.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _update(options: argparse.Namespace) -> int:
    from experiments.store.archive import NAME, Archive, to_bytes
    from experiments.store.store import Store, tell_damage

    path = options.results / NAME
    stores = [Store(folder) for folder in (options.results, *options.others)]
    try:
        before = Archive.read(path)
        contents = Revision.of(before)
        lacking = {name: contents.replace(name, stores) for name in options.experiments}
        contents.check(options.experiments)
        if not options.allow_dirty:
            contents.refuse_dirty(before)
    except (StoreError, ValueError) as error:
        print(f"experiments archive: {error}", file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        print(f"experiments archive: {no_access(error)}", file=sys.stderr)
        return FAILURE
    for store in stores:
        tell_damage(store, "experiments.archive")
    content = to_bytes(contents.kept(), contents.members)
    try:
        write_bytes(path, content, flush=True)
        remove_stale(path.parent.glob(".*.tmp"))
    except OSError as error:
        print(f"experiments archive: {no_room(error)}", file=sys.stderr)
        return FAILURE
    after = Archive.read(path)
    for name in after.experiments:
        print(f"{name}: {_outcomes(contents, name, lacking.get(name, 0))}")
    changes = ", ".join(f"{count} {what}" for what, count in _changes(before, after).items())
    print(f"{path}: {len(after)} records, {len(content) / 1e6:.2f} MB: {changes}")
    return 0


@dataclass
class Revision:
    """What an archive holds: records by identity, and which experiments comprise them.

    `members` has, for every experiment, the labels under which it comprises which records.
    """

    records: dict[str, Record] = field(default_factory=dict)
    members: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Archive) -> Revision:
        """The contents of an archive as it is."""
        return cls(
            {record["identity"]: record for record in archive.records()},
            {name: dict(archive.members(name)) for name in archive.experiments},
        )

    def replace(self, name: str, stores: list[Store]) -> int:
        """Take over what the last runs of an experiment comprise; return how many lack a record.

        A record that is there twice is taken from the first store that has it as a file, but one
        that failed only if there is no other. An experiment that was never run, or of which nothing
        is there, is a StoreError.
        """
        from experiments.store.store import identity_in

        listings = [found for s in stores if (found := s.labels(name)) is not None]
        where = ", ".join(str(store.runs) for store in stores)
        if not listings:
            known = sorted({known for store in stores for known in store.experiments()})
            raise StoreError(
                f"experiment {name!r} was never run: there is no listing of it below {where} "
                f"(there is {', '.join(known) or 'none'}); run it first: "
                f"python -m experiments experiment={name}"
            )
        labels = {path: of for listing in reversed(listings) for path, of in listing.items()}
        members: dict[str, dict[str, Any]] = {}
        lacking = 0
        for path, of in labels.items():
            record = _best(path, stores, self.records.get(identity_in(path)))
            # What could not even be set up has no data that it would be about.
            if record is not None and "denoiser" in of:
                self.records[record["identity"]] = record
                members[record["identity"]] = of
            elif "regressor" in of:
                lacking += 1
        if not any("regressor" in of for of in members.values()):
            raise StoreError(f"experiment {name!r} has no record yet below {where}")
        self.members[name] = members
        return lacking

    def check(self, names: list[str]) -> None:
        """Refuse experiments in which two rows would be the same work, with an example."""
        from experiments.analysis.view import views
        from experiments.store.long_table import long_table

        for name in names:
            try:
                views(long_table(self.listed(name)))
            except ValueError as error:
                raise ValueError(f"experiment {name!r}: {error}; nothing was written") from error

    def refuse_dirty(self, before: Archive) -> None:
        """Refuse new records of code that no commit has: nobody could compute them again."""
        from experiments.store.environment import DIRTY

        dirty = [
            record
            for record in self.kept()
            if str(record["environment"].get("git")).endswith(DIRTY)
            and before.record(record["identity"]) is None
        ]
        if dirty:
            raise StoreError(
                f"{len(dirty)} records were computed by code that differs from its commit "
                f"({dirty[0]['environment']['git']}), so that nobody can compute them again; "
                "commit and run once more, or give --allow-dirty"
            )

    def listed(self, name: str) -> list[Record]:
        """The records of an experiment under its labels."""
        members = self.members[name].items()
        return [self.records[identity] | {"labels": labels} for identity, labels in members]

    def kept(self) -> list[Record]:
        """The records that some experiment comprises."""
        comprised = {identity for members in self.members.values() for identity in members}
        return [self.records[identity] for identity in comprised]


def _best(path: str, stores: list[Store], archived: Record | None) -> Record | None:
    """The record at a path that is to be kept."""
    from experiments.store.store import identity_in

    found = [
        *(store.read_file(path) for store in stores),
        archived,
        *(store.archive.record(identity_in(path)) for store in stores[1:]),
    ]
    records = [record for record in found if record is not None]
    return min(records, key=lambda record: record["status"] == "failed", default=None)


def _outcomes(contents: Revision, name: str, lacking: int) -> str:
    """How many scores of an experiment are ok, failed and skipped, and how many it lacks."""
    scores = [record for record in contents.listed(name) if "regressor" in record["config"]]
    counts = Counter(record["status"] for record in scores)
    parts = [f"{counts[status]} {status}" for status in ("ok", "failed", "skipped")]
    return ", ".join([*parts, f"{lacking} not run yet"] if lacking else parts)


def _changes(before: Archive, after: Archive) -> dict[str, int]:
    """How many records were added, replaced, kept and dropped."""
    old = {record["identity"]: record for record in before.records()}
    new = {record["identity"]: record for record in after.records()}
    both = old.keys() & new.keys()
    kept = sum(old[name] == new[name] for name in both)
    return {
        "added": len(new) - len(both),
        "replaced": len(both) - kept,
        "kept": kept,
        "dropped": len(old) - len(both),
    }


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("archive", DESCRIPTION, EXAMPLES)
    add_results(parser)
    parser.add_argument(
        "--experiment",
        action="append",
        required=True,
        dest="experiments",
        metavar="NAME",
        help="an experiment whose records are put in; may be given several times",
    )
    parser.add_argument(
        "--allow-dirty",
        action="store_true",
        help="also take records that were computed by code that differs from its commit",
    )
    parser.add_argument(
        "--from",
        action="append",
        type=Path,
        default=[],
        dest="others",
        metavar="DIR",
        help="another results folder whose listings and records count too; may be repeated",
    )
    return parser
