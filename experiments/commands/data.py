"""List, fetch and check the raw files of the datasets: ``python -m experiments data --help``."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from experiments.commands.arguments import command_parser
from experiments.datasets import discover, files
from experiments.datasets.files import DataFileError, MissingFileError

if TYPE_CHECKING:
    from experiments.datasets.base import Dataset

_EXAMPLES = f"""
examples:
  python -m experiments data list
  python -m experiments data fetch                    everything that has a public address
  python -m experiments data fetch parkinsons ett
  {files.DATA_VARIABLE}=~/data python -m experiments data check

Files are looked for as <dataset>/<file> or <dataset>/<file>.gz in the folder that
{files.DATA_VARIABLE} names, then in the cache, where downloads go.
{files.CACHE_VARIABLE} moves the cache.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    The exit status is 1 when a file is wrong, a download failed, or a dataset that was asked for by
    name is missing.
    """
    arguments = _parser().parse_args(argv)
    classes = discover()
    chosen = [classes[name]() for name in arguments.dataset or classes]
    if arguments.command == "list":
        return _list(chosen)
    work = _fetch if arguments.command == "fetch" else _check
    failed = False
    for dataset in chosen:
        try:
            for line in work(dataset):
                _say(f"{dataset.name}: {line}")
        except MissingFileError as error:
            _say(f"missing: {error}")
            failed = failed or bool(arguments.dataset)
        except (DataFileError, ValueError) as error:
            _say(f"wrong: {error}")
            failed = True
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "data",
        "The raw files of the benchmark: what is here, fetch what can be fetched, check the rest.",
        _EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="list|fetch|check")
    for name, text in (
        ("list", "show what is here, where it comes from, its licence and its shape"),
        ("fetch", "download what is missing and has a public address"),
        ("check", "compare checksums, clean the files and compare the shapes"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument(
            "dataset", nargs="*", type=_known_name, help="names of datasets; all by default"
        )
    return parser


def _known_name(name: str) -> str:
    known = discover()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise argparse.ArgumentTypeError(f"no dataset is called {name!r}; {hint}")
    return name


def _list(datasets: Iterable[Dataset]) -> int:
    header = ("dataset", "domain", "rows x columns", "here", "licence", "source")
    rows = [header]
    for dataset in datasets:
        n_rows, n_columns = dataset.shape
        shape = f"{n_rows:,} x {n_columns}"
        facts = (dataset.domain, shape, _where(dataset), dataset.licence, dataset.source)
        rows.append((dataset.name, *facts))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _say("  ".join(cells).rstrip())
    return 0


def _where(dataset: Dataset) -> str:
    if not dataset.files:
        return "generated"
    missing = [file for file in dataset.files if files.find(dataset.name, file) is None]
    if not missing:
        return "yes"
    return "no, by hand" if any(file.url is None for file in missing) else "no, fetch"


def _fetch(dataset: Dataset) -> Iterable[str]:
    if not dataset.files:
        yield "generated, nothing to fetch"
    for file in dataset.files:
        if path := files.find(dataset.name, file):
            yield f"here: {path}"
        else:
            yield f"fetched: {files.fetch(dataset.name, file)}"


def _check(dataset: Dataset) -> Iterable[str]:
    for file in dataset.files:
        path = files.find(dataset.name, file)
        if path is None:
            advice = (
                f"Run: python -m experiments data fetch {dataset.name}"
                if file.url
                else files.by_hand(dataset.name, file)
            )
            raise MissingFileError(f"{dataset.name}: {file.name} is not here. {advice}")
        digest = files.read(dataset.name, file).sha256
        verdict = "right" if file.sha256 else "nothing to compare with"
        yield f"{path}: SHA-256 {digest} ({verdict})"
    found = dataset.load().shape
    yield f"{found[0]:,} rows x {found[1]} columns after cleaning, as expected"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
