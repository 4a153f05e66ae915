"""A table as data, and its renderings: Markdown, LaTeX, CSV and plain text.

Every rendering is a pure function of the table: the same table gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import math
import re
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from experiments.words import ABSENT, MARK, MARK_NOTE, sentence, slug

# Characters of a LaTeX line at \scriptsize; wider tables are cut into panels one below the other.
LATEX_WIDTH = 105


@dataclass(frozen=True)
class TableCell:
    """One entry of a table.

    `text` is what is shown: a rounded number with its mark, or a word such as "failed"; `interval`
    stands behind it. `value`, `low` and `high` are the numbers behind them, where there are any.
    `status` is "ok", "partial", "failed", "skipped", "absent" or "missing".
    """

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval: str = ""
    status: str = "ok"

    @property
    def full(self) -> str:
        """The text with its interval."""
        return f"{self.text} {self.interval}" if self.interval else self.text


#: A cell where no number belongs.
NOTHING = TableCell(ABSENT, status="absent")


@dataclass(frozen=True)
class Row:
    """A label and a cell for every column."""

    label: str
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class Section:
    """Rows that belong together, below a rule and a title (empty for none)."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Column:
    """A column, below the name of its group.

    One of `prose` holds sentences: in print they stand below the table, row by row.
    """

    group: str
    title: str
    prose: bool = False


@dataclass(frozen=True)
class Table:
    """A table that can be rendered.

    The name is short, also that of the LaTeX label, and the same for one kind of table; the title
    is the caption. The stub says what a row is, for example "denoiser", the axes what a group and a
    column is, for example ("dataset", "protocol"). The context holds for the whole table (noise,
    profile and so on) and gives the first columns of its CSV. Notes are sentences below the table;
    the one on the intervals stands where they are shown, and what the mark behind a denoiser says
    is added where one is.
    """

    name: str
    title: str
    stub: str
    axes: tuple[str, str]
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    context: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    interval_note: str = ""

    def __post_init__(self) -> None:
        for section in self.sections:
            for row in section.rows:
                if len(row.cells) != len(self.columns):
                    raise ValueError(
                        f"row {row.label!r} of table {self.name!r} has {len(row.cells)} cells for "
                        f"{len(self.columns)} columns"
                    )
        names = [row.label for section in self.sections for row in section.rows]
        names += [name for column in self.columns for name in (column.group, column.title)]
        if MARK in "".join(names) and MARK_NOTE not in self.notes:
            object.__setattr__(self, "notes", (*self.notes, MARK_NOTE))

    def markdown(self) -> str:
        """Render as GitHub's Markdown: a heading, the table, its notes as a list."""
        shown = self._tabulated()
        header = [self.stub, *(_joined(self.columns[i]) for i in shown)]
        body = []
        for section in self.sections:
            if section.title:
                body.append([f"*{_markdown(section.title)}*", *([""] * len(shown))])
            for row in section.rows:
                cells = (_markdown(row.cells[i].full) for i in shown)
                body.append([_markdown(row.label), *cells])
        lines = [[_markdown(title) for title in header], *body]
        widths = [max(_width(line[i]) for line in lines) for i in range(len(header))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        rows = [_markdown_row(line, widths) for line in (lines[0], rule, *lines[1:])]
        notes = [f"- {_markdown(note)}" for note in self._all_notes()]
        prose = [f"- **{_markdown(label)}**: {_markdown(text)}" for label, text in self._prose()]
        parts = [
            f"## {_markdown(self.title)}",
            "\n".join(rows),
            *(["\n".join(prose)] if prose else []),
            *(["\n".join(notes)] if notes else []),
        ]
        return "\n\n".join(parts) + "\n"

    def latex(self) -> str:
        r"""Render as a LaTeX table for ``\usepackage{booktabs}``.

        Tables too wide for a page are cut into panels one below the other, between groups where
        these fit. Columns of prose follow the table as paragraphs.
        """
        panels = self._panels(LATEX_WIDTH, lambda cell: cell.full)
        tabulars = [self._latex_panel(panel) for panel in panels]
        label = slug("-".join([self.name, *self.context.values()]))
        prose = [
            rf"\par \textbf{{{_latex(label)}}}: {_latex(text)}" for label, text in self._prose()
        ]
        notes = [rf"\par {_latex(note)}" for note in self._all_notes()]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                r"\scriptsize",
                rf"\caption{{{_latex(self.title)}}}",
                rf"\label{{tab:{label}}}",
                "\n\\par\\medskip\n".join(tabulars),
                *([r"\par\medskip\raggedright", *notes] if notes else []),
                r"\end{table}",
                # Sentences would make the float longer than a page.
                *([r"{\scriptsize\raggedright", *prose, r"\par}"] if prose else []),
                "",
            ]
        )

    def csv_rows(self) -> list[list[str]]:
        """Header and one line per cell: context, row, group, column, numbers, status, text."""
        header = ["table", *self.context, self.stub, "section", *self.axes]
        header += ["value", "low", "high", "status", "text"]
        lines = [header]
        context = self.context.values()
        for section in self.sections:
            for row in section.rows:
                for column, cell in zip(self.columns, row.cells, strict=True):
                    numbers = [_csv_number(x) for x in (cell.value, cell.low, cell.high)]
                    where = [row.label, section.title, column.group, column.title]
                    lines.append([self.name, *context, *where, *numbers, cell.status, cell.full])
        return lines

    def csv(self) -> str:
        """Render as CSV with one line per cell; numbers have six significant digits."""
        return to_csv(self.csv_rows())

    def text(self, width: int = 100) -> str:
        """Render as plain text without intervals, for a terminal.

        Tables that are too wide are cut into panels one below the other, between groups where these
        fit.
        """
        panels = self._panels(width, lambda cell: cell.text)
        parts = [self.title, *(self._text_panel(panel) for panel in panels)]
        notes = [*(f"{label}: {text}" for label, text in self._prose()), *self.notes]
        if notes:
            parts.append("\n".join(_wrapped(note, width) for note in notes))
        return "\n\n".join(parts) + "\n"

    def _panels(self, width: int, shown: Callable[[TableCell], str]) -> list[list[int]]:
        """Column numbers of each panel: as many whole groups as fit, at least one column."""
        room = width - self._stub_width()
        panels: list[list[int]] = []
        used = 0
        for group, members in groupby(self._tabulated(), lambda i: self.columns[i].group):
            widths = {i: 2 + self._column_width(i, shown) for i in members}
            for numbers in _pieces(widths, room):
                wide = max(_width(group) + 2, sum(widths[i] for i in numbers))
                if not panels or used + wide > room:
                    panels.append([])
                    used = 0
                panels[-1] += numbers
                used += wide
        return panels

    def _tabulated(self) -> list[int]:
        """Numbers of the columns that are not prose."""
        return [i for i, column in enumerate(self.columns) if not column.prose]

    def _prose(self) -> list[tuple[str, str]]:
        """Label and sentences of every row that has some."""
        columns = [i for i, column in enumerate(self.columns) if column.prose]
        texts = (
            (
                row.label,
                " ".join(
                    f"{sentence(_joined(self.columns[i]))}: {row.cells[i].full.rstrip('.')}."
                    for i in columns
                    if row.cells[i].full
                ),
            )
            for row in self._rows()
        )
        return [(label, text) for label, text in texts if text]

    def _all_notes(self) -> tuple[str, ...]:
        return (*self.notes, self.interval_note) if self.interval_note else self.notes

    def _rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    def _stub_width(self) -> int:
        return max(_width(self.stub), *(_width(row.label) for row in self._rows()))

    def _column_width(self, i: int, shown: Callable[[TableCell], str]) -> int:
        cells = (_width(shown(row.cells[i])) for row in self._rows())
        return max(_width(self.columns[i].title), *cells)

    def _groups(self, panel: Sequence[int]) -> list[tuple[str, list[int]]]:
        grouped = groupby(panel, lambda i: self.columns[i].group)
        return [(group, list(members)) for group, members in grouped]

    def _text_panel(self, panel: Sequence[int]) -> str:
        stub = self._stub_width()
        widths = {i: self._column_width(i, lambda cell: cell.text) for i in panel}
        heads = _left("", stub)
        for group, members in self._groups(panel):
            # The last column of a group takes what the group's name needs beyond the others.
            span = sum(widths[i] for i in members) + 2 * (len(members) - 1)
            widths[members[-1]] += max(0, _width(group) - span)
            span = max(span, _width(group))
            heads += "  " + _left(group, span)
        titles = _left(self.stub, stub)
        titles += "".join("  " + _right(self.columns[i].title, widths[i]) for i in panel)
        rule = "-" * (stub + sum(2 + widths[i] for i in panel))
        lines = [heads.rstrip(), titles, rule]
        for number, section in enumerate(self.sections):
            if number:
                lines.append(rule)
            if section.title:
                lines.append(section.title)
            for row in section.rows:
                cells = ("  " + _right(row.cells[i].text, widths[i]) for i in panel)
                lines.append(_left(row.label, stub) + "".join(cells))
        return "\n".join(lines)

    def _latex_panel(self, panel: Sequence[int]) -> str:
        groups = self._groups(panel)
        lines = [rf"\begin{{tabular}}{{l{'r' * len(panel)}}}", r"\toprule"]
        heads, rules, start = "", "", 2
        for group, members in groups:
            heads += rf" & \multicolumn{{{len(members)}}}{{c}}{{{_latex(group)}}}"
            if group:
                rules += rf"\cmidrule(lr){{{start}-{start + len(members) - 1}}}"
            start += len(members)
        if any(group for group, _ in groups):
            lines += [heads.strip() + r" \\", rules]
        titles = [_latex(self.stub), *(_latex(self.columns[i].title) for i in panel)]
        lines.append(" & ".join(titles) + r" \\")
        for section in self.sections:
            lines.append(r"\midrule")
            if section.title:
                title = rf"\emph{{{_latex(section.title)}}}"
                lines.append(rf"\multicolumn{{{len(panel) + 1}}}{{l}}{{{title}}} \\")
            for row in section.rows:
                cells = [_latex(row.label), *(_latex(row.cells[i].full) for i in panel)]
                lines.append(" & ".join(cells) + r" \\")
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def to_csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows as CSV with Unix line ends."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _csv_number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"


def _joined(column: Column) -> str:
    return f"{column.group}: {column.title}" if column.group else column.title


def _markdown_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [_left(cells[0], widths[0])]
    padded += [_right(cell, width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return f"| {' | '.join(padded)} |"


def _markdown(text: str) -> str:
    text = " ".join(text.split())
    return re.sub(r"([\\|*<`])", r"\\\1", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    # At the beginning of a row a bracket would be read as an argument of the line break before.
    "[": "{[}",
    "ρ̄": r"$\bar{\rho}$",
    "χ²": r"$\chi^2$",
    "α": r"$\alpha$",
    "σ": r"$\sigma$",
    "η": r"$\eta$",
    "τ": r"$\tau$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "−": "$-$",
    "·": r"$\cdot$",
    "†": r"$^\dagger$",
    "–": "--",
    "…": r"\dots{}",
}
_LATEX_PATTERN = re.compile("|".join(map(re.escape, sorted(_LATEX, key=len, reverse=True))))


def _latex(text: str) -> str:
    text = " ".join(text.split())
    # A minus sign, not a hyphen; written in Unicode so that the dollar signs are not escaped.
    text = re.sub(r"(?<![\w)])-(?=[\d∞])", "−", text)
    return _LATEX_PATTERN.sub(lambda match: _LATEX[match.group()], text)


def _pieces(widths: dict[int, int], room: int) -> list[list[int]]:
    """The columns of a group, cut where they do not fit beside each other."""
    pieces: list[list[int]] = [[]]
    for i, width in widths.items():
        if pieces[-1] and sum(widths[j] for j in pieces[-1]) + width > room:
            pieces.append([])
        pieces[-1].append(i)
    return pieces


def _wrapped(note: str, width: int) -> str:
    return textwrap.fill(note, width, initial_indent="* ", subsequent_indent="  ")


def _width(text: str) -> int:
    return sum(not unicodedata.combining(character) for character in text)


def _left(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _right(text: str, width: int) -> str:
    return " " * (width - _width(text)) + text
