"""Imp% per regressor."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import View
from experiments.report.table import Row, Table
from experiments.report.tables._cells import (
    PARTIAL,
    columns_of,
    dataset_notes,
    mean_cell,
    null_notes,
    sections_of,
)

TITLE = "Imp% per regressor"
ORDER = 30


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition."""
    return [imp_by_regressor(view) for view in views]


def imp_by_regressor(view: View) -> Table:
    """Imp% per regressor × denoiser, averaged over the datasets of the regressor."""
    summaries = {name: view.imp_of(name) for name in view.regressors}
    columns = columns_of(view.regressors, view.protocols)

    def row(denoiser: str) -> Row:
        cells = []
        for regressor in view.regressors:
            summary = summaries[regressor]
            datasets = [d for d in view.datasets if any(key[1] == d for key in summary)]
            for protocol in view.protocols:
                entries = [summary.get((protocol, d, denoiser)) for d in datasets]
                cells.append(mean_cell(entries, aggregate.IMP))
        return Row(denoiser, tuple(cells))

    entries = [entry for summary in summaries.values() for entry in summary.values()]
    notes = [
        "Imp% of the mean log ratio of the errors over seeds, then datasets.",
        *dataset_notes(view),
        *null_notes(view, "null"),
    ]
    if any(entry.status not in ("ok", "absent", "null") for entry in entries):
        notes.append(f"{PARTIAL}: not every dataset or seed is there.")
    return Table(
        name="imp_by_regressor",
        title=f"Imp% by regressor (higher is better): {view.condition}",
        stub="denoiser",
        axes=("regressor", "protocol"),
        columns=columns,
        sections=sections_of(view, row),
        context=view.condition.context,
        notes=tuple(notes),
    )
