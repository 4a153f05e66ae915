"""The `denograd` command; what takes long to import is imported when it is needed."""

from __future__ import annotations

import argparse
import io
import math
import pkgutil
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from denograd import __version__

if TYPE_CHECKING:
    from denograd.cleaning import Changes, Quality
    from denograd.columns import Selection
    from denograd.estimator import DenoGradDenoiser

USAGE_ERROR = 2
INTERRUPTED = 130
PICTURES = (".png", ".pdf", ".svg")

_FLAGS = {
    "nrr": "--nrr",
    "nr_threshold": "--threshold",
    "max_epochs": "--iterations",
    "backbone_epochs": "--epochs",
    "window_size": "--window",
    "cv": "--cv",
    "random_state": "--seed",
}
"""The denoiser's parameters that have a flag of another form."""

_FOR_USERS = (UserWarning, RuntimeWarning)

_EXAMPLES = """\
examples:
  denograd clean houses.csv --target price
      Refine every column of numbers; the result is houses.cleaned.csv.
  denograd clean houses.csv --target price --exclude id,zipcode --plot picture.png
      Leave two columns as they are, and draw what has changed.
  denograd clean weather.csv --target temperature --series --window 48 --output smooth.csv
      Rows in time order; the network sees 48 steps to predict the next one.
  denograd clean houses.csv --target price --cv 5 --report changes.csv
      Refine each fifth of the rows by a network that has not seen it; list every change.
"""


class UsageError(Exception):
    """A mistake in the command line, in one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 when the result is written, 2 when something stands in the way, 130 after Ctrl-C. In
        the last two cases no file has been written.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A column's name that the terminal cannot show is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        _clean(_parser().parse_args(arguments))
    except UsageError as error:
        _tell(f"denograd: {error}")
        return USAGE_ERROR
    except KeyboardInterrupt:
        _tell("denograd: interrupted, nothing was written")
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
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
            "move all of them towards what it has learnt. Columns that hold no numbers, and cells\n"
            "that do not move, are written as they were read."
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
        help="only these columns and the target, separated by commas",
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
        default=".",
        metavar="C",
        help="inside numbers, a point or a comma (default: a point)",
    )
    data.add_argument("--encoding", metavar="NAME", help="of the text (default: UTF-8)")


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
        help="step size, in standard deviations under the rule normalized (default there: 0.01)",
    )
    method.add_argument(
        "--threshold",
        type=_number,
        metavar="X",
        help="rows whose error is at most so many standard deviations rest (default: 0.1)",
    )
    method.add_argument(
        "--iterations", type=_count, metavar="N", help="steps at most (default: 150)"
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


def _clean(options: argparse.Namespace) -> None:
    """Do what the command line asks for, or raise a UsageError."""
    from denograd.tablefiles import CleaningError

    with warnings.catch_warnings(record=True) as caught:
        try:
            _run(options)
        except CleaningError as error:
            raise UsageError(error) from None
        except OSError as error:
            known = error.filename and error.strerror
            raise UsageError(f"{error.filename}: {error.strerror}" if known else error) from None
    meant = [warning for warning in caught if issubclass(warning.category, _FOR_USERS)]
    for text in dict.fromkeys(str(warning.message) for warning in meant):
        _tell(f"denograd: warning: {_in_flags(text)}")


def _run(options: argparse.Namespace) -> None:
    """Read, refine, write, and tell."""
    from denograd.columns import select, time_column
    from denograd.tablefiles import check_outputs, read_table, written_together

    source: Path = options.file
    if not options.series and (options.window or options.horizon):
        raise UsageError("--window and --horizon have an effect with --series only")
    table = read_table(source, options.separator, options.decimal, options.encoding)
    outputs = _outputs(options)
    check_outputs(source, list(outputs.values()), force=options.force)

    selection = select(
        table,
        options.target,
        None if options.columns is None else _names(options.columns, table.names),
        _names(options.exclude or [], table.names),
        series=options.series,
    )
    # What can be refused at once has been: now torch, which takes seconds to import.
    from denograd import summary

    denoiser = _denoiser(options, table.n_rows)
    times = time_column(table, selection.left) if options.series else None
    for note in (*selection.remarks, *summary.out_of_order(table, times)):
        _tell(f"denograd: note: {note}")

    changes, quality = _refine(denoiser, selection)
    refined = {str(name): values.to_numpy() for name, values in changes.after.items()}
    cleaned = table.with_values(refined)
    with written_together(source, list(outputs.values()), force=options.force) as files:
        for kind, file in zip(outputs, files, strict=True):
            if kind == "output":
                cleaned.write(file)
            elif kind == "report":
                changes.to_frame().to_csv(file, index=False)
            else:
                from denograd.plots import before_after, save

                save(before_after(changes.before, changes.after, options.series, times), file)
    if not options.quiet:
        lines = summary.lines(source, table, selection, denoiser, quality, changes)
        sys.stdout.write("\n".join([*lines, *summary.written(outputs)]) + "\n")
        sys.stdout.flush()
    if quality is not None and not quality.beats_mean:
        _tell(f"denograd: warning: {summary.no_skill(selection.target, quality)}")


def _outputs(options: argparse.Namespace) -> dict[str, Path]:
    """Return what is to be written where; the kinds are those of the flags."""
    from denograd.tablefiles import PARQUET, CleaningError

    source: Path = options.file
    output = options.output or source.with_name(f"{source.stem}.cleaned{source.suffix}")
    if (output.suffix.lower() in PARQUET) != (source.suffix.lower() in PARQUET):
        raise CleaningError(
            f"{output} cannot be written: the result has the format of {source.name}, "
            f"so call it {output.stem}{source.suffix}"
        )
    if options.plot is not None and options.plot.suffix.lower() not in PICTURES:
        raise CleaningError(f"{options.plot} has to end in {', '.join(PICTURES)}")
    outputs = {"output": output, "report": options.report, "plot": options.plot}
    return {kind: path for kind, path in outputs.items() if path is not None}


def _names(given: Sequence[str], known: Sequence[str]) -> list[str]:
    """Split lists of names at their commas, unless a name has one itself."""
    return [
        name
        for text in given
        for name in ([text] if text in known else map(str.strip, text.split(",")))
    ]


def _denoiser(options: argparse.Namespace, n_rows: int) -> DenoGradDenoiser:
    from denograd.estimator import DenoGradDenoiser
    from denograd.rules import rule_class
    from denograd.tablefiles import CleaningError

    steps = {
        "nrr": options.nrr,
        "nr_threshold": options.threshold,
        "max_epochs": options.iterations,
    }
    for parameter, value in steps.items():
        if value is not None and parameter not in rule_class(options.rule).arguments():
            flag = _FLAGS[parameter]
            raise CleaningError(f"{flag} has no effect under the rule {options.rule}")
    window, horizon = options.window or 24, options.horizon or 1
    needed = window + horizon + 1
    if options.series and n_rows < needed:
        raise CleaningError(
            f"windows of {window} steps and horizon {horizon} take a series of at least {needed} "
            f"rows, and this one has {n_rows}: shorten --window"
        )
    if options.device is not None:
        _require_device(options.device)
    domain: Literal["tabular", "series"] = "series" if options.series else "tabular"
    denoiser = DenoGradDenoiser(
        **steps,
        backbone=options.backbone or "auto",
        rule=options.rule,
        denoise_y=not options.keep_target,
        cv=options.cv,
        backbone_epochs=options.epochs,
        domain=domain,
        window_size=window,
        horizon=horizon,
        device=options.device,
        random_state=options.seed,
        progress=not options.quiet,
    )
    reason = denoiser.why_skip(SimpleNamespace(name=options.file, domain=domain))
    if reason is not None:
        raise CleaningError(reason.rstrip("."))
    return denoiser


def _require_device(name: str) -> None:
    import torch

    from denograd.tablefiles import CleaningError

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise CleaningError(f"there is no device {name!r} here: leave --device out") from None


def _refine(denoiser: DenoGradDenoiser, selection: Selection) -> tuple[Changes, Quality | None]:
    """Refine, with what can go wrong said in the words of the command line."""
    import torch

    from denograd.cleaning import refine
    from denograd.tablefiles import CleaningError

    try:
        return refine(denoiser, selection.values)
    except (ValueError, FloatingPointError, ImportError) as error:
        raise CleaningError(_in_flags(str(error))) from None
    except torch.OutOfMemoryError:
        raise CleaningError("the device has too little memory: try --device cpu") from None


def _in_flags(message: str) -> str:
    """Return a message with flags in the place of the parameters that they stand for."""
    return re.sub(r"\b(\w+)\b", lambda word: _FLAGS.get(word[1], word[1]), message)


def _modules(folder: str) -> list[str]:
    """Return the public modules of a folder of this package without importing any."""
    found = pkgutil.iter_modules([str(Path(__file__).parent / folder)])
    return sorted(m.name for m in found if not m.name.startswith("_") and m.name != "base")


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")


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


def _parsed(kind: Callable[[str], Any], text: str, least: float, what: str) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value
