"""Putting the page together: one file, the same bytes for the same input.

What the first screen shows stands in the page as it is. The rest lies in it as parts, JSON that is
deflated and written in base64, which the page reads when it needs them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from experiments.analysis.aggregate import IMP
from experiments.analysis.outcome import main_view, outcome
from experiments.analysis.view import PROTOCOL_ORDER, View
from experiments.files import write_text
from experiments.report.figures._drawing import Picture, outlines, svg
from experiments.report.figures.outcome import outcome_figure
from experiments.report.page import overview
from experiments.report.page.results import FACETS, SIGNS, columnar, merged, result_rows
from experiments.report.symbols import symbols
from experiments.report.table import Row, Section, Table, TableCell
from experiments.report.tables._cells import MEAN, metric_table
from experiments.words import sentence

#: Outputs of a report that have a place of their own on the page.
CLAIMS, EVERY_RESULT = "published", "by_regressor"
#: Verdicts on a claim, each with a sign, so that nothing hangs on its colour.
VERDICTS = {"reproduced": "✓", "partly": "◐", "not": "✗", "open": "~", "cannot be tested": "?"}
# What tables call a facet whose values stand at the heads of rows or columns.
FACETS_BY_NAME = {"method": "denoiser", "methods": "denoiser"} | {name: name for name in FACETS}


@dataclass(frozen=True)
class Group:
    """Tables of one kind below a heading.

    Attributes
    ----------
    title
        The heading.
    tables
        One per condition, or more.
    experiment
        The named experiment that they belong to, where the page is about several.
    """

    title: str
    tables: Sequence[Table]
    experiment: str = ""


@dataclass(frozen=True)
class Image:
    """A figure: its title, what it is of, for the filters, an SVG, and its experiment, if any."""

    title: str
    context: Mapping[str, str]
    svg: str
    experiment: str = ""


@dataclass
class Contents:
    """What a page shows beside what was run and every result.

    Attributes
    ----------
    groups
        The tables, by kind. A table of every single regressor is not needed: the page shows every
        result anyhow.
    images
        The figures.
    claims
        Published statements beside our figures; a cell that says "reproduced", "partly", "not",
        "open" or "cannot be tested" becomes a badge.
    """

    groups: list[Group] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    claims: list[Table] = field(default_factory=list)

    def add_tables(
        self, output: str, title: str, tables: Sequence[Table], experiment: str = ""
    ) -> None:
        """Take over what an output of this name made, but for what the page shows anyhow."""
        if output == CLAIMS:
            self.claims += tables
        elif output != EVERY_RESULT:
            self.groups.append(Group(title, tables, experiment))

    def add_image(self, picture: Picture, experiment: str = "") -> None:
        """Take over a figure."""
        title = f"{picture.title} ({experiment})" if experiment else picture.title
        context = {**picture.context, **({"experiment": experiment} if experiment else {})}
        self.images.append(Image(title, context, svg(picture.figure), experiment))


def write_page(
    views: Sequence[View],
    path: Path,
    contents: Contents | None = None,
    *,
    command: str = "python -m experiments report",
    title: str = "Report",
) -> Path:
    """Write the page of a report.

    Parameters
    ----------
    views
        The conditions of a long table, at least one; or of the long tables of several experiments,
        each with its name in the column ``experiments``.
    path
        The file to write, for example ``results/quick/report.html``; its folder must exist.
    contents
        The tables, figures and claims.
    command
        The command that made the report.
    title
        What the page is called.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no views.
    """
    if not views:
        raise ValueError("a page needs at least one view; the long table has no rows")
    contents = contents or Contents()
    main, told = main_view(views), outcome(views)
    figure = outcome_figure(main.unmarked())
    views = merged(views)
    results = result_rows(views)
    outcomes = list(overview.outcomes(views))
    figures = _by_experiment(contents.images)
    drawn = {name: symbol for view in views for name, symbol in symbols(view).items()}
    tables = {
        "signs": SIGNS | VERDICTS,
        "symbols": {name: [symbol.colour, *outlines(symbol)] for name, symbol in drawn.items()},
        "main": [_table(_means_first(metric_table(main, IMP)))],
        "claims": list(map(_table, contents.claims)),
        "run": [
            _listing("Runs by dataset and condition", overview.runs(views, results)),
            *([_listing("Runs without a result, and why", outcomes)] if outcomes else []),
            *(_table(overview.coverage(view)) for view in views),
        ],
        "tables": _grouped(contents.groups),
        "figures": [
            [name, [[sentence(image.title), image.context] for image in of]]
            for name, of in figures.items()
        ],
    }
    page = _TEMPLATES.get_template("page.html").render(
        title=title,
        command=command,
        contents=contents,
        told=told,
        main=main,
        figure=figure and svg(figure),
        cards=_cards(contents.claims, main),
        facts=overview.facts(views),
        outcomes=outcomes,
        counts={
            "tables": sum(len(group.tables) for group in contents.groups),
            "figures": len(contents.images),
            "results": len(results),
        },
        parts={
            "tables": tables,
            "results": columnar(results),
            **{
                f"figures-{i}": [image.svg for image in of] for i, of in enumerate(figures.values())
            },
        },
        script=_asset("page.js"),
        style=_asset("page.css"),
    )
    write_text(path, page)
    return path


def _table(table: Table, experiment: str = "") -> dict[str, Any]:
    """A table as the page reads it: texts alone, from which it tells numbers and words."""
    return {
        "title": sentence(table.title),
        "stub": table.stub,
        "context": table.context | ({"experiment": experiment} if experiment else {}),
        "keys": [FACETS_BY_NAME.get(name, "") for name in (table.stub, *table.axes)],
        "columns": [[c.group, c.title, int(c.prose)] for c in table.columns],
        "sections": [
            [section.title, [[row.label, list(map(_cell, row.cells))] for row in section.rows]]
            for section in table.sections
        ],
        "notes": [*table.notes, *filter(None, [table.interval_note])],
    }


def _cell(cell: TableCell) -> str | list[str]:
    return [cell.text, cell.interval] if cell.interval else cell.text


def _listing(title: str, lines: Iterable[overview.Line]) -> dict[str, Any]:
    """Lines of texts and counts as a table; its columns are those of the first."""
    listed = list(lines)
    stub, *names = listed[0][0]
    return {
        "title": title,
        "stub": stub,
        "context": {},
        "keys": ["", "", ""],
        "columns": [["", name, int(name == "reason")] for name in names],
        "sections": [
            [
                "",
                [
                    [str(cells.pop(stub)), [*map(_shown, cells.values())], facets]
                    for cells, facets in listed
                ],
            ]
        ],
        "notes": [],
    }


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _means_first(table: Table) -> Table:
    """The same with the means over all datasets before those of each."""
    order = sorted(range(len(table.columns)), key=lambda i: table.columns[i].group != MEAN)
    sections = (
        Section(title, tuple(Row(row.label, tuple(row.cells[i] for i in order)) for row in rows))
        for title, rows in ((section.title, section.rows) for section in table.sections)
    )
    columns = tuple(table.columns[i] for i in order)
    return replace(table, columns=columns, sections=tuple(sections))


def _grouped(groups: Sequence[Group]) -> list[Any]:
    """Tables below the names of their experiments, or of their kinds where there is one."""
    found: dict[str, list[Any]] = {}
    for group in groups:
        listed = found.setdefault(group.experiment or group.title, [])
        listed += [_table(table, group.experiment) for table in group.tables]
    return list(found.items())


def _by_experiment(images: Sequence[Image]) -> dict[str, list[Image]]:
    found: dict[str, list[Image]] = {}
    for image in images:
        found.setdefault(image.experiment, []).append(image)
    return found


def _cards(claims: Sequence[Table], main: View) -> list[dict[str, Any]]:
    """Every claim with the published figure and ours, of the condition that compares the most."""
    tables = [table for table in claims if any(c.title == "paper" for c in table.columns)]
    tables.sort(key=lambda table: table.context != main.condition.context)
    cards = []
    for table in tables[:1]:
        for row in table.sections[0].rows:
            cells = {
                (c.group, c.title): cell.text
                for c, cell in zip(table.columns, row.cells, strict=True)
            }
            found = [
                (protocol, verdict, cells.get((protocol, "ours"), ""))
                for protocol in PROTOCOL_ORDER
                if (verdict := cells.get((protocol, "verdict")))
            ]
            cards.append({"name": row.label, "paper": cells["", "paper"], "found": found})
    return cards


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _part(content: Any) -> str:
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return _base64(zlib.compress(text.encode(), 9))


def _digest(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


_TEMPLATES = Environment(
    loader=PackageLoader("experiments.report.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["signs"] = VERDICTS
_TEMPLATES.filters |= {
    "base64": lambda text: _base64(text.encode()),
    "digest": _digest,
    "part": _part,
    "sentence": sentence,
}
