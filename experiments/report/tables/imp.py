"""Imp% per dataset and denoiser; shown whatever became of it."""

from functools import partial

from experiments.analysis import aggregate
from experiments.report.tables._cells import metric_tables

TITLE = "Imp% per dataset and denoiser"
ORDER = 20

tables = partial(metric_tables, metrics=(aggregate.IMP,))
