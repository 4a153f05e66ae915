"""The `denograd` command; what takes long to import is imported when it is needed."""

from __future__ import annotations

import argparse
import io
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

from denograd.clean.options import UsageError, command_parser

if TYPE_CHECKING:
    from denograd.clean.cleaning import Changes, Quality
    from denograd.clean.columns import Selection
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
        _clean(command_parser().parse_args(arguments))
    except UsageError as error:
        _tell(f"denograd: {error}")
        return USAGE_ERROR
    except KeyboardInterrupt:
        _tell("denograd: interrupted, nothing was written")
        return INTERRUPTED
    return 0


def _clean(options: argparse.Namespace) -> None:
    """Do what the command line asks for, or raise a UsageError."""
    from denograd.clean.files import CleaningError

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
    from denograd.clean.columns import select, time_column
    from denograd.clean.files import check_outputs, read_table, written_together

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
    from denograd.clean import summary

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
                from denograd.clean.plots import before_after, save

                save(before_after(changes.before, changes.after, options.series, times), file)
    if not options.quiet:
        lines = summary.lines(source, table, selection, denoiser, quality, changes)
        sys.stdout.write("\n".join([*lines, *summary.written(outputs)]) + "\n")
        sys.stdout.flush()
    if quality is not None and not quality.beats_mean:
        _tell(f"denograd: warning: {summary.no_skill(selection.target, quality)}")


def _outputs(options: argparse.Namespace) -> dict[str, Path]:
    """Return what is to be written where; the kinds are those of the flags."""
    from denograd.clean.files import PARQUET, CleaningError

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
    from denograd.clean.files import CleaningError
    from denograd.estimator import DenoGradDenoiser
    from denograd.rules import rule_class

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
        refine="X" if options.keep_target else "both",
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

    from denograd.clean.files import CleaningError

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise CleaningError(f"there is no device {name!r} here: leave --device out") from None


def _refine(denoiser: DenoGradDenoiser, selection: Selection) -> tuple[Changes, Quality | None]:
    """Refine, with what can go wrong said in the words of the command line."""
    import torch

    from denograd.clean.cleaning import refine
    from denograd.clean.files import CleaningError

    try:
        return refine(denoiser, selection.values)
    except (ValueError, FloatingPointError, ImportError) as error:
        raise CleaningError(_in_flags(str(error))) from None
    except torch.OutOfMemoryError:
        raise CleaningError("the device has too little memory: try --device cpu") from None


def _in_flags(message: str) -> str:
    """Return a message with flags in the place of the parameters that they stand for."""
    return re.sub(r"\b(\w+)\b", lambda word: _FLAGS.get(word[1], word[1]), message)


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")
