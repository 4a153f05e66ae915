"""The options of the `denograd` command; importing this takes no time."""

from __future__ import annotations

import argparse
import math
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from denograd import __version__
from denograd.published import STEPS

_EXAMPLES = """\
examples:
  denograd clean houses.csv --target price
      Refine every column of measurements; the result is houses.cleaned.csv.
  denograd clean houses.csv --target price --exclude lat,long --plot picture.png
      Leave two columns as they are, and draw what has changed.
  denograd clean houses.csv --target price --columns size,rating
      Refine these, even if one of them looks like a code.
  denograd clean weather.csv --target temperature --series --window 48 --output smooth.csv
      Rows in time order; the network sees 48 steps to predict the next one.
  denograd clean houses.csv --target price --drop-missing --bounds rooms=1:20 --round-integers
      Leave out rows with gaps; rooms stay integers from 1 to 20.
  denograd clean houses.csv --target price --dry-run
      Tell which columns would be refined, and why the others not; write nothing.
  denograd clean houses.csv --target price --cv 5 --report changes.csv
      Refine each fifth of the rows by a network that has not seen it; list every change.
"""


FLAGS = {
    "nrr": "--nrr",
    "nr_threshold": "--threshold",
    "max_epochs": "--iterations",
    "backbone_epochs": "--epochs",
    "window_size": "--window",
    "cv": "--cv",
    "random_state": "--seed",
}
"""The denoiser's parameters that have a flag of another form."""

_WORDS = {
    "X and y hold": "the rows to learn from hold",
    ", or give its path as weights=": "",
    "DenoGradDenoiser": "the command",
}


class UsageError(Exception):
    """A mistake in the command line, in one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; a mistake in it is a UsageError."""
    parser = _Parser(
        prog="denograd",
        description="Clean noisy data with the gradients of a trained network.",
    )
    parser.add_argument("--version", action="version", version=f"denograd {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    clean = commands.add_parser(
        "clean",
        help="refine the columns of numbers of a CSV or Parquet file",
        description=(
            "Train a network to predict one column of a CSV or Parquet file from the others, then\n"
            "move all of them towards what it has learnt. Columns that hold no measurements, such\n"
            "as text, dates, identifiers and codes, and cells that do not move, are written as\n"
            "they were read."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_data_options(clean)
    _add_method_options(clean)
    _add_result_options(clean)
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the CSV or Parquet file; it is never changed")
    parser.add_argument("--target", required=True, metavar="NAME", help="column to predict")
    data = parser.add_argument_group("data")
    chosen = data.add_mutually_exclusive_group()
    chosen.add_argument(
        "--columns",
        action="append",
        metavar="NAMES",
        help="only these columns and the target, separated by commas, whatever they look like "
        "(default: all columns of numbers but identifiers, codes, flags and dates)",
    )
    chosen.add_argument(
        "--exclude",
        action="append",
        metavar="NAMES",
        help="leave these columns as they are; the network does not see them",
    )
    data.add_argument("--series", action="store_true", help="rows are time steps, in order")
    data.add_argument(
        "--window",
        type=_count,
        metavar="STEPS",
        help="of a series: steps that the network sees (default: 24)",
    )
    data.add_argument(
        "--horizon",
        type=_count,
        metavar="STEPS",
        help="of a series: how many steps after the last one it predicts (default: 1)",
    )
    data.add_argument(
        "--separator", type=_separator, metavar="C", help="between cells (default: found)"
    )
    data.add_argument(
        "--decimal",
        choices=[".", ","],
        metavar="C",
        help="inside numbers, a point or a comma (default: found)",
    )
    data.add_argument(
        "--encoding", metavar="NAME", help="of the text (default: that of its mark, or UTF-8)"
    )
    data.add_argument(
        "--comment", metavar="TEXT", help="pass over lines that begin with this, for example '#'"
    )
    data.add_argument(
        "--drop-missing",
        action="store_true",
        help="leave out rows that lack a number in a refined column",
    )


def _add_method_options(parser: argparse.ArgumentParser) -> None:
    method = parser.add_argument_group("method")
    networks = _modules("networks")
    rules = [name.strip("_").replace("_", "-") for name in _modules("rules")]
    method.add_argument(
        "--backbone",
        choices=networks,
        metavar="NAME",
        help=f"network: {', '.join(networks)} (default: mlp for a table, lstm for a series)",
    )
    method.add_argument(
        "--rule",
        choices=rules,
        default="normalized",
        metavar="NAME",
        help=f"step rule: {', '.join(rules)} (default: normalized)",
    )
    method.add_argument(
        "--nrr",
        type=_number,
        metavar="X",
        help="step size, in standard deviations under the rule normalized "
        f"(default there: {STEPS['nrr']})",
    )
    method.add_argument(
        "--threshold",
        type=_number,
        metavar="X",
        help="rows whose error is at most so many standard deviations rest "
        f"(default: {STEPS['nr_threshold']})",
    )
    method.add_argument(
        "--iterations",
        type=_count,
        metavar="N",
        help=f"steps at most (default: {STEPS['max_epochs']})",
    )
    method.add_argument(
        "--epochs",
        type=_count,
        default=100,
        metavar="N",
        help="training epochs at most; it stops early (default: 100)",
    )
    method.add_argument(
        "--cv",
        type=_folds,
        metavar="K",
        help="refine each of K folds by a network that has not seen it",
    )
    method.add_argument("--keep-target", action="store_true", help="refine the other columns only")
    method.add_argument(
        "--seed",
        type=_whole,
        default=0,
        metavar="N",
        help="equal seeds, equal results (default: 0)",
    )
    method.add_argument("--device", metavar="NAME", help="cpu, cuda, ... (default: cuda if any)")


def _add_result_options(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("results")
    results.add_argument(
        "--bounds",
        action="append",
        type=_bounds,
        metavar="NAME=LOW:HIGH",
        help="keep refined values of a column within these; either may be missing (default: 0 or "
        "more where a column has no negative value)",
    )
    results.add_argument(
        "--round-integers", action="store_true", help="columns of integers stay integers"
    )
    results.add_argument(
        "--dry-run",
        action="store_true",
        help="tell what would be refined and written, and stop there",
    )
    results.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write the refined table (default: FILE.cleaned.csv beside the file)",
    )
    results.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw before and after (.png, .pdf, .svg)"
    )
    results.add_argument(
        "--report", type=Path, metavar="FILE", help="list every value that moved, as CSV"
    )
    results.add_argument(
        "--force", action="store_true", help="replace existing results; the input never is"
    )
    results.add_argument("--quiet", action="store_true", help="show no progress and no summary")


def in_flags(message: str) -> str:
    """Return a message of the library in the words of the command line."""
    for words, others in _WORDS.items():
        message = message.replace(words, others)
    return re.sub(r"\b(\w+)\b", lambda word: FLAGS.get(word[1], word[1]), message)


def _modules(folder: str) -> list[str]:
    """Return the public modules of a folder of this package without importing any."""
    found = pkgutil.iter_modules([str(Path(__file__).parents[1] / folder)])
    return sorted(m.name for m in found if not m.name.startswith("_") and m.name != "base")


def _whole(text: str) -> int:
    return _parsed(int, text, 0, "a whole number of at least 0")


def _count(text: str) -> int:
    return _parsed(int, text, 1, "a whole number of at least 1")


def _folds(text: str) -> int:
    return _parsed(int, text, 2, "a number of folds, at least 2")


def _number(text: str) -> float:
    return _parsed(float, text, 0.0, "a number of at least 0")


def _separator(text: str) -> str:
    character = "\t" if text == "\\t" else text
    if len(character) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a single character")
    return character


def _bounds(text: str) -> tuple[str, tuple[float, float]]:
    name, _, span = text.rpartition("=")
    low, colon, high = span.partition(":")
    try:
        bounds = float(low or -math.inf), float(high or math.inf)
    except ValueError:
        bounds = math.nan, math.nan
    if not (name and colon and bounds[0] <= bounds[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not like age=0:120, age=0: or age=:120")
    return name, bounds


def _parsed(kind: Callable[[str], Any], text: str, least: float, what: str) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value
