"""Tables that compare the methods over datasets: average ranks with their tests, and pairs.

Pure functions of the long table; sane variants and controls are
shown and never ranked. A method that is skipped on every dataset does not compete.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from experiments.analysis import aggregate
from experiments.analysis.ranking import ALPHA, RANKED, competing, ranking
from experiments.analysis.statistics import Friedman, Ranking, TestResult
from experiments.analysis.view import View
from experiments.report.table import NOTHING, Column, Row, Section, Table
from experiments.report.tables._cells import null_notes, optional_cell, p_cell, sections_of

#: By protocol and title of the metric; None where no dataset has every run of every method.
Rankings = Mapping[tuple[str, str], Ranking | None]


TITLE = "Average ranks, Friedman and Nemenyi"
ORDER = 90


def tables(views: Sequence[View]) -> list[Table]:
    """A table per condition, and per domain where there are several."""
    return [table for view in views for part in view.with_domains() if (table := rank_table(part))]


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
            *null_notes(view, "not ranked by"),
            *_ranking_notes(view, rankings),
        ),
    )


def _tests(rankings: Rankings) -> Section:
    def test(label: str, pick: Callable[[Friedman], TestResult]) -> tuple[Row, Row]:
        results = [pick(r.friedman) if r and r.friedman else None for r in rankings.values()]
        return (
            Row(label, tuple(optional_cell(t.statistic if t else None, 2) for t in results)),
            Row("  p", tuple(p_cell(t.p_value if t else None) for t in results)),
        )

    return Section(
        "Friedman and Nemenyi",
        (
            _row("k (methods)", rankings, lambda found: found.k, 0),
            _row("N (blocks: datasets)", rankings, lambda found: found.n, 0),
            _row("blocks left out", rankings, lambda found: len(found.left_out), 0),
            _row(f"CD (α = {ALPHA:g})", rankings, lambda found: found.critical_difference),
            *test("χ², tie-corrected", lambda friedman: friedman.chi_square),
            *test("F, tie-corrected", lambda friedman: friedman.iman_davenport),
        ),
    )


def _ranking_notes(view: View, rankings: Rankings) -> list[str]:
    notes = []
    for protocol in view.protocols:
        absent = sorted(set(view.ranked) - set(competing(view, aggregate.IMP, protocol)))
        if absent and _has_skill(view, protocol):
            notes.append(f"{protocol}: skipped on every dataset, not ranked: {', '.join(absent)}.")
    tests = [found.friedman for found in rankings.values() if found and found.friedman]
    if any(math.isinf(test.iman_davenport.statistic) for test in tests):
        notes.append("F is ∞, and its p meaningless, where all datasets rank the methods alike.")
    for (protocol, title), found in rankings.items():
        where = f"{protocol}, {title}"
        if found is None:
            notes.append(f"{where}: not ranked, {_why_not_ranked(view, protocol, title)}.")
            continue
        if found.left_out:
            notes.append(f"{where}: left out, a run is missing: {', '.join(found.left_out)}.")
        if found.critical_difference is None:
            notes.append(f"{where}: no test, it takes two blocks.")
        elif found.friedman is None:
            notes.append(f"{where}: no Friedman test, it takes three methods.")
        if found.groups == (found.methods,):
            notes.append(f"{where}: no two methods are told apart.")
        elif found.groups:
            groups = "; ".join(", ".join(group) for group in found.groups)
            notes.append(f"{where}: not told apart are {groups}.")
    return notes


def _has_skill(view: View, protocol: str) -> bool:
    """Whether there is anything by which Imp% is ranked."""
    return any(place[0] == protocol for place in view.ranked_summary(aggregate.IMP))


def _why_not_ranked(view: View, protocol: str, title: str) -> str:
    if title != aggregate.IMP.title:
        return "no dataset has every run of every method"
    if not _has_skill(view, protocol):
        return "no regressor has skill on any dataset"
    return "no dataset has every run of every method by regressors with skill"


def _rank_of(found: Ranking, method: str) -> float | None:
    return dict(zip(found.methods, found.mean_ranks, strict=True)).get(method)


def _row(
    label: str, rankings: Rankings, value: Callable[[Ranking], float | None], decimals: int = 2
) -> Row:
    return Row(
        label, tuple(optional_cell(value(r) if r else None, decimals) for r in rankings.values())
    )
