"""Imp% per dataset and denoiser; shown whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.view import View
from experiments.report.table import Table
from experiments.report.tables._cells import metric_tables

TITLE = "Imp% per dataset and denoiser"
ORDER = 20


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition."""
    return metric_tables(views, aggregate.IMP)
