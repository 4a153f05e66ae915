"""Readings of the paper by published figures: ours, whether it hits, and how many do."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis.claims.base import Finding
from experiments.analysis.claims.readings import figures, findings
from experiments.analysis.verdict import Verdict
from experiments.analysis.view import View
from experiments.report.table import NOTHING, Column, Row, Section, Table, TableCell

TITLE = "Which reading gives the published figures"
ORDER = 12
STANDARD = False

WORDS = {Verdict.REPRODUCED: "hit", Verdict.PARTLY: "in part", Verdict.NOT: "miss"}


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition in which readings were run."""
    return [_table(view, found) for view in views if (found := findings(view))]


def _table(view: View, found: dict[str, list[Finding]]) -> Table:
    every = figures(view)
    hits = {name: sum(f.verdict is Verdict.REPRODUCED for f in of) for name, of in found.items()}
    best = [name for name, count in hits.items() if count == max(hits.values())]
    criteria: dict[str, list[str]] = {}
    untested: dict[str, list[str]] = {}
    for number, figure in enumerate(every):
        criteria.setdefault(figure.criterion, []).append(figure.name)
        lacking = [of[number] for of in found.values() if of[number].verdict is Verdict.UNTESTABLE]
        for reason in dict.fromkeys(finding.reason for finding in lacking):
            untested.setdefault(reason, []).append(figure.name)
    return Table(
        name="readings",
        title=f"Readings of the paper: {view.condition}",
        stub="reading",
        axes=("figure", "paper"),
        columns=(*(Column(f.name, f.paper) for f in every), Column("", "hits")),
        sections=(Section("", tuple(_row(name, found[name], hits[name]) for name in found)),),
        context=view.condition.context,
        notes=(
            f"Most figures are hit by {', '.join(best)}: {max(hits.values())} of {len(every)}. "
            "Protocol published. A hit is a figure that is reproduced.",
            *(f"{'; '.join(names)}: {criterion}." for criterion, names in criteria.items()),
            *(f"{'; '.join(names)}: cannot be tested, {why}." for why, names in untested.items()),
        ),
    )


def _row(name: str, found: Sequence[Finding], hits: int) -> Row:
    return Row(name, (*map(_cell, found), TableCell(f"{hits} of {len(found)}", hits)))


def _cell(finding: Finding) -> TableCell:
    if finding.verdict is Verdict.UNTESTABLE:
        return NOTHING
    return TableCell(f"{finding.ours}: {WORDS[finding.verdict]}", finding.value)
