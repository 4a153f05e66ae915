"""What the store holds: ``python -m experiments status``."""

from __future__ import annotations

import argparse
import sys
import time

from experiments.commands.arguments import INTERRUPTED, add_results, command_parser

EXAMPLES = """examples:
  python -m experiments status                      counts per dataset and denoiser, and what failed
  python -m experiments status --experiment quick   only what the last run of `quick` comprises
  python -m experiments status --watch              again every 10 seconds until all is done
  python -m experiments --failed experiment=quick   computes anew what failed, and nothing else

Counted is what a run counts: a result per cell and regressor, and what failed before there was one.
A record is a file below RESULTS/runs, a line of a pack there (*.jsonl, what were many files) or,
where there is neither, one in the archive RESULTS/records.jsonl.gz. A run tries again what failed,
wherever the failure is recorded. A record is stale when it was made by other source than the
present one: same identity, perhaps another result. Raise the `revision` of a component when its
results change, or compute it anew with --force.
What is damaged (cut off, changed by hand, copied to another name, no record at all) is named, left
out of every table and computed anew by the next run; delete what no run writes.
Missing is what a run that goes on, or the last one of a name, comprises and nobody has done yet.
Running is what a process has begun: where it died, its start only grows older, and what is missing
is computed by the next run. The time left is what results like those due took, at the pace of the
last hour.
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the counts; 1 if anything failed or is damaged, 2 if there is nothing to tell of."""
    parser = command_parser(
        "status", "What is done, running, failed, skipped, stale, damaged and missing.", EXAMPLES
    )
    add_results(parser)
    parser.add_argument("--experiment", help="only this experiment; default: every record")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=_seconds,
        const=10.0,
        metavar="SECONDS",
        help="show it again every so many seconds (default: 10) until all is done or Ctrl-C",
    )
    options = parser.parse_args(arguments)
    try:
        while True:
            status, is_over = _tell(options)
            if options.watch is None or is_over:
                return status
            time.sleep(options.watch)
    except KeyboardInterrupt:
        return INTERRUPTED


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return seconds


def _tell(options: argparse.Namespace) -> tuple[int, bool]:
    """Print where everything stands; the exit status, and whether nothing more is to come."""
    from experiments.commands.progress import describe
    from experiments.commands.standing import COLUMNS, Standing
    from experiments.files import StoreError, no_access
    from experiments.store.store import Store, tell_damage

    store = Store(options.results)
    try:
        standing = Standing(store, options.experiment)
    except StoreError as error:
        print(f"status: {error}", file=sys.stderr)
        return 2, True
    except OSError as error:
        print(f"status: {no_access(error)}", file=sys.stderr)
        return 1, True
    if options.watch is not None and sys.stdout.isatty():
        # To the upper left, and all below is gone.
        print("\x1b[H\x1b[2J", end="", flush=True)
    tell_damage(store, "status")
    if not standing.n_records and not store.damage and standing.is_over:
        print(
            f"status: no records below {store.runs} or in {store.archive.path}; "
            "run `make reproduce` first",
            file=sys.stderr,
        )
        return 2, True
    print(f"{'dataset':20} {'denoiser':20}" + "".join(f"{column:>8}" for column in COLUMNS))
    for (dataset, denoiser), of in sorted(standing.counts.items()):
        print(f"{dataset:20} {denoiser:20}" + "".join(f"{of[column]:8}" for column in COLUMNS))
    archived = standing.archived
    of_archive = f", {archived} of them from {store.archive.path}" if archived else ""
    print(f"{standing.n_pieces} results in {standing.n_records} records{of_archive}")
    for line in (*standing.running(), *standing.pace()):
        print(line)
    for labels, reason in standing.failures:
        print(f"failed: {describe(labels)}: {reason}")
    if store.damage:
        print(f"{len(store.damage)} damaged, named above; the next run computes them anew")
    sys.stdout.flush()
    return int(bool(standing.failures or store.damage)), standing.is_over
