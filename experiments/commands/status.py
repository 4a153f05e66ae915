"""What the store holds: ``python -m experiments status``."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.commands.arguments import add_results, command_parser

if TYPE_CHECKING:
    from experiments.store.records import Record

EXAMPLES = """examples:
  python -m experiments status                      counts per dataset and denoiser, and what failed
  python -m experiments status --experiment quick   only what the last run of `quick` comprises

Counted is what a run counts: a result per cell and regressor, and what failed before there was one.
A record is a file below RESULTS/runs or, where there is none, one in the archive
RESULTS/records.jsonl.gz. A run tries again what failed, wherever the failure is recorded.
A record is stale when it was made by other source than the present one: same identity, perhaps
another result. Raise the `revision` of a component when its results change, or delete the record.
What is damaged (cut off, changed by hand, copied to another name, no record at all) is named, left
out of every table and computed anew by the next run; delete what no run writes.
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the counts; 1 if anything failed or is damaged, 2 if there is nothing to tell of."""
    parser = command_parser("status", "What is done, failed, skipped, stale and damaged.", EXAMPLES)
    add_results(parser)
    parser.add_argument("--experiment", help="only this experiment; default: every record")
    options = parser.parse_args(arguments)

    from experiments.commands.progress import describe
    from experiments.files import StoreError, no_access
    from experiments.store.sources import source_of
    from experiments.store.store import Store, tell_damage

    store = Store(options.results)
    try:
        named = options.experiment
        records = list(store.records()) if named is None else store.listed(named)
    except StoreError as error:
        print(f"status: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"status: {no_access(error)}", file=sys.stderr)
        return 1
    tell_damage(store, "status")
    if not records and not store.damage:
        print(
            f"status: no records below {store.runs} or in {store.archive.path}; "
            "run `make reproduce` first",
            file=sys.stderr,
        )
        return 2
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in records:
        counts[_row(record)]["stale"] += record["source"] != source_of(record["config"])
    pieces = _pieces(records)
    for record in pieces:
        counts[_row(record)][record["status"]] += 1
    columns = ("ok", "failed", "skipped", "stale")
    print(f"{'dataset':20} {'denoiser':20}" + "".join(f"{column:>9}" for column in columns))
    for (dataset, denoiser), of in sorted(counts.items()):
        print(f"{dataset:20} {denoiser:20}" + "".join(f"{of[column]:9}" for column in columns))
    archived = sum(record.get("archived", False) for record in records)
    of_archive = f", {archived} of them from {store.archive.path}" if archived else ""
    print(f"{len(pieces)} results in {len(records)} records{of_archive}")
    failed = [record for record in pieces if record["status"] == "failed"]
    for record in failed:
        print(f"failed: {describe(record['labels'])}: {record['reason']}")
    if store.damage:
        print(f"{len(store.damage)} damaged, named above; the next run computes them anew")
    return 1 if failed or store.damage else 0


def _row(record: Record) -> tuple[str, str]:
    """Dataset and denoiser; a corruption that could not be set up has none."""
    return record["labels"]["dataset"], record["labels"].get("denoiser", "-")


def _pieces(records: Sequence[Record]) -> list[Record]:
    """What a run counts: scores, what could not be set up, and cells that failed alone."""
    from experiments.store.records import identity
    from experiments.store.rows import without_regressor

    failed_scores = {
        identity(without_regressor(record["config"]))
        for record in records
        if record["status"] == "failed" and "regressor" in record["config"]
    }
    return [
        record
        for record in records
        if "regressor" in record["config"]
        or "denoiser" not in record["config"]
        or (record["status"] == "failed" and record["identity"] not in failed_scores)
    ]
