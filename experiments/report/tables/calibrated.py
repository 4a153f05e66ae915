"""Recovery per dataset and level of noise, with average ranks over both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Entry, Metric
from experiments.analysis.ranking import ALPHA, LEVELS, ranking_over_levels
from experiments.analysis.statistics import Ranking
from experiments.analysis.view import View
from experiments.report.table import Column, Row, Section, Table
from experiments.report.tables._cells import (
    CONTROLS,
    mean_cell,
    metric_cell,
    optional_cell,
    outcome_notes,
)
from experiments.words import number

TITLE = "Recovery, and ranks over datasets and levels of noise"
ORDER = 82
STANDARD = False

#: Recovery, and what it is made of: the share of the noise that was removed, and collateral.
METRICS = (
    (aggregate.RECOVERY_Y, aggregate.REMOVED_Y, aggregate.COLLATERAL_Y),
    (aggregate.RECOVERY_X, aggregate.REMOVED_X, aggregate.COLLATERAL_X),
)


def tables(views: Sequence[View]) -> list[Table]:
    """A table per family of noise, domain, protocol, and X or y."""
    return [
        table
        for _, of in groupby(views, lambda view: replace(view.condition, level=0.0))
        for family in [list(of)]
        for domain in dict.fromkeys(name for view in family for name in view.domains)
        for part in [[v.of_domain(domain) for v in family if domain in v.domains]]
        for protocol in dict.fromkeys(name for view in part for name in view.protocols)
        for metrics in METRICS
        if (table := recovery_table(part, protocol, *metrics))
    ]


def recovery_table(
    views: Sequence[View], protocol: str, metric: Metric, share: Metric, collateral: Metric
) -> Table | None:
    """Recovery of X or of y, what it is made of, and ranks; None where nothing was measured.

    Parameters
    ----------
    views
        Conditions that differ in their level of noise alone, of one domain.
    protocol
        Which protocol.
    metric, share, collateral
        Of X or of y.
    """
    whole = replace(views[0], rows=pd.concat([view.rows for view in views]))
    blocks = [(dataset, view) for dataset in whole.datasets for view in views]

    def entries(name: str, of: Metric) -> list[Entry | None]:
        return [view.summary(of).get((protocol, dataset, name)) for dataset, view in blocks]

    run = whole.rows[whole.rows["status"] != "skipped"]
    methods, controls = (
        [name for name in names if name in set(run["denoiser"])]
        for names in (whole.methods, whole.controls)
    )
    shown = [*methods, *controls]
    if not any(e and e.mean is not None for name in shown for e in entries(name, metric)):
        return None
    told = set(run.loc[run["told"].notna(), "denoiser"]) if "told" in run else set()
    rankings = {
        "rank": ranking_over_levels(views, protocol, metric, methods),
        "rank, none told": ranking_over_levels(
            views, protocol, metric, [n for n in methods if n not in told]
        ),
    }

    def row(name: str) -> Row:
        cells = [metric_cell(entry, metric) for entry in entries(name, metric)]
        means = [mean_cell(entries(name, of), of) for of in (metric, share, collateral)]
        ranks = [optional_cell(_rank_of(found, name), 2) for found in rankings.values()]
        return Row(name, (*cells, *means, *ranks))

    condition = views[0].condition
    levels = ", ".join(f"{view.condition.level:g}" for view in views)
    return Table(
        name=metric.name,
        title=f"{metric.title} ({protocol}, {whole.domain}): {condition.noise} noise of {levels}, "
        f"profile {condition.profile}",
        stub="denoiser",
        axes=("dataset", "level"),
        columns=(
            *(Column(dataset, f"{view.condition.level:g}") for dataset, view in blocks),
            *(Column("all", title) for title in ("mean", "removed", "collateral", *rankings)),
        ),
        sections=(
            Section("", tuple(map(row, methods))),
            *([Section(CONTROLS, tuple(map(row, controls)))] if controls else ()),
        ),
        context=condition.context | {"level": levels, "domain": whole.domain, "protocol": protocol},
        notes=(
            "Mean over seeds. With b the share of the noise that was removed and c the collateral, "
            "what was removed besides in units of the noise, recovery is 1 − √((1 − b)² + c²).",
            "Told the noise: its standard deviation per column was given.",
            *(note for title, found in rankings.items() for note in _rank_notes(title, found)),
            *outcome_notes(
                {
                    (name, dataset, f"{view.condition.level:g}"): view.summary(metric).get(
                        (protocol, dataset, name)
                    )
                    for dataset, view in blocks
                    for name in shown
                },
                whole,
            ),
        ),
    )


def _rank_of(found: Ranking | None, name: str) -> float | None:
    return dict(zip(found.methods, found.mean_ranks, strict=True)).get(name) if found else None


def _rank_notes(title: str, found: Ranking | None) -> Iterator[str]:
    if found is None:
        yield f"{title}: no {LEVELS} has every run of two methods."
        return
    cd = found.critical_difference
    test = "" if cd is None else f", CD {number(cd, 2)} (Nemenyi, α = {ALPHA:g})"
    yield f"{title}: 1 is best, k = {found.k} methods, N = {found.n} of {LEVELS}{test}."
    if found.left_out:
        yield f"{title}: left out, a run is missing: {', '.join(found.left_out)}."
