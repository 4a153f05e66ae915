"""Recovery of the clean values of X and of y."""

from functools import partial

from experiments.analysis import aggregate
from experiments.report.tables._cells import metric_tables

TITLE = "Recovery of clean values"
ORDER = 80

tables = partial(metric_tables, metrics=(aggregate.RECOVERY_X, aggregate.RECOVERY_Y))
