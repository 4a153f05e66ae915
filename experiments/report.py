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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from experiments.layout import Table
    from experiments.outputs import Output
    from experiments.page import Contents
    from experiments.tables import View

FAILURE, USAGE_ERROR = 1, 2
#: Experiments whose name begins so are ablations: their reports share a folder and an index.
ABLATION, ABLATIONS = "ablation_", "ablations"
LONG_TABLE = "long.csv"
PAGE = "report.html"
TITLE = "Benchmark of denoisers"
DESCRIPTION = """\
Collect the records of the benchmark into one long table (CSV) and write the tables
(Markdown, LaTeX, CSV) and figures (PNG, PDF) that follow from it, and all of them on one
page (report.html) that needs no network. The main table is printed as well.
"""
EXAMPLES = """\
examples:
  python -m experiments.report                           all records below results
  python -m experiments.report --experiment quick        those of one named experiment
  python -m experiments.report --experiment real --out paper/tables
  python -m experiments.report --results /data/results   records that lie elsewhere
  python -m experiments.report --archive                 every experiment of results/long.csv.gz

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
        0 when the report is written, 1 when it cannot be, 2 when there are no records.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    from experiments.files import StoreError, no_room

    try:
        return _report(options, shlex.join(["python", "-m", "experiments.report", *arguments]))
    except (StoreError, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        _refuse(no_room(error))
        return FAILURE


def _report(options: argparse.Namespace, command: str) -> int:
    from experiments.long_table import read_long_table

    if options.archive:
        return _report_archive(options.results, options.out or options.results)
    named = options.experiment
    long_table = read_long_table(options.results, named, "experiments.report")
    archived = _is_archived(long_table, options)
    if long_table.empty:
        what = f"of experiment {options.experiment!r} " if options.experiment else ""
        wanted = f" experiment={options.experiment}" if options.experiment else ""
        return _refuse(
            f"no records {what}below {options.results / 'runs'}; "
            f"run the benchmark first: python -m experiments{wanted}"
        )
    out = options.out or options.results / folder_of(options.experiment or "all")
    names = _outputs_of(options.experiment)
    written = write_report(long_table, out, command, names, archived, experiment=named)
    _print(main_tables(long_table, shutil.get_terminal_size((100, 24)).columns))
    _print(f"{len(written)} files in {out}: start with {out / 'README.md'}")
    return 0


def write_report(
    long_table: pd.DataFrame,
    out: Path,
    command: str | None = None,
    names: Iterable[str] | None = None,
    archived: bool = False,
    contents: Contents | None = None,
    experiment: str | None = None,
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
    archived
        Whether the archive in the folder above holds these very rows: then they are not written
        once more, and the index points there and to the page of the whole archive.
    contents
        Takes up the tables and figures, for one page of several reports; None writes a page of this
        one.
    experiment
        The named experiment that the rows are of; None takes the name of the folder.

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
    from experiments.files import remove_stale, temporary_files, write_text
    from experiments.outputs import chosen
    from experiments.page import Contents, write_page
    from experiments.tables import views

    command = command or "python -m experiments.report"
    outputs, found = chosen(names), views(long_table)
    out.mkdir(parents=True, exist_ok=True)
    remove_stale(temporary_files(out))
    listed = [] if archived else [_write_long_table(long_table, out)]
    pictures: list[tuple[Path, str, bool]] = []
    lead: list[Table] = []
    experiment = experiment or out.name
    on_page, group = (Contents(), "") if contents is None else (contents, experiment)
    for name, output in outputs.items():
        if tables := output.tables(found):
            on_page.add_tables(name, output.title, tables, group)
            paths = _write_tables(out / name, output.title, tables, command)
            listed += [(path, output.title) for path in paths]
            lead = lead or tables
        pictures += _write_pictures(output, found, out)
    listed += [(path, title) for path, title, _ in pictures]
    shown = [(path, title) for path, title, is_lead in pictures if is_lead]
    for path, title, _ in pictures:
        if path.suffix == ".png":
            on_page.add_image(title, path, group)
    pages: list[Path] = []
    if contents is None:
        pages = [write_page(found, out / PAGE, on_page, command=command, title=TITLE)]
    if not archived:
        listed += [(page, "all of this and every result, to sort and filter") for page in pages]
    index = out / "README.md"
    content = _index(found, lead, shown, listed, command)
    if archived:
        (out / LONG_TABLE).unlink(missing_ok=True)
        up = "/".join(".." for _ in folder_of(experiment).parts)
        content += (
            f"- [long.csv.gz]({up}/long.csv.gz): the long table, one row per cell × regressor; "
            f"`experiments` names `{experiment}` in those of this report\n"
            f"- [{PAGE}]({up}/{PAGE}): every experiment on one page, to sort and filter\n"
        )
    write_text(index, content)
    return [index, *(path for path, _ in listed), *(pages if archived else ())]


def folder_of(experiment: str) -> Path:
    """Where the report on an experiment lies below the results: ablations in a folder of theirs."""
    if experiment.startswith(ABLATION):
        return Path(ABLATIONS, experiment.removeprefix(ABLATION))
    return Path(experiment)


def main_tables(long_table: pd.DataFrame, width: int = 100) -> str:
    """Imp% per dataset × denoiser for both protocols as plain text, a table per condition."""
    from experiments.aggregate import IMP
    from experiments.tables import metric_table, views

    return "\n".join(metric_table(view, IMP).text(max(60, width)) for view in views(long_table))


def _write_long_table(long_table: pd.DataFrame, out: Path) -> tuple[Path, str]:
    from experiments.files import write_text

    path = out / LONG_TABLE
    write_text(path, long_table.to_csv(index=False, lineterminator="\n"))
    return path, "the long table: one row per cell × regressor"


def _report_archive(results: Path, out: Path) -> int:
    """Write the reports of all experiments in the archive, each as ``--experiment`` writes it."""
    from experiments.ablations.index import ablation_index
    from experiments.archive_file import NAME, Archive
    from experiments.files import write_bytes, write_text
    from experiments.long_table import long_table
    from experiments.page import Contents, write_page
    from experiments.page.results import MEMBERSHIP
    from experiments.tables import views

    archive = Archive.read(results / NAME)
    for damage in archive.damage:
        print(f"experiments.report: {damage}", file=sys.stderr)
    if not archive.experiments:
        return _refuse(
            f"there is nothing in {archive.path}; "
            "put records there first: python -m experiments.archive --experiment NAME"
        )
    contents, found = Contents(), []
    studies: dict[str, list[View]] = {}
    for name in archive.experiments:
        command = f"python -m experiments.report --experiment {shlex.quote(name)}"
        rows = long_table(archive.listed(name))
        outputs = _outputs_of(name)
        folder = out / folder_of(name)
        written = write_report(rows, folder, command, outputs, True, contents, name)
        found += views(rows.assign(**{MEMBERSHIP: name}))
        if name.startswith(ABLATION):
            studies[folder.name] = views(rows)
        _print(f"{len(written)} files in {folder}")
    command = "python -m experiments.report --archive"
    if studies:
        index = out / ABLATIONS / "README.md"
        write_text(index, ablation_index(studies))
    page = write_page(found, out / PAGE, contents, command=command, title=TITLE)
    _print(f"{page}: all of it on one page")
    if out != results:
        # The indices point to it.
        write_bytes(out / NAME, archive.path.read_bytes())
    return 0


def _is_archived(long_table: pd.DataFrame, options: argparse.Namespace) -> bool:
    """Whether the archive above the folder that is written to holds exactly these rows."""
    from experiments.long_table import long_table as join
    from experiments.store import Store

    if options.experiment is None or options.out is not None:
        return False
    return long_table.equals(join(Store(options.results).archive.listed(options.experiment)))


def _write_tables(stem: Path, title: str, tables: list[Table], command: str) -> list[Path]:
    from experiments.files import write_text
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
        write_text(path, content)
        paths.append(path)
    return paths


def _write_pictures(output: Output, views: list[View], out: Path) -> list[tuple[Path, str, bool]]:
    """Draw and save the figures of an output: path, title, and whether the index shows it."""
    from experiments.drawing import save

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
    from omegaconf import OmegaConf

    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = compose("config", overrides=[f"experiment={experiment}"])
    named: Any = OmegaConf.to_container(config)
    return report_names(named["report"])


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
        default=Path(os.environ.get("DENOGRAD_RESULTS") or "results"),
        metavar="DIR",
        help="folder of the records (default: results, or what DENOGRAD_RESULTS says)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--experiment", metavar="NAME", help="only the records of this experiment (default: all)"
    )
    which.add_argument(
        "--archive",
        action="store_true",
        help="a report on every experiment in RESULTS/long.csv.gz, from that file alone",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder to write to (default: RESULTS/NAME, or all; for --archive RESULTS)",
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
