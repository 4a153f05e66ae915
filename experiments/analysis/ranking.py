"""Who competes, and average ranks over datasets."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Metric
from experiments.analysis.statistics import Ranking, complete_blocks, rank_methods
from experiments.analysis.view import View

RANKED = (aggregate.IMP, aggregate.SWD, aggregate.RHO, aggregate.RECOVERY_X)


ALPHA = 0.05
#: What is ranked over where levels of noise stand side by side.
LEVELS = "dataset × level"


def competing(view: View, metric: Metric, protocol: str) -> list[str]:
    """Ranked methods of a view but for those that are skipped wherever they were run.

    Such a method has no value anywhere; with it, there would be no complete dataset.
    """
    summary = view.ranked_summary(metric)

    def is_skipped(name: str) -> bool:
        entries = [summary.get((protocol, dataset, name)) for dataset in view.datasets]
        found = {entry.status for entry in entries if entry is not None}
        return not found or found == {"skipped"}

    return [name for name in view.ranked if not is_skipped(name)]


def ranking(view: View, metric: Metric, protocol: str) -> Ranking | None:
    """Average ranks of the methods over datasets.

    Parameters
    ----------
    view
        The rows of one condition.
    metric, protocol
        What is ranked. Imp% is ranked by the mean log ratio of the errors.

    Returns
    -------
    Ranking or None
        Datasets that lack any run of any method are left out; None where none remains, or there is
        only one method.
    """
    methods = competing(view, metric, protocol)
    scores = aggregate.scores(view.ranked_summary(metric), protocol, methods)
    complete, _ = complete_blocks(scores)
    if complete.empty or len(methods) < 2:
        return None
    larger = metric.larger_is_better and metric is not aggregate.IMP
    return rank_methods(scores, larger_is_better=larger, block="dataset", alpha=ALPHA)


def ranking_over_levels(
    views: Sequence[View], protocol: str, metric: Metric, names: Sequence[str]
) -> Ranking | None:
    """Average ranks over datasets and levels; None where there is nothing to rank."""
    by_level = {
        f"{view.condition.level:g}": aggregate.scores(view.summary(metric), protocol, names)
        for view in views
    }
    scores = pd.concat(by_level)
    scores.index = pd.Index([f"{dataset} at {level}" for level, dataset in scores.index])
    if len(names) < 2 or complete_blocks(scores)[0].empty:
        return None
    return rank_methods(scores, larger_is_better=True, block=LEVELS, alpha=ALPHA)
