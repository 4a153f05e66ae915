"""Pairs of methods by Nemenyi, by Wilcoxon with Holm, and by the Bayesian signed-rank test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Metric
from experiments.analysis.ranking import ALPHA, RANKED, competing, ranking
from experiments.analysis.signed_rank import bayesian_signed_rank, why_never, wilcoxon_holm
from experiments.analysis.statistics import complete_blocks
from experiments.analysis.view import View
from experiments.report.table import Column, Row, Section, Table, TableCell
from experiments.report.tables._cells import optional_cell, p_cell

TITLE = "Pairs of methods"
ORDER = 100


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition and ranked metric."""
    return [table for view in views for metric in RANKED if (table := pair_table(view, metric))]


def pair_table(view: View, metric: Metric) -> Table | None:
    """Every pair of methods by Nemenyi, Wilcoxon with Holm, and the Bayesian signed-rank test.

    The metric needs a region of practical equivalence. None where no protocol has two methods with
    two complete datasets.
    """
    if not metric.rope:
        raise ValueError(f"{metric.name} has no region of practical equivalence")
    pairs = list(combinations(view.ranked, 2))
    compared = [
        (protocol, found)
        for protocol in view.protocols
        if (found := ranking(view, metric, protocol)) and found.critical_difference is not None
    ]
    if not compared:
        return None
    unit = "percentage points of Imp%" if metric is aggregate.IMP else f"of {metric.title}"
    notes = [
        "p: Nemenyi's, and Wilcoxon's signed-rank test with Holm's adjustment. P: posterior "
        "probability (Bayesian signed-rank test) that the first or the second method of the pair "
        f"is better, or that they differ by less than {metric.rope:g} {unit}.",
    ]
    cells: dict[tuple[str, str], list[TableCell]] = {pair: [] for pair in pairs}
    columns: list[Column] = []
    for protocol, found in compared:
        methods = competing(view, metric, protocol)
        scores = aggregate.scores(view.ranked_summary(metric), protocol, methods)
        # Larger is better from here on.
        shown = complete_blocks(scores)[0].map(metric.shown)
        shown = shown if metric.larger_is_better else -shown
        quantities: list[dict[str, Pairs]] = [
            {"p Nemenyi": found.nemenyi().stack().to_dict()},
            {"p Wilcoxon": _wilcoxon(shown, protocol, notes)},
            _bayes(shown, metric.rope),
        ]
        for quantity in quantities:
            for title, values in quantity.items():
                columns.append(Column(f"{protocol}, N = {found.n}", title))
                for pair in pairs:
                    p_value = title.startswith("p ")
                    cells[pair].append((p_cell if p_value else _share_cell)(values.get(pair)))
    return Table(
        name=f"pairs_{metric.name}",
        title=f"Pairs of methods by {metric.title}: {view}",
        stub="first / second",
        axes=("protocol", "quantity"),
        columns=tuple(columns),
        sections=(Section("", tuple(Row(f"{a} / {b}", tuple(cells[a, b])) for a, b in pairs)),),
        context=view.condition.context | {"domain": view.domain or "all"},
        notes=tuple(notes),
    )


#: A p-value or probability by pair of methods.
Pairs = dict[Any, float]


def _wilcoxon(shown: pd.DataFrame, protocol: str, notes: list[str]) -> Pairs:
    """Adjusted p-values; empty, with a note, where they would say nothing."""
    if not np.isfinite(shown.to_numpy()).all():
        notes.append(f"{protocol}: an infinite value allows neither Wilcoxon nor Bayes.")
        return {}
    pairs = math.comb(shown.shape[1], 2)
    if (never := why_never(pairs, len(shown), ALPHA)) is not None:
        notes.append(f"{protocol}: {never}")
        return {}
    return wilcoxon_holm(shown)


def _bayes(shown: pd.DataFrame, rope: float) -> dict[str, Pairs]:
    shares: dict[str, Pairs] = {"P(first)": {}, "P(equal)": {}, "P(second)": {}}
    if not np.isfinite(shown.to_numpy()).all():
        return shares
    for first, second in combinations(map(str, shown.columns), 2):
        posterior = bayesian_signed_rank(shown[first] - shown[second], rope=rope)
        shares["P(first)"][first, second] = posterior.first
        shares["P(equal)"][first, second] = posterior.equal
        shares["P(second)"][first, second] = posterior.second
    return shares


def _share_cell(value: float | None) -> TableCell:
    return optional_cell(value, 2)
