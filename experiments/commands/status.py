"""What the store holds: ``python -m experiments status``."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import add_results, command_parser

if TYPE_CHECKING:
    from experiments.store.records import Record

Labels = dict[str, Any]

EXAMPLES = """examples:
  python -m experiments status                      counts per dataset and denoiser, and what failed
  python -m experiments status --experiment quick   only what the last run of `quick` comprises

Counted is what a run counts: a result per cell and regressor, and what failed before there was one.
A record is a file below RESULTS/runs, a line of a pack there (*.jsonl, what were many files) or,
where there is neither, one in the archive RESULTS/records.jsonl.gz. A run tries again what failed,
wherever the failure is recorded. A record is stale when it was made by other source than the
present one: same identity, perhaps another result. Raise the `revision` of a component when its
results change, or delete the record: the file, or the line.
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
    from experiments.store.store import Store, tell_damage

    store = Store(options.results)
    try:
        named = options.experiment
        told = _Told()
        for record in store.records() if named is None else store.listed(named):
            told.take(record)
    except StoreError as error:
        print(f"status: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"status: {no_access(error)}", file=sys.stderr)
        return 1
    tell_damage(store, "status")
    if not told.n_records and not store.damage:
        print(
            f"status: no records below {store.runs} or in {store.archive.path}; "
            "run `make reproduce` first",
            file=sys.stderr,
        )
        return 2
    failed = told.failures()
    columns = ("ok", "failed", "skipped", "stale")
    print(f"{'dataset':20} {'denoiser':20}" + "".join(f"{column:>9}" for column in columns))
    for (dataset, denoiser), of in sorted(told.counts.items()):
        print(f"{dataset:20} {denoiser:20}" + "".join(f"{of[column]:9}" for column in columns))
    of_archive = f", {told.archived} of them from {store.archive.path}" if told.archived else ""
    print(f"{told.n_pieces} results in {told.n_records} records{of_archive}")
    for labels, reason in failed:
        print(f"failed: {describe(labels)}: {reason}")
    if store.damage:
        print(f"{len(store.damage)} damaged, named above; the next run computes them anew")
    return 1 if failed or store.damage else 0


class _Told:
    """Counts records one by one; of those that failed it keeps what is told of them.

    Counted are scores, what could not be set up, and cells that failed alone.
    """

    def __init__(self) -> None:
        self.counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.n_records = self.n_pieces = self.archived = 0
        self._failed: list[tuple[str, Labels, str]] = []
        self._failed_scores: set[str] = set()

    def take(self, record: Record) -> None:
        from experiments.store.records import identity
        from experiments.store.rows import without_regressor
        from experiments.store.sources import source_of

        config, labels = record["config"], record["labels"]
        # What could not be set up has no denoiser.
        counts = self.counts[labels["dataset"], labels.get("denoiser", "-")]
        counts["stale"] += record["source"] != source_of(config)
        self.n_records += 1
        self.archived += record.get("archived", False)
        if record["status"] == "failed":
            self._failed.append((record["identity"], labels, record["reason"]))
            if "regressor" in config:
                self._failed_scores.add(identity(without_regressor(config)))
        elif "regressor" in config or "denoiser" not in config:
            self._count(counts, record["status"])

    def failures(self) -> list[tuple[Labels, str]]:
        """What failed, counted now that it is known which scores failed with their cells."""
        alone = [of for of in self._failed if of[0] not in self._failed_scores]
        for _, labels, _ in alone:
            self._count(self.counts[labels["dataset"], labels.get("denoiser", "-")], "failed")
        return [(labels, reason) for _, labels, reason in alone]

    def _count(self, counts: Counter[str], status: str) -> None:
        counts[status] += 1
        self.n_pieces += 1
