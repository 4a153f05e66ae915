"""A file cleaned: read, refined, written, and what is told about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from denograd.cleaning import plots, summary, timeline
from denograd.cleaning.columns import Selection, require_known, select
from denograd.cleaning.files import (
    PARQUET,
    CleaningError,
    CsvStyle,
    beside,
    check_outputs,
    read_table,
    written_together,
)
from denograd.cleaning.limits import Limits
from denograd.cleaning.options import PUBLISHED

PICTURES = (".png", ".pdf", ".svg")

_UNKNOWN = (
    "a table does not tell noise from what its columns cannot explain, so nothing was written: say "
    "it, as --noise {target}=LEVEL in the units of each noisy column, or as --noise 10% of the "
    "standard deviation of all; or run the published rule, --method published"
)


def run(options: argparse.Namespace, tell: Callable[[str], None]) -> None:
    """Do what the command line asks for.

    Parameters
    ----------
    options : Namespace
        As `denograd.cleaning.options` gives them.
    tell : callable
        Shows a message beside the summary.

    Raises
    ------
    CleaningError
        When something stands in the way; then nothing has been written.
    """
    source: Path = options.file
    _check_method(options)
    style = CsvStyle(options.separator, options.decimal, options.encoding, options.comment)
    table = read_table(source, style)
    for name, _ in (*(options.noise or ()), *(options.bounds or ())):
        require_known(name or options.target, table.names)  # a share of --noise has no name
    outputs = _outputs(options)
    check_outputs(source, list(outputs.values()), force=options.force)

    selection = select(
        table,
        options.target,
        None if options.columns is None else _names(options.columns, table.names),
        _names(options.exclude or [], table.names),
        series=options.series,
        drop_missing=options.drop_missing,
    )
    if options.keep_target and not selection.features:
        raise CleaningError(f"--keep-target leaves nothing to refine beside {options.target!r}")
    limits = _limits(options, selection)
    # What can be refused at once has been: now torch, which takes seconds to import.
    from denograd.cleaning import method

    values = selection.values
    denoiser = method.denoiser_of(options, values)
    times = timeline.time_column(selection.table, selection.left) if options.series else None
    irregular = [] if times is None else list(timeline.irregular(selection.table, times))
    for note in (*selection.remarks, *irregular):
        tell(f"denograd: note: {note}")
    told = list(summary.choice(source, selection, limits, irregular))
    if options.method == "calibrated" and not options.series:
        silent = options.dry_run or options.quiet
        if not silent:
            tell("denograd: learning what the columns say of each other")
        if not options.noise:
            if not silent:
                told += summary.bounds(method.bounds(denoiser, values))
            if not options.quiet:
                _print(told)
            raise CleaningError(_UNKNOWN.format(target=options.target))
    if options.dry_run:
        return _print([*told, *summary.planned(outputs)])

    changes = method.refine(denoiser, values, limits, options.keep_target)
    refined = {str(name): values.to_numpy() for name, values in changes.after.items()}
    cleaned = selection.table.with_values(refined)
    with written_together(source, list(outputs.values()), force=options.force) as files:
        for kind, file in zip(outputs, files, strict=True):
            if kind == "output":
                cleaned.write(file)
            elif kind == "report":
                changes.to_frame().to_csv(file, index=False)
            else:
                figure = plots.before_after(changes.before, changes.after, options.series, times)
                plots.save(figure, file)
    outcome, warnings = summary.calibrated, summary.too_noisy(denoiser, values)
    if options.method == "published":
        outcome, warnings = summary.published, summary.without_skill(selection.target, denoiser)
    if not options.quiet:
        told += outcome(selection, limits, denoiser, changes)
        _print([*told, *summary.written(outputs)])
    for warning in warnings:
        tell(f"denograd: warning: {warning}")
    return None


def _check_method(options: argparse.Namespace) -> None:
    """Refuse options that the method does not have."""
    if options.method == "published":
        if options.noise or options.gross_errors:
            raise CleaningError("--noise and --gross-errors have no effect with --method published")
        if not options.series and (options.window or options.horizon):
            raise CleaningError("--window and --horizon have an effect with --series only")
        return
    if given := [f"--{name}" for name in PUBLISHED if getattr(options, name) is not None]:
        raise CleaningError(
            f"{', '.join(given)} belong{'s' * (len(given) == 1)} to the published rule: add "
            f"--method published, or leave {'it' if len(given) == 1 else 'them'} out"
        )
    if options.gross_errors and not options.series:
        raise CleaningError("--gross-errors has an effect with --series only")


def _outputs(options: argparse.Namespace) -> dict[str, Path]:
    """Return what is to be written where; the kinds are those of the flags."""
    source: Path = options.file
    usual = beside(source, "cleaned")
    output = options.output or usual
    was, suffix = source.suffix.lower(), output.suffix.lower()
    if suffix == ".zip" or (suffix in PARQUET) != (was in PARQUET):
        raise CleaningError(
            f"{output} cannot be written: the result has the format of {source.name}, "
            f"so call it {output.stem}{usual.name.rpartition('.cleaned')[2]}"
        )
    if options.plot is not None and options.plot.suffix.lower() not in PICTURES:
        raise CleaningError(f"{options.plot} has to end in {', '.join(PICTURES)}")
    outputs = {"output": output, "report": options.report, "plot": options.plot}
    return {kind: path for kind, path in outputs.items() if path is not None}


def _limits(options: argparse.Namespace, selection: Selection) -> Limits:
    """Return the limits that the options set; they have to be those of refined columns."""
    given = dict(options.bounds or ())
    moving = set(selection.values) - ({selection.target} if options.keep_target else set())
    for name in given:
        if name not in moving:
            raise CleaningError(f"--bounds: the column {name!r} is not refined")
    whole = selection.whole if options.round_integers else frozenset()
    return Limits.of(selection.values, given, whole)


def _names(given: Sequence[str], known: Sequence[str]) -> list[str]:
    """Split lists of names at their commas, unless a name has one itself."""
    return [
        name
        for text in given
        for name in ([text] if text in known else map(str.strip, text.split(",")))
    ]


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
