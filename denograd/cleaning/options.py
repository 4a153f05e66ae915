"""The options of the `denograd` command; importing this takes no time."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from denograd import __version__
from denograd.catalogue import described, named
from denograd.published import STEPS

_STATUS = """\
exit status:
  0 when all is done, 1 when some of several files could not be cleaned, 2 when something stands in
  the way, also a table of unknown noise, 130 after Ctrl-C; in the last two cases nothing was
  written of the file at hand.
"""

_EXAMPLES = """\
examples:
  denograd clean weather.csv --target temperature --series
      Rows in time order: how noisy they are is estimated; the result is weather.cleaned.csv.
  denograd clean weather.csv --target temperature --series --noise temperature=0.5
      Noise of 0.5 degrees in one column and none in the others, which help to predict it.
  denograd clean houses.csv --target price
      Tell how noisy each column of a table can be at most; write nothing.
  denograd clean houses.csv --target price --noise 10% --plot picture.png --report changes.csv
      Noise of a tenth of each column's standard deviation; draw and list what has changed.
  denograd clean houses.csv --target price --noise 10% --exclude lat,long
      Leave two columns as they are.
  denograd clean houses.csv --target price --noise price=5000 --noise size=2 --columns size,rating
      Refine these, even if one of them looks like a code.
  denograd clean houses.csv --target price --noise 10% --drop-missing --bounds rooms=1:20
      Leave out rows with gaps; rooms stay within 1 and 20 (--round-integers: and integers).
  denograd clean houses.csv --target price --noise 10% --dry-run
      Tell which columns would be refined, and why the others not; write nothing.
  denograd clean houses.csv --target price --method published --cv 5
      The published rule, each fifth of the rows by a network that has not seen it.
  denograd clean *.csv.gz --target temperature --series --output cleaned
      Several files, into the folder cleaned, and a line on each of them.
  denograd clean large.parquet --target price --noise 10% --sample 100000 --report page.html
      Learn from some of the rows, refine all, a part at a time; a page on what moved and why.

"""

PACKAGE = Path(__file__).parents[1]

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

PUBLISHED = (
    "backbone", "rule", "nrr", "threshold", "iterations", "epochs", "cv", "window", "horizon",
    "device",
)  # fmt: skip
"""Options of the published method; None where they are not given."""

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
        description="Clean noisy data by what a model of them says.",
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"denograd {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="command", dest="command"
    )
    clean = commands.add_parser(
        "clean",
        help="refine the columns of numbers of a CSV or Parquet file",
        description=(
            "Predict each value of a CSV or Parquet file from the others, in a series from the\n"
            "steps around it, and move it there as far as the noise dictates; or, with --method\n"
            "published, train a network to predict one column and move all towards what it has\n"
            "learnt. Columns that hold no measurements, such as text, dates, identifiers and\n"
            "codes, and cells that do not move, are written as they were read."
        ),
        epilog=_EXAMPLES + _STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    clean.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="file",
        help="CSV (also .gz, .bz2, .xz, .zip) or Parquet; never changed",
    )
    _add_data_options(clean)
    _add_method_options(clean)
    _add_published_options(clean)
    _add_result_options(clean)
    noise = commands.add_parser(
        "noise",
        help="tell how noisy the columns of a file are, or can be at most",
        description=(
            "Tell how noisy each column of measurements is. In a series that is estimated, give\n"
            "or take its standard error; a table only says how noisy a column can be at most."
        ),
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    noise.add_argument("file", type=Path, help="the CSV or Parquet file")
    _add_data_options(noise, required=False)
    noise.add_argument(
        "--seed", type=_whole, default=0, metavar="N", help="of a table (default: 0)"
    )
    commands.add_parser("rules", help="list the step rules and networks of the published method")
    return parser


def plug_ins() -> str:
    """Return the step rules and networks there are, each with what it is."""
    folders = {"step rules": ("rules", "-"), "networks": ("networks", "_")}
    lines = []
    for title, (folder, joint) in folders.items():
        found = described(PACKAGE / folder, joint)
        width = max(map(len, found))
        lines += [f"{title}:", *(f"  {name:{width}}  {what}" for name, what in found.items())]
    return "\n".join(lines) + "\n"


def _add_data_options(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument(
        "--target",
        required=required,
        action="append",
        metavar="NAMES",
        help="column to predict, or several, each from those that are no targets"
        + ("" if required else " (default: the first)"),
    )
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
        help="leave these columns as they are; they are not looked at either",
    )
    data.add_argument("--series", action="store_true", help="rows are time steps, in order")
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
    method.add_argument(
        "--method",
        choices=["calibrated", "published"],
        default="calibrated",
        metavar="NAME",
        help="calibrated: as far as the noise dictates (default); published: the published rule",
    )
    method.add_argument(
        "--noise",
        action="append",
        type=_noise,
        metavar="LEVEL",
        help="how noisy the data are, as a standard deviation: NAME=0.5 in the units of a column "
        "(repeatable; the others hold none) or 10%% of that of each column; a table needs it "
        "(default for a series: estimated)",
    )
    method.add_argument(
        "--gross-errors",
        action="store_true",
        help="of a series: replace values far from what the steps around them say, spikes too",
    )
    method.add_argument("--keep-target", action="store_true", help="refine the other columns only")
    method.add_argument(
        "--sample",
        type=_rows,
        metavar="ROWS",
        help="learn from so many random rows of a table, and refine all by that; Parquet is then "
        "read and written in parts, so it may be larger than memory",
    )
    method.add_argument(
        "--seed",
        type=_whole,
        default=0,
        metavar="N",
        help="equal seeds, equal results (default: 0)",
    )


def _add_published_options(parser: argparse.ArgumentParser) -> None:
    method = parser.add_argument_group("published method")
    networks = list(named(PACKAGE / "networks"))
    # The calibrated step has a method of its own, which predicts each value from the others too.
    rules = [name for name in named(PACKAGE / "rules", "-") if name != "calibrated"]
    method.add_argument(
        "--backbone",
        choices=networks,
        metavar="NAME",
        help=f"network: {', '.join(networks)} (default: mlp for a table, lstm for a series)",
    )
    method.add_argument(
        "--rule",
        choices=rules,
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
        metavar="N",
        help="training epochs at most; it stops early (default: 100)",
    )
    method.add_argument(
        "--cv",
        type=_folds,
        metavar="K",
        help="refine each of K folds by a network that has not seen it",
    )
    method.add_argument(
        "--window",
        type=_count,
        metavar="STEPS",
        help="of a series: steps that the network sees (default: 24)",
    )
    method.add_argument(
        "--horizon",
        type=_count,
        metavar="STEPS",
        help="of a series: how many steps after the last one it predicts (default: 1)",
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
        "--report",
        type=Path,
        metavar="FILE",
        help="a page on what moved and why (.html), or a list of every value that moved (.csv)",
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


def _whole(text: str) -> int:
    return _parsed(int, text, 0, "a whole number of at least 0")


def _count(text: str) -> int:
    return _parsed(int, text, 1, "a whole number of at least 1")


def _rows(text: str) -> int:
    return _parsed(int, text, 2, "a number of rows, at least 2")


def _folds(text: str) -> int:
    return _parsed(int, text, 2, "a number of folds, at least 2")


def _number(text: str) -> float:
    return _parsed(float, text, 0.0, "a number of at least 0")


def _separator(text: str) -> str:
    character = "\t" if text == "\\t" else text
    if len(character) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a single character")
    return character


def _noise(text: str) -> tuple[str, float]:
    """Read `temp=0.5` as the level of a column, and `10%` as a share, which has no name."""
    name, _, level = text.rpartition("=")
    share = not name and level.endswith("%")
    try:
        value = float(level.removesuffix("%")) / 100.0 if share else float(level)
    except ValueError:
        value = math.nan
    if not ((name or share) and 0.0 <= value < math.inf):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither like temp=0.5, in the units of a column, nor like 10%, of each "
            "column's standard deviation"
        )
    return name, value


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
