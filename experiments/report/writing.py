"""Writing a report: its long table, tables, figures, page and index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd

from experiments.analysis.aggregate import IMP
from experiments.analysis.view import View, views
from experiments.files import remove_stale, temporary_files, write_text
from experiments.report.figures import _drawing
from experiments.report.outputs import Output, chosen
from experiments.report.page import Contents, write_page
from experiments.report.table import Table, to_csv
from experiments.report.tables._cells import metric_table
from experiments.report.what_was_run import what_was_run
from experiments.words import ABLATION

ABLATIONS = "ablations"
ARCHIVE = "records.jsonl.gz"
LONG_TABLE = "long.csv"
PAGE = "report.html"
TITLE = "Benchmark of denoisers"


def write_report(
    long_table: pd.DataFrame,
    out: Path,
    command: str = "python -m experiments report",
    names: Iterable[str] | None = None,
    archived: bool = False,
    contents: Contents | None = None,
    experiment: str | None = None,
    studies: Mapping[str, Sequence[View]] | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Write the long table, the tables and figures that follow from it, and an index of them.

    Parameters
    ----------
    long_table
        A row per cell × regressor, as made by `experiments.store.long_table.read_long_table`.
    out
        Folder to write to; created if it is not there.
    command
        The command that made this report, for the files' headers.
    names
        What to write, of `experiments.report.outputs.outputs`; None takes the standard outputs.
    archived
        Whether the archive in the folder above holds these very rows: then they are not written
        once more, and the index points there and to the page of the whole archive.
    contents
        Takes up the tables and figures, for one page of several reports; None writes a page of this
        one.
    experiment
        The named experiment that the rows are of; None takes the name of the folder.
    studies
        Views of other experiments that the outputs speak of.
    tell
        Told of each output, and of the page, before it is made.

    Returns
    -------
    list of Path
        The files written, the index first.
    """
    outputs, found = chosen(names), views(long_table)
    out.mkdir(parents=True, exist_ok=True)
    remove_stale(temporary_files(out))
    listed = [] if archived else [write_long_table(long_table, out)]
    pictures: list[tuple[Path, str, bool]] = []
    lead: list[Table] = []
    experiment = experiment or out.name
    on_page, group = (Contents(), "") if contents is None else (contents, experiment)
    for name, output in outputs.items():
        tell(f"{name} in {out}")
        if tables := output.tables(found, studies):
            on_page.add_tables(name, output.title, tables, group)
            paths = _write_tables(out / name, output.title, tables, command)
            listed += [(path, output.title) for path in paths]
            lead = lead or tables
        pictures += _write_pictures(output, found, out, on_page, group)
    listed += [(path, title) for path, title, _ in pictures]
    shown = [
        (path, title) for path, title, is_lead in pictures if is_lead and path.suffix == ".png"
    ]
    pages: list[Path] = []
    if contents is None:
        tell(f"{PAGE} in {out}")
        pages = [write_page(found, out / PAGE, on_page, command=command, title=TITLE)]
    if not archived:
        listed += [(page, "all of this and every result, to sort and filter") for page in pages]
    index = out / "README.md"
    content = _index(found, lead, shown, listed, command, archived)
    if archived:
        (out / LONG_TABLE).unlink(missing_ok=True)
        up = "/".join(".." for _ in folder_of(experiment).parts)
        content += (
            f"- [{ARCHIVE}]({up}/{ARCHIVE}): the records; `experiments` names `{experiment}` in "
            "those of this report\n"
            f"- `{up}/{LONG_TABLE}`, `{up}/{PAGE}`: every experiment as one long table, and on one "
            "page to sort and filter\n\n"
            "Files without a link are not in git: `make tables` writes them.\n"
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
    return "\n".join(metric_table(view, IMP).text(max(60, width)) for view in views(long_table))


def write_long_table(long_table: pd.DataFrame, out: Path) -> tuple[Path, str]:
    """Write the long table as CSV; its path, and what to say of it."""
    path = out / LONG_TABLE
    write_text(path, long_table.to_csv(index=False, lineterminator="\n"))
    return path, "the long table: one row per cell × regressor"


def _write_tables(stem: Path, title: str, tables: list[Table], command: str) -> list[Path]:
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


def _write_pictures(
    output: Output, views: list[View], out: Path, on_page: Contents, group: str
) -> list[tuple[Path, str, bool]]:
    """Draw, save and put on the page: path, title, and whether the index shows it."""
    found = []
    for picture in output.pictures(views):
        paths = _drawing.save(picture.figure, out / picture.stem)
        found += [(path, picture.title, picture.lead) for path in paths]
        on_page.add_image(picture, group)
    return found


def _index(
    views: list[View],
    lead: list[Table],
    shown: list[tuple[Path, str]],
    listed: list[tuple[Path, str]],
    command: str,
    archived: bool,
) -> str:
    pictures = [f"![{title}]({path.name})" for path, title in shown]
    linked = {path for path, _ in listed}
    if archived:
        # Only these are in git; the others are made from the archive.
        linked = {path for path in linked if path.suffix == ".md"} | {path for path, _ in shown}
    names = {
        path: f"[{path.name}]({path.name})" if path in linked else f"`{path.name}`"
        for path, _ in listed
    }
    files = [
        f"- {', '.join(names[path] for path, _ in same)}: {title}"
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
