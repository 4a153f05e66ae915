"""The report's command: ``python -m experiments report`` writes tables and figures of the records.

Everything heavy is imported inside the functions, so that ``--help`` stays fast.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import add_results, command_parser

if TYPE_CHECKING:
    import pandas as pd

    from experiments.analysis.view import View
    from experiments.store.records import Record

FAILURE, USAGE_ERROR = 1, 2
DESCRIPTION = """\
Collect the records of the benchmark into one long table (CSV) and write the tables
(Markdown, LaTeX, CSV) and figures (PNG, PDF) that follow from it, and all of them on one
page (report.html) that needs no network. The main table is printed as well.
"""
EXAMPLES = """\
examples:
  python -m experiments report                           all records below results
  python -m experiments report --experiment quick        those of one named experiment
  python -m experiments report --experiment real --out paper/tables
  python -m experiments report --results /data/results   records that lie elsewhere
  python -m experiments report --archive                 every experiment of the archive

What is written for a named experiment is what its file in conf/experiment lists as `report`,
or every standard output. Open README.md in the output folder first: it says what was run and
lists the files.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the report; 1 if it cannot be written, 2 if there are no records."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    from experiments.files import StoreError, no_room

    try:
        return _report(options, shlex.join(["python", "-m", "experiments", "report", *arguments]))
    except (StoreError, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        _refuse(no_room(error))
        return FAILURE


def _report(options: argparse.Namespace, command: str) -> int:
    from experiments.analysis.stand_ins import with_stand_ins
    from experiments.report.writing import folder_of, main_tables, write_report
    from experiments.store.long_table import read_long_table
    from experiments.store.store import Store

    if options.archive:
        return _report_archive(options.results, options.out or options.results)
    named = options.experiment
    _print(f"reading the records in {options.results}")
    names, stand_ins = _wanted_by(named)
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
    store = Store(options.results)
    larger = _tables(stand_ins, store.listed, store.archive.records)
    long_table = with_stand_ins(long_table, larger.values())
    studies = _studies(names, store.listed)
    written = write_report(
        long_table,
        out,
        command,
        names,
        archived,
        experiment=named,
        studies=studies,
        tell=_print,
    )
    _print(main_tables(long_table, shutil.get_terminal_size((100, 24)).columns))
    _print(f"{len(written)} files in {out}: start with {out / 'README.md'}")
    return 0


def _report_archive(results: Path, out: Path) -> int:
    """Write the reports of all experiments in the archive, each as ``--experiment`` writes it."""
    from experiments.analysis.stand_ins import with_stand_ins
    from experiments.analysis.view import views
    from experiments.files import write_bytes, write_text
    from experiments.report.ablation_index import ablation_index
    from experiments.report.page import Contents
    from experiments.report.page.results import MEMBERSHIP
    from experiments.report.page.write import write_page
    from experiments.report.writing import (
        ABLATIONS,
        PAGE,
        TITLE,
        folder_of,
        write_long_table,
        write_report,
    )
    from experiments.store.archive import NAME, Archive
    from experiments.store.long_table import long_table
    from experiments.words import ABLATION

    _print(f"reading {results / NAME}")
    archive = Archive.read(results / NAME)
    for damage in archive.damage:
        print(f"experiments report: {damage}", file=sys.stderr)
    if not archive.experiments:
        return _refuse(
            f"there is nothing in {archive.path}; "
            "put records there first: python -m experiments archive --experiment NAME"
        )
    contents, found = Contents(), []
    studies: dict[str, list[View]] = {}
    for name in archive.experiments:
        command = f"python -m experiments report --experiment {shlex.quote(name)}"
        outputs, stand_ins = _wanted_by(name)
        rows = long_table(archive.listed(name), archive.records())
        larger = _tables(stand_ins, archive.listed, archive.records)
        rows = with_stand_ins(rows, larger.values())
        folder = out / folder_of(name)
        others = _studies(outputs, archive.listed)
        written = write_report(rows, folder, command, outputs, True, contents, name, others)
        of_name = views(rows.assign(**{MEMBERSHIP: name}))
        found += of_name
        if name.startswith(ABLATION):
            studies[folder.name] = of_name
        _print(f"{len(written)} files in {folder}")
    command = "python -m experiments report --archive"
    if studies:
        index = out / ABLATIONS / "README.md"
        write_text(index, ablation_index(studies))
    _print(f"{PAGE} in {out}")
    write_long_table(long_table(archive.records()), out)
    page = write_page(found, out / PAGE, contents, command=command, title=TITLE)
    _print(f"{page}: all of it on one page")
    if out != results:
        # The indices point to it.
        write_bytes(out / NAME, archive.path.read_bytes())
    return 0


def _studies(
    names: tuple[str, ...] | None, listed: Callable[[str], list[Record]]
) -> dict[str, list[View]]:
    """The views of the experiments that the outputs of these names speak of, if they were run."""
    from experiments.analysis.view import views
    from experiments.report.outputs import chosen

    spoken_of = {name: None for output in chosen(names).values() for name in output.studies}
    return {name: views(rows) for name, rows in _tables(spoken_of, listed).items()}


def _tables(
    experiments: Iterable[str],
    listed: Callable[[str], list[Record]],
    beside: Callable[[], Iterable[Record]] = list,
) -> dict[str, pd.DataFrame]:
    """The long tables of those of these experiments that were run; of `beside`, what it says."""
    from experiments.files import StoreError
    from experiments.store.long_table import long_table

    found = {}
    for name in experiments:
        with contextlib.suppress(StoreError):
            if records := listed(name):
                found[name] = long_table(records, beside())
    return found


def _is_archived(long_table: pd.DataFrame, options: argparse.Namespace) -> bool:
    """Whether the archive above the folder that is written to holds exactly these rows."""
    from experiments.store.long_table import long_table as join
    from experiments.store.store import Store

    if options.experiment is None or options.out is not None:
        return False
    archive = Store(options.results).archive
    return long_table.equals(join(archive.listed(options.experiment), archive.records()))


def _wanted_by(experiment: str | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """What the file of a named experiment wants written, and whose runs stand in for its own.

    None for the standard outputs.
    """
    from experiments.settings.compose import report_names, stand_ins
    from experiments.settings.schema import config_dir

    if experiment is None or not (config_dir() / "experiment" / f"{experiment}.yaml").is_file():
        return None, ()
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = compose("config", overrides=[f"experiment={experiment}"])
    named: Any = OmegaConf.to_container(config)
    return report_names(named["report"]), stand_ins(named["stand_ins"])


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("report", DESCRIPTION, EXAMPLES)
    add_results(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--experiment", metavar="NAME", help="only the records of this experiment (default: all)"
    )
    which.add_argument(
        "--archive",
        action="store_true",
        help="a report on every experiment in RESULTS/records.jsonl.gz, from that file alone",
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
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def _refuse(message: str) -> int:
    print(f"experiments report: {message}", file=sys.stderr)
    return USAGE_ERROR
