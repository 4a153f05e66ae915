"""Mean correlation of the columns, with the noisy values and with the clean ones."""

from functools import partial

from experiments.analysis import aggregate
from experiments.report.tables._cells import metric_tables

TITLE = "Mean correlation of the columns, ρ̄"
ORDER = 70

tables = partial(metric_tables, metrics=(aggregate.RHO, aggregate.RHO_CLEAN))
