"""Mean squared errors, with and without a denoiser."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import REFERENCES, View, error_summary
from experiments.report.table import Section, Table
from experiments.report.tables._cells import MSE_NOTE, dataset_table, sections_of

TITLE = "Mean squared errors"
ORDER = 50


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition."""
    return [error_table(view) for view in views]


def error_table(view: View) -> Table:
    """Errors after each denoiser, below those without one: on noisy and on clean training data."""
    summary = error_summary(view)
    names = [label for label in REFERENCES if any(key[2] == label for key in summary)]
    return dataset_table(
        view,
        aggregate.MSE,
        summary,
        f"Geometric mean over seeds, regressors and, in the last columns, datasets; {MSE_NOTE}",
        lambda row: (
            Section("", tuple(row(name) for name in names)),
            *sections_of(view, row, "methods"),
        ),
    )
