"""The archive's command: ``python -m experiments archive`` adds named experiments to the archive.

Everything heavy is imported inside the functions, so that ``--help`` stays fast.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import add_results, command_parser

if TYPE_CHECKING:
    from experiments.store.archive import Archive, Row
    from experiments.store.records import Record
    from experiments.store.store import Store

FAILURE, USAGE_ERROR = 1, 2
DESCRIPTION = """\
Put the records of named experiments into results/long.csv.gz, the long table that is in
git. What is in it counts as computed: a later run anywhere does only what is missing.
The rows of the experiments named here are replaced by what their last run comprises;
rows that no experiment comprises any more are dropped.
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
    from experiments.files import StoreError, no_access, no_room, remove_stale, write_bytes
    from experiments.store.archive import NAME, Archive, to_bytes
    from experiments.store.store import Store, tell_damage

    path = options.results / NAME
    stores = [Store(folder) for folder in (options.results, *options.others)]
    try:
        before = Archive.read(path)
        contents = Contents.of(before)
        lacking = {name: contents.replace(name, stores) for name in options.experiments}
        rows = list(contents.rows())
        contents.check(options.experiments)
    except (StoreError, ValueError) as error:
        print(f"experiments archive: {error}", file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        print(f"experiments archive: {no_access(error)}", file=sys.stderr)
        return FAILURE
    for store in stores:
        tell_damage(store, "experiments.archive")
    content = to_bytes(rows)
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
    print(f"{path}: {len(after)} rows, {len(content) / 1e6:.2f} MB: {changes}")
    return 0


@dataclass
class Contents:
    """What an archive holds: records by identity, and which experiments comprise them.

    Attributes
    ----------
    records
        Every score and cell.
    members
        For every experiment, the labels under which it comprises which scores.
    """

    records: dict[str, Record] = field(default_factory=dict)
    members: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Archive) -> Contents:
        """The contents of an archive as it is."""
        contents = cls({record["identity"]: record for record in archive.records()})
        for name in archive.experiments:
            contents.members[name] = {
                record["identity"]: record["labels"]
                for record in archive.listed(name)
                if "regressor" in record["config"]
            }
        return contents

    def replace(self, name: str, stores: list[Store]) -> int:
        """Take over what the last runs of an experiment comprise; return how many lack a record.

        A record that is there twice is taken from the first store that has it as a file, but one
        that failed only if there is no other.

        Raises
        ------
        StoreError
            If the experiment was never run, or nothing of it is there.
        """
        from experiments.files import StoreError
        from experiments.store.archive import SEPARATOR
        from experiments.store.store import identity_in

        if SEPARATOR in name:
            raise StoreError(f"experiment {name!r}: a name in the archive has no {SEPARATOR!r}")
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
            if record is not None:
                self.records[record["identity"]] = record
            if "regressor" in of:
                if record is None:
                    lacking += 1
                else:
                    members[record["identity"]] = of
        if not members:
            raise StoreError(f"experiment {name!r} has no record yet below {where}")
        self.members[name] = members
        return lacking

    def check(self, names: list[str]) -> None:
        """Refuse experiments in which two rows would be the same work.

        Raises
        ------
        ValueError
            If there is one; the message gives an example.
        """
        from experiments.analysis.aggregate import check_long_table
        from experiments.store.long_table import long_table

        for name in names:
            scores = [
                self.records[identity] | {"labels": labels}
                for identity, labels in self.members[name].items()
            ]
            try:
                check_long_table(long_table(scores))
            except ValueError as error:
                raise ValueError(f"experiment {name!r}: {error}; nothing was written") from error

    def rows(self) -> list[Row]:
        """One row per score and set of labels, with the names of the experiments that share it."""
        from experiments.store.archive import SEPARATOR
        from experiments.store.records import canonical, identity
        from experiments.store.rows import flatten, provenance, without_regressor

        shared: dict[tuple[str, str], list[str]] = {}
        labelled: dict[tuple[str, str], dict[str, Any]] = {}
        for name, members in sorted(self.members.items()):
            for score, labels in members.items():
                # An empty note is none.
                of = {key: value for key, value in labels.items() if value != ""}
                key = (score, canonical(of))
                shared.setdefault(key, []).append(name)
                labelled[key] = of
        rows = []
        for key, names in shared.items():
            score_record = self.records[key[0]] | {"labels": labelled[key]}
            cell = self.records.get(identity(without_regressor(score_record["config"])))
            row = flatten(score_record, cell) | provenance(score_record, cell)
            rows.append(row | {"experiments": SEPARATOR.join(names)})
        return rows


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


def _outcomes(contents: Contents, name: str, lacking: int) -> str:
    """How many rows of an experiment are ok, failed and skipped, and how many it lacks."""
    counts = Counter(contents.records[score]["status"] for score in contents.members[name])
    parts = [f"{counts[status]} {status}" for status in ("ok", "failed", "skipped")]
    return ", ".join([*parts, f"{lacking} not run yet"] if lacking else parts)


def _changes(before: Archive, after: Archive) -> dict[str, int]:
    """How many rows were added, replaced, kept and dropped."""
    from experiments.store.rows import LABELS

    def rows(archive: Archive) -> dict[tuple[str, ...], dict[str, str]]:
        found = {}
        for row in archive.rows():
            key = (row["identity"], *(row[name] for name in LABELS))
            found[key] = {name: text for name, text in row.items() if text}
        return found

    old, new = rows(before), rows(after)
    both = old.keys() & new.keys()
    kept = sum(old[key] == new[key] for key in both)
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
        "--from",
        action="append",
        type=Path,
        default=[],
        dest="others",
        metavar="DIR",
        help="another results folder whose listings and records count too; may be repeated",
    )
    return parser
