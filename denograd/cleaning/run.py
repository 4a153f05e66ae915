"""Files cleaned: read, refined, written, and what is told about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from denograd.cleaning import plots, summary, timeline
from denograd.cleaning.columns import require_known, sample_rows, select
from denograd.cleaning.files import (
    PARQUET,
    CleaningError,
    CsvStyle,
    SourceFile,
    SourceTable,
    beside,
    check_outputs,
    read_parts,
    read_table,
    written_together,
)
from denograd.cleaning.limits import limits_of
from denograd.cleaning.options import PUBLISHED

if TYPE_CHECKING:
    from denograd.cleaning.changes import Changes, Tally
    from denograd.cleaning.engine import Engine

PICTURES = (".png", ".pdf", ".svg")
PAGE = (".html", ".htm")

Tell: TypeAlias = Callable[[str], None]


def run(options: argparse.Namespace, tell: Tell) -> int:
    """Clean what the command line names.

    Parameters
    ----------
    options : Namespace
        As `denograd.cleaning.options` gives them.
    tell : callable
        Shows a message beside the summary.

    Returns
    -------
    int
        0, or 1 where some of several files could not be cleaned.

    Raises
    ------
    CleaningError
        When something stands in the way; then nothing has been written.
    """
    _check_method(options)
    first, *others = options.files
    if not others:
        _clean(argparse.Namespace(**vars(options), file=first, several=False), tell)
        return 0
    if options.plot is not None or options.report is not None:
        raise CleaningError("--plot and --report are of one file: clean the files one by one")
    if options.output is not None and not options.output.is_dir():
        raise CleaningError(
            f"--output has to be a folder for several files, {options.output} is none"
        )
    rows: list[tuple[str, ...]] = [
        ("file", "rows", "columns", "moved", "largest change (sd)", "result")
    ]
    failed = 0
    for file in options.files:
        each = vars(options) | {"file": file, "several": True, "quiet": True}
        if options.output is not None:
            each["output"] = options.output / beside(file, "cleaned").name
        try:
            rows.append(_clean(argparse.Namespace(**each), partial(_tell_of, tell, file)))
        except (CleaningError, OSError) as error:
            failed += 1
            tell(f"denograd: {file}: {error}")
            rows.append((str(file), "", "", "", "", "not cleaned"))
    if not options.quiet:
        _print(list(summary.aligned(rows)))
    return 1 if failed else 0


def estimate(options: argparse.Namespace, tell: Tell) -> int:
    """Tell how noisy the columns of a file are; see `run`."""
    table = read_table(options.file, _style(options))
    selection = select(
        table,
        _names(options.target or [], table.names),
        None if options.columns is None else _names(options.columns, table.names),
        _names(options.exclude or [], table.names),
        series=options.series,
        drop_missing=options.drop_missing,
    )
    # Now what takes seconds to import.
    from denograd.cleaning import levels

    for note in selection.remarks:
        tell(f"denograd: note: {note}")
    told = summary.choice(options.file, selection, verb="looked at")
    if options.series:
        return _print([*told, *summary.estimates(levels.of_series(selection))])
    return _print([*told, *summary.bounds(levels.of_table(selection, options.seed))])


def _clean(options: argparse.Namespace, tell: Tell) -> tuple[str, ...]:
    """Clean one file, and return its line in a list of several."""
    source: Path = options.file
    whole, table = _read(options)
    outputs = _outputs(options)
    targets = _names(options.target, table.names)
    for name, _ in (*(options.noise or ()), *(options.bounds or ())):
        require_known(name or targets[0], table.names)  # a share of --noise has no name
    check_outputs(source, list(outputs.values()), force=options.force)

    selection = select(
        table,
        targets,
        None if options.columns is None else _names(options.columns, table.names),
        _names(options.exclude or [], table.names),
        series=options.series,
        drop_missing=options.drop_missing,
    )
    given = dict(options.bounds or ())
    limits = limits_of(selection, given, options.round_integers, options.keep_target)
    # What can be refused at once has been: now torch, which takes seconds to import.
    from denograd.cleaning import engine, levels, method, page

    denoiser = method.denoiser_of(options, selection.values)
    times = timeline.time_column(selection.table, selection.left) if options.series else None
    irregular = [] if times is None else list(timeline.irregular(selection.table, times))
    notes = (*selection.remarks, *irregular)
    for note in notes:
        tell(f"denograd: note: {note}")
    of = whole.n_rows if whole is not table else None
    told = list(summary.choice(source, selection, limits, irregular, of))
    if options.method == "calibrated" and not options.series:
        silent = options.dry_run or options.quiet
        if not silent:
            tell("denograd: learning what the columns say of each other")
        if not options.noise:
            if not silent:
                told += summary.bounds(levels.of_table(selection, options.seed))
            if not options.quiet:
                _print(told)
            raise CleaningError(levels.UNKNOWN.format(target=targets[0]))
    refined_of = (str(source), f"{whole.n_rows:,}", str(len(selection.values.columns)))
    if options.dry_run:
        if not options.several:
            _print([*told, *summary.planned(outputs)])
        return (*refined_of, "", "", "not written (--dry-run)")

    with method.said_in_flags(denoiser):
        learnt = engine.Engine.learn(selection, limits, denoiser, options.keep_target)
    with written_together(source, list(outputs.values()), force=options.force) as files:
        to = dict(zip(outputs, files, strict=True))
        listed = options.report is not None and options.report.suffix.lower() not in PAGE
        lines = to["report"] if listed else None
        tally = _written(learnt, whole, whole is not table, to["output"], lines)
        cleaned = learnt.cleaned(tally, times=times, notes=notes)
        if options.report is not None and not listed:
            to["report"].write_text(page.page(cleaned, f"{source.name}, cleaned"), "utf-8")
        if options.plot is not None:
            plots.save(cleaned.plot(), to["plot"])
    if not options.quiet:
        _print([*told, *summary.outcome(cleaned), *summary.written(outputs)])
    for warning in cleaned.warnings:
        tell(f"denograd: warning: {warning}")
    moved = f"{cleaned.tally.n_moved / cleaned.tally.n_rows:.0%}"
    largest = summary.number(cleaned.by_column["max_sd"].max())
    return (*refined_of, moved, largest, str(outputs["output"]))


def _tell_of(tell: Tell, file: Path, message: str) -> None:
    tell(message.replace("denograd: ", f"denograd: {file}: ", 1))


def _style(options: argparse.Namespace) -> CsvStyle:
    return CsvStyle(options.separator, options.decimal, options.encoding, options.comment)


def _read(options: argparse.Namespace) -> tuple[Any, SourceTable]:
    """Return a table, or a file that is read in parts, and the rows of it to learn from."""
    style = _style(options)
    if options.sample is not None:
        if options.series:
            raise CleaningError("--sample is for a table: steps of a series explain each other")
        if options.cv is not None:
            raise CleaningError("--cv has no fold for rows that were not learnt from: leave it out")
        parts = read_parts(options.file, style)
        rows = sample_rows(parts.n_rows, options.sample, options.seed)
        if rows is not None:
            return parts, parts.take(rows)
    table = read_table(options.file, style)
    return table, table


def _written(learnt: Engine, whole: Any, sampled: bool, output: Path, report: Path | None) -> Tally:
    """Write the refined table, part by part if it is read so, and perhaps a list of changes."""
    tallies: list[Tally] = []

    def refined(parts: Iterator[tuple[SourceTable, Changes]]) -> Iterator[SourceTable]:
        for part, changes in parts:
            if report is not None:
                lines = changes.to_frame()
                lines.to_csv(report, mode="a" if tallies else "w", header=not tallies, index=False)
            tallies.append(changes.tally)
            yield part

    own = learnt.refined()
    if not isinstance(whole, SourceFile):
        whole.write(output, own, refined(map(learnt.refine, whole)))
    else:
        (table,) = refined(iter([learnt.refine(whole) if sampled else (own, learnt.changes)]))
        table.write(output)  # type: ignore[attr-defined]
    return reduce(add, tallies)


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
    if (suffix in PARQUET) != (was in PARQUET):
        raise CleaningError(
            f"{output} cannot be written: the result has the format of {source.name}, "
            f"so call it {output.stem}{usual.name.rpartition('.cleaned')[2]}"
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


def _print(lines: Sequence[str]) -> int:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return 0
