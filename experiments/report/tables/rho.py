"""Mean correlation of the columns, with the noisy values and with the clean ones."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import View
from experiments.report.table import Table
from experiments.report.tables._cells import metric_tables

TITLE = "Mean correlation of the columns, ρ̄"
ORDER = 70


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition and metric that has any value."""
    return metric_tables(views, aggregate.RHO, aggregate.RHO_CLEAN)
