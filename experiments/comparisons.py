"""Tables that compare the methods over datasets: average ranks with their tests, and pairs.

Pure functions of the long table, as those of `experiments.tables`; sane variants and controls are
shown and never ranked. A method that is skipped on every dataset does not compete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from experiments import aggregate
from experiments.aggregate import Metric
from experiments.layout import NOTHING, Cell, Column, Row, Section, Table, number
from experiments.signed_rank import bayesian_signed_rank, wilcoxon_holm
from experiments.statistics import Friedman, Ranking, TestResult, complete_blocks, rank_methods
from experiments.tables import View, sections_of

RANKED = (aggregate.IMP, aggregate.SWD, aggregate.RHO, aggregate.RECOVERY_X)
ALPHA = 0.05

#: By protocol and title of the metric; None where no dataset has every run of every method.
Rankings = Mapping[tuple[str, str], Ranking | None]


def competing(view: View, metric: Metric, protocol: str) -> list[str]:
    """Ranked methods of a view but for those that are skipped wherever they were run.

    Such a method has no value anywhere; with it, there would be no complete dataset.
    """
    summary = view.summary(metric)

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
    scores = aggregate.scores(view.summary(metric), protocol, methods)
    complete, _ = complete_blocks(scores)
    if complete.empty or len(methods) < 2:
        return None
    larger = metric.larger_is_better and metric is not aggregate.IMP
    return rank_methods(scores, larger_is_better=larger, block="dataset", alpha=ALPHA)


def rank_table(view: View) -> Table | None:
    """Average ranks with Friedman's and Nemenyi's tests; None where nothing can be ranked."""
    rankings: Rankings = {
        (protocol, metric.title): ranking(view, metric, protocol)
        for protocol in view.protocols
        for metric in RANKED
        if any(entry.mean is not None for entry in view.summary(metric).values())
    }
    if not any(rankings.values()):
        return None

    def row(denoiser: str) -> Row:
        if denoiser not in view.ranked:
            return Row(denoiser, (NOTHING,) * len(rankings))
        return _row(denoiser, rankings, lambda found: _rank_of(found, denoiser))

    return Table(
        name="ranks",
        title=f"Average ranks (1 is best): {view}",
        stub="denoiser",
        axes=("protocol", "metric"),
        columns=tuple(Column(protocol, title) for protocol, title in rankings),
        sections=(*sections_of(view, row), _tests(rankings)),
        context=view.condition.context | {"domain": view.domain or "all"},
        notes=(
            "Ranks within a dataset are those of the mean over seeds, then regressors (Imp%: of "
            "the log ratio of the errors); equal values share their average rank.",
            "CD: average ranks that differ by less are not told apart by Nemenyi's test. F is "
            "Iman and Davenport's, made from the χ² of the same name.",
            *_ranking_notes(view, rankings),
        ),
    )


def pair_table(view: View, metric: Metric) -> Table | None:
    """Every pair of methods by Nemenyi, Wilcoxon with Holm, and the Bayesian signed-rank test.

    Parameters
    ----------
    view
        The rows of one condition.
    metric
        What is compared; it needs a region of practical equivalence.

    Returns
    -------
    Table or None
        None where no protocol has two methods with two complete datasets.
    """
    if metric.rope is None:
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
    cells: dict[tuple[str, str], list[Cell]] = {pair: [] for pair in pairs}
    columns: list[Column] = []
    for protocol, found in compared:
        methods = competing(view, metric, protocol)
        scores = aggregate.scores(view.summary(metric), protocol, methods)
        # Larger is better from here on.
        shown = complete_blocks(scores)[0].map(metric.shown)
        shown = shown if metric.larger_is_better else -shown
        quantities = [
            {"p Nemenyi": _nemenyi(found)},
            {"p Wilcoxon": _wilcoxon(shown, protocol, notes)},
            _bayes(shown, metric.rope),
        ]
        for quantity in quantities:
            for title, values in quantity.items():
                columns.append(Column(f"{protocol}, N = {found.n}", title))
                for pair in pairs:
                    p_value = title.startswith("p ")
                    cells[pair].append((_p_cell if p_value else _share_cell)(values.get(pair)))
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


Pairs = dict[tuple[str, str], float]


def _nemenyi(found: Ranking) -> Pairs:
    p = found.nemenyi()
    table = p.to_numpy()
    names = list(p.index)
    return {(a, b): float(table[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)}


def _wilcoxon(shown: pd.DataFrame, protocol: str, notes: list[str]) -> Pairs:
    """Adjusted p-values; empty, with a note, where they would say nothing."""
    if not np.isfinite(shown.to_numpy()).all():
        notes.append(f"{protocol}: an infinite value allows neither Wilcoxon nor Bayes.")
        return {}
    result = wilcoxon_holm(shown, alpha=ALPHA)
    if result.why_never is not None:
        notes.append(f"{protocol}: {result.why_never}")
        return {}
    return {(c.first, c.second): c.p_holm for c in result.comparisons}


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


def _tests(rankings: Rankings) -> Section:
    def test(label: str, pick: Callable[[Friedman], TestResult]) -> tuple[Row, Row]:
        results = [pick(r.friedman) if r and r.friedman else None for r in rankings.values()]
        return (
            Row(label, tuple(_cell(t.statistic if t else None, 2) for t in results)),
            Row("  p", tuple(_p_cell(t.p_value if t else None) for t in results)),
        )

    return Section(
        "Friedman and Nemenyi",
        (
            _row("k (methods)", rankings, lambda found: found.k, 0),
            _row("N (blocks: datasets)", rankings, lambda found: found.n, 0),
            _row("blocks left out", rankings, lambda found: len(found.left_out), 0),
            _row(f"CD (α = {ALPHA:g})", rankings, lambda found: found.critical_difference),
            *test("χ², uncorrected", lambda friedman: friedman.plain),
            *test("χ², tie-corrected", lambda friedman: friedman.tie_corrected),
            *test("F, uncorrected", lambda friedman: friedman.iman_davenport),
            *test("F, tie-corrected", lambda friedman: friedman.iman_davenport_tie_corrected),
        ),
    )


def _ranking_notes(view: View, rankings: Rankings) -> list[str]:
    notes = []
    for protocol in view.protocols:
        absent = sorted(set(view.ranked) - set(competing(view, aggregate.IMP, protocol)))
        if absent:
            notes.append(f"{protocol}: skipped on every dataset, not ranked: {', '.join(absent)}.")
    for (protocol, title), found in rankings.items():
        where = f"{protocol}, {title}"
        if found is None:
            notes.append(f"{where}: not ranked, no dataset has every run of every method.")
            continue
        if found.left_out:
            notes.append(f"{where}: left out, a run is missing: {', '.join(found.left_out)}.")
        if found.critical_difference is None:
            notes.append(f"{where}: no test, it takes two blocks.")
        elif found.groups == (found.methods,):
            notes.append(f"{where}: no two methods are told apart.")
        elif found.groups:
            groups = "; ".join(", ".join(group) for group in found.groups)
            notes.append(f"{where}: not told apart are {groups}.")
    return notes


def _rank_of(found: Ranking, method: str) -> float | None:
    return dict(zip(found.methods, found.mean_ranks, strict=True)).get(method)


def _row(
    label: str, rankings: Rankings, value: Callable[[Ranking], float | None], decimals: int = 2
) -> Row:
    return Row(label, tuple(_cell(value(r) if r else None, decimals) for r in rankings.values()))


def _cell(value: float | None, decimals: int) -> Cell:
    return NOTHING if value is None else Cell(number(value, decimals), float(value))


def _p_cell(value: float | None) -> Cell:
    if value is not None and value < 0.001:
        return Cell("<0.001", value)
    return _cell(value, 3)


def _share_cell(value: float | None) -> Cell:
    return _cell(value, 2)
