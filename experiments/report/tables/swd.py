"""Sliced Wasserstein distance, to the noisy values and to the clean ones."""

from functools import partial

from experiments.analysis import aggregate
from experiments.report.tables._cells import metric_tables

TITLE = "Sliced Wasserstein distance"
ORDER = 60

tables = partial(metric_tables, metrics=(aggregate.SWD, aggregate.SWD_CLEAN))
