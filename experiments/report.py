"""The report's command: ``python -m experiments.report`` writes tables and figures of the records.

Everything heavy is imported inside the functions, so that ``--help`` stays fast.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from experiments.layout import Table
    from experiments.outputs import Output
    from experiments.tables import View

USAGE_ERROR = 2
DESCRIPTION = """\
Collect the records of the benchmark into one long table (CSV) and write the tables
(Markdown, LaTeX, CSV) and figures (PNG, PDF) that follow from it. The main table is
printed as well.
"""
EXAMPLES = """\
examples:
  python -m experiments.report                           all records below results
  python -m experiments.report --experiment quick        those of one named experiment
  python -m experiments.report --experiment real --out paper/tables
  python -m experiments.report --results /data/results   records that lie elsewhere

What is written for a named experiment is what its file in conf/experiment lists as `report`,
or every standard output. Open README.md in the output folder first: it says what was run and
lists the files.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the report and return the exit status.

    Parameters
    ----------
    arguments
        The command line without the program's name; None takes that of the process.

    Returns
    -------
    int
        0 when the report is written, 2 when there are no records or they cannot be read.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    from experiments.long_table import read_long_table
    from experiments.store import StoreError

    try:
        long_table = read_long_table(options.results, options.experiment)
    except StoreError as error:
        return _refuse(str(error))
    if long_table.empty:
        what = f"of experiment {options.experiment!r} " if options.experiment else ""
        wanted = f" experiment={options.experiment}" if options.experiment else ""
        return _refuse(
            f"no records {what}below {options.results / 'runs'}; "
            f"run the benchmark first: python -m experiments{wanted}"
        )
    out = options.out or options.results / (options.experiment or "all")
    command = shlex.join(["python", "-m", "experiments.report", *arguments])
    try:
        names = _outputs_of(options.experiment)
        written = write_report(long_table, out, command, names)
    except ValueError as error:
        return _refuse(str(error))
    _print(main_tables(long_table, shutil.get_terminal_size((100, 24)).columns))
    _print(f"{len(written)} files in {out}: start with {out / 'README.md'}")
    return 0


def write_report(
    long_table: pd.DataFrame,
    out: Path,
    command: str | None = None,
    names: Iterable[str] | None = None,
) -> list[Path]:
    """Write the long table, the tables and figures that follow from it, and an index of them.

    Parameters
    ----------
    long_table
        A row per cell × regressor, as made by `experiments.long_table.read_long_table`.
    out
        Folder to write to; created if it is not there.
    command
        The command that made this report, for the files' headers.
    names
        What to write, of `experiments.outputs.OUTPUTS`; None takes the standard outputs.

    Returns
    -------
    list of Path
        The files written, the index first.

    Raises
    ------
    ValueError
        If the long table lacks a column, two of its rows stand for the same piece of work, or there
        is no output of a name.
    """
    from experiments.outputs import chosen
    from experiments.tables import views

    command = command or "python -m experiments.report"
    outputs, found = chosen(names), views(long_table)
    out.mkdir(parents=True, exist_ok=True)
    long_csv = out / "long.csv"
    long_table.to_csv(long_csv, index=False, lineterminator="\n")
    listed = [(long_csv, "the long table: one row per cell × regressor")]
    pictures: list[tuple[Path, str, bool]] = []
    lead: list[Table] = []
    for name, output in outputs.items():
        if tables := output.tables(found):
            paths = _write_tables(out / name, output.title, tables, command)
            listed += [(path, output.title) for path in paths]
            lead = lead or tables
        pictures += _write_pictures(output, found, out)
    listed += [(path, title) for path, title, _ in pictures]
    shown = [(path, title) for path, title, is_lead in pictures if is_lead]
    index = out / "README.md"
    content = _index(found, lead, shown, listed, command)
    index.write_text(content, encoding="utf-8", newline="\n")
    return [index, *(path for path, _ in listed)]


def main_tables(long_table: pd.DataFrame, width: int = 100) -> str:
    """Imp% per dataset × denoiser for both protocols as plain text, a table per condition."""
    from experiments.aggregate import IMP
    from experiments.tables import metric_table, views

    return "\n".join(metric_table(view, IMP).text(max(60, width)) for view in views(long_table))


def _write_tables(stem: Path, title: str, tables: list[Table], command: str) -> list[Path]:
    from experiments.layout import to_csv

    rows = tables[0].csv_rows()[:1] + [row for table in tables for row in table.csv_rows()[1:]]
    contents = {
        ".md": "\n".join([f"# {title}\n\n`{command}`\n", *(t.markdown() for t in tables)]),
        ".tex": "\n".join(
            [f"% {command}\n% needs \\usepackage{{booktabs}}", *(t.latex() for t in tables)]
        ),
        ".csv": to_csv(rows),
    }
    paths = []
    for suffix, content in contents.items():
        path = stem.with_name(stem.name + suffix)
        path.write_text(content, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def _write_pictures(output: Output, views: list[View], out: Path) -> list[tuple[Path, str, bool]]:
    """Draw and save the figures of an output: path, title, and whether the index shows it."""
    from experiments.figures import save

    return [
        (path, picture.title, picture.lead)
        for picture in output.pictures(views)
        for path in save(picture.figure, out / picture.stem)
    ]


def _index(
    views: list[View],
    lead: list[Table],
    shown: list[tuple[Path, str]],
    listed: list[tuple[Path, str]],
    command: str,
) -> str:
    from experiments.overview import what_was_run

    pictures = [f"![{title}]({path.name})" for path, title in shown if path.suffix == ".png"]
    files = [
        f"- {', '.join(f'[{path.name}]({path.name})' for path, _ in same)}: {title}"
        for title, same in groupby(listed, key=lambda entry: entry[1])
    ]
    parts = [
        "# Report",
        f"Made by `{command}`.",
        *(table.markdown().strip() for table in lead),
        *pictures,
        "## What was run",
        what_was_run(views).strip(),
        "## Files",
        "\n".join(files),
    ]
    return "\n\n".join(parts) + "\n"


def _outputs_of(experiment: str | None) -> tuple[str, ...] | None:
    """What the file of a named experiment wants written; None for the standard outputs."""
    from experiments.config import config_dir, report_names

    if experiment is None or not (config_dir() / "experiment" / f"{experiment}.yaml").is_file():
        return None
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return report_names(compose("config", overrides=[f"experiment={experiment}"]).report)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.report",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path(os.environ.get("DENOGRAD_RESULTS", "results")),
        metavar="DIR",
        help="folder of the records (default: results, or what DENOGRAD_RESULTS says)",
    )
    parser.add_argument(
        "--experiment", metavar="NAME", help="only the records of this experiment (default: all)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to (default: RESULTS/NAME, or all)"
    )
    return parser


def _print(text: str) -> None:
    """Print, with a question mark for what the terminal's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def _refuse(message: str) -> int:
    print(f"experiments.report: {message}", file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
