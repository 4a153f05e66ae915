"""Who is on the Pareto front of improvement against preservation.

Improvement is Imp%; what it costs is how far the data were moved, as SWD or as 1 − ρ̄. Only ranked
methods can be on a front: sane variants and controls are shown beside them. Pure functions of the
long table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from experiments.analysis import aggregate
from experiments.analysis.fronts import PLANES, Field, field
from experiments.analysis.view import View
from experiments.report.table import NOTHING, Column, Row, Table, TableCell
from experiments.report.tables._cells import PARTIAL, dataset_notes, sections_of
from experiments.words import number

TITLE = "Pareto fronts"
ORDER = 110


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition and domain."""
    return [
        table
        for view in views
        for domain in view.domains
        if (table := front_table(view.of_domain(domain)))
    ]


def front_table(view: View) -> Table | None:
    """Imp%, costs, and who is on which front; None where no method has all three."""
    fields = {protocol: field(view, protocol) for protocol in view.protocols}
    if not any(found.methods for found in fields.values()):
        return None
    fronts = {
        (protocol, plane.title): found.front(plane)
        for protocol, found in fields.items()
        for plane in PLANES
    }

    def row(denoiser: str) -> Row:
        cells: list[TableCell] = []
        for protocol, found in fields.items():
            spot = found.spots.get(denoiser)
            cells.append(_cell(spot.imp, aggregate.IMP.decimals, spot.whole) if spot else NOTHING)
            for plane in PLANES:
                title = plane.title
                cells.append(_cell(spot.costs[title], 3, spot.whole) if spot else NOTHING)
                on_it = denoiser in fronts[protocol, title]
                ranked = denoiser in found.methods
                cells.append(TableCell("yes" if on_it else "no") if ranked else NOTHING)
        return Row(denoiser, tuple(cells))

    columns = [
        Column(protocol, title)
        for protocol in fields
        for title in (
            "Imp%",
            *(t for plane in PLANES for t in (plane.title, f"{plane.title}: front")),
        )
    ]
    return Table(
        name="pareto",
        title=f"Pareto fronts of Imp% against SWD and 1 − ρ̄: {view}",
        stub="denoiser",
        axes=("protocol", "quantity"),
        columns=tuple(columns),
        sections=sections_of(_placed(view, fields), row),
        context=view.condition.context | {"domain": view.domain or "all"},
        notes=(
            "On the front is a method that no other ranked one equals or beats in both Imp% "
            "(higher is better) and the cost (lower is better), and beats in one. Means over "
            "datasets; Imp% is that of the mean log ratio of the errors.",
            *_front_notes(fields, fronts),
            *dataset_notes(view),
        ),
    )


def _placed(view: View, fields: Mapping[str, Field]) -> View:
    """The view without sane variants and controls that have no place, such as those of series."""
    names = {*view.ranked, *(name for found in fields.values() for name in found.spots)}
    return replace(view, rows=view.rows[view.rows["denoiser"].isin(names)])


def _front_notes(
    fields: Mapping[str, Field], fronts: Mapping[tuple[str, str], tuple[str, ...]]
) -> list[str]:
    notes = [
        f"{protocol}, Imp% against {title}: on the front: {', '.join(names) or 'nobody'}."
        for (protocol, title), names in fronts.items()
    ]
    for protocol, found in fields.items():
        notes.append(f"{protocol}: over {', '.join(found.datasets) or 'no dataset'}.")
        if found.left_out:
            notes.append(f"{protocol}: left out, a run is missing: {', '.join(found.left_out)}.")
    if any(not spot.whole for found in fields.values() for spot in found.spots.values()):
        notes.append(f"{PARTIAL}: some runs are missing.")
    return notes


def _cell(value: float, decimals: int, whole: bool) -> TableCell:
    text = number(value, decimals) + ("" if whole else PARTIAL)
    return TableCell(text, value, status="ok" if whole else "partial")
