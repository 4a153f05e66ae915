"""Sliced Wasserstein distance, to the noisy values and to the clean ones."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import View
from experiments.report.table import Table
from experiments.report.tables._cells import metric_tables

TITLE = "Sliced Wasserstein distance"
ORDER = 60


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition and metric that has any value."""
    return metric_tables(views, aggregate.SWD, aggregate.SWD_CLEAN)
