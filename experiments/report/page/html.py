"""Tables as HTML. Every text passes through `escaped`, whatever it says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import shorten

from experiments.report.page.results import FACETS
from experiments.report.table import Row, Section, Table, TableCell, sentence

#: Verdicts on a claim, each with a sign, so that nothing hangs on its colour.
VERDICTS = {
    "reproduced": "✓",
    "partly": "◐",
    "not": "✗",
    "not reproduced": "✗",
    "cannot be tested": "?",
}
SIGNS = {"ok": "✓", "partial": "◐", "failed": "✗", "skipped": "⤼", "not run": "○"}
# A note longer than this many characters opens on demand.
LONG_NOTE = 280
# Facets whose values may stand at the head of a row or column.
_NAMES = {"method": "denoiser", "methods": "denoiser"}


def escaped(text: object) -> str:
    """A text that is nothing but text, inside an element or between quotation marks."""
    return html.escape(str(text), quote=True)


def attributes(values: Mapping[str, str]) -> str:
    """Attributes of an element, each with a space before it; those without a value are left out."""
    return "".join(f' {name}="{escaped(value)}"' for name, value in values.items() if value)


def facet(name: str) -> str:
    """The facet that a table calls by this name, or nothing."""
    name = _NAMES.get(name, name)
    return name if name in FACETS else ""


def badge(status: str) -> str:
    """A status or verdict as a sign and a word."""
    key = status.strip().lower()
    sign = VERDICTS.get(key) or SIGNS.get(key, "")
    kind = re.sub(r"[^a-z]+", "-", key)
    mark = f'<span aria-hidden="true">{sign}</span> ' if sign else ""
    return f'<span class="badge is-{kind}">{mark}{escaped(status)}</span>'


def details(table: Table, *, experiment: str = "", is_open: bool = False) -> str:
    """A table of the report below its title, which opens and closes it.

    Parameters
    ----------
    table
        What to show.
    experiment
        The named experiment that it belongs to.
    is_open
        Whether it is open at first.

    Returns
    -------
    str
        HTML. What a row, column or the whole table stands for is in ``data-`` attributes, for the
        filters of the page.
    """
    context = {f"data-{name}": value for name, value in table.context.items() if name in FACETS}
    context["data-experiment"] = experiment
    return (
        f'<details class="table"{attributes(context)}{" open" if is_open else ""}>'
        f"<summary>{escaped(sentence(table.title))}</summary>"
        f"{scrolled(_table(table), table.title)}{_notes(table)}</details>"
    )


def scrolled(table: str, label: str) -> str:
    """A table in a box of its own that scrolls, with the keyboard too."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escaped(label)}">'
        f"{table}</div>"
    )


@dataclass(frozen=True)
class Line:
    """A row of a plain table: HTML or a number per column, and the facets that it stands for.

    Several values of a facet stand on a line each.
    """

    cells: tuple[str | int, ...]
    facets: Mapping[str, str]


def plain_table(caption: str, columns: Sequence[str], lines: Iterable[Line]) -> str:
    """A table with one head per column, which can be sorted.

    Parameters
    ----------
    caption
        What it is.
    columns
        Heads; those of the first column name the rows.
    lines
        The rows; their texts are HTML already.
    """
    lines = list(lines)
    head = "".join(
        _head(title, words=all(isinstance(line.cells[i], str) for line in lines))
        for i, title in enumerate(columns)
    )
    body = "".join(
        f"<tr{attributes({f'data-{name}': value for name, value in line.facets.items()})}>"
        f'<th scope="row">{line.cells[0]}</th>{"".join(map(_plain_cell, line.cells[1:]))}</tr>'
        for line in lines
    )
    table = (
        f'<table class="sortable"><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    return scrolled(table, caption)


def _plain_cell(cell: str | int) -> str:
    if isinstance(cell, int):
        return f'<td class="number" data-value="{cell}">{cell:,}</td>'
    return f'<td class="words">{cell}</td>'


def _head(
    title: str, *, words: bool = False, rows: int = 1, facets: Mapping[str, str] | None = None
) -> str:
    """The head of a column, which sorts the table; above words it stands on their left."""
    kind = {"class": "words" if words else "", "rowspan": str(rows) if rows > 1 else ""}
    button = f'<button type="button">{escaped(title)}</button>'
    return f'<th scope="col"{attributes({**kind, **(facets or {})})}>{button}</th>'


def _table(table: Table) -> str:
    stub, (group, column) = facet(table.stub), (facet(axis) for axis in table.axes)
    axes = {"data-rows": stub, "data-groups": group, "data-columns": column}
    return (
        f'<table class="sortable"{attributes(axes)}>'
        f'<caption class="unseen">{escaped(sentence(table.title))}</caption>'
        f"<thead>{_heads(table)}</thead>"
        f"{''.join(_section(section, table) for section in table.sections)}</table>"
    )


def _heads(table: Table) -> str:
    cells = [row.cells for section in table.sections for row in section.rows]
    leaves = "".join(
        _head(
            column.title or column.group,
            words=all(_is_words(row[i]) for row in cells),
            facets={"data-group": column.group, "data-column": column.title},
        )
        for i, column in enumerate(table.columns)
    )
    if not any(c.group and c.title for c in table.columns):
        return f"<tr>{_head(table.stub)}{leaves}</tr>"
    groups = "".join(
        _group(name, len(list(members)))
        for name, members in groupby(table.columns, lambda c: c.group)
    )
    return f"<tr>{_head(table.stub, rows=2)}{groups}</tr><tr>{leaves}</tr>"


def _is_words(cell: TableCell) -> bool:
    return cell.value is None and (cell.status == "ok" or cell.text.lower() in VERDICTS)


def _group(name: str, width: int) -> str:
    if not name:
        return f'<td class="group" colspan="{width}"></td>'
    return f'<th scope="colgroup" class="group" colspan="{width}">{escaped(name)}</th>'


def _section(section: Section, table: Table) -> str:
    title = ""
    if section.title:
        title = (
            f'<tr class="section"><th scope="rowgroup" colspan="{len(table.columns) + 1}">'
            f"{escaped(section.title)}</th></tr>"
        )
    return f"<tbody>{title}{''.join(_row(row, table) for row in section.rows)}</tbody>"


def _row(row: Row, table: Table) -> str:
    cells = "".join(
        _cell(cell, column.prose) for cell, column in zip(row.cells, table.columns, strict=True)
    )
    label = escaped(row.label)
    return f'<tr data-row="{label}"><th scope="row">{label}</th>{cells}</tr>'


def _cell(cell: TableCell, prose: bool) -> str:
    if cell.value is None:
        if cell.text.strip().lower() in VERDICTS:
            return f'<td class="words">{badge(cell.text)}</td>'
        if prose:
            return f'<td class="prose">{escaped(cell.text)}</td>'
        kind = "text" if cell.status == "ok" else f"is-{cell.status}"
        return f'<td class="{kind}">{escaped(cell.text)}</td>'
    interval = f" <small>{escaped(cell.interval)}</small>" if cell.interval else ""
    kind = ' class="partial"' if cell.status == "partial" else ""
    return f'<td{kind} data-value="{cell.value:.6g}">{escaped(cell.text)}{interval}</td>'


def _notes(table: Table) -> str:
    notes = [*table.notes, *([table.interval_note] if table.interval_note else [])]
    if not notes:
        return ""
    return f'<ul class="notes">{"".join(map(_note, notes))}</ul>'


def _note(note: str) -> str:
    if len(note) <= LONG_NOTE:
        return f"<li>{escaped(note)}</li>"
    beginning = shorten(note, LONG_NOTE // 2, placeholder=" …")
    return f"<li><details><summary>{escaped(beginning)}</summary>{escaped(note)}</details></li>"
