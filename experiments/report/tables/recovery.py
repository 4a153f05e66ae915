"""Recovery of the clean values of X and of y."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import View
from experiments.report.table import Table
from experiments.report.tables._cells import metric_tables

TITLE = "Recovery of clean values"
ORDER = 80


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition and metric that has any value."""
    return metric_tables(views, aggregate.RECOVERY_X, aggregate.RECOVERY_Y)
