"""What a benchmark came to: the condition that compares the most, and three sentences on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import IMP, RECOVERY_X, RECOVERY_Y, Metric
from experiments.analysis.ranking import ranking_over_levels
from experiments.analysis.view import PROTOCOL_ORDER, View
from experiments.words import number

PUBLISHED, HELD_OUT = PROTOCOL_ORDER
OURS, CALIBRATED = "denograd", "calibrated"
#: What controls do, for those who do not know them by name.
DEEDS = {
    "constant": "which replaces the target by its mean",
    "identity": "which changes nothing",
    "predicted_target": "which replaces the target by a prediction",
    "shrink_target": "which shrinks the target",
}


class Told(NamedTuple):
    """A sentence that says what came out, and the numbers that it follows from."""

    headline: str
    detail: str = ""


def outcome(views: Sequence[View]) -> list[Told]:
    """What the published score says, what untouched rows say, where the calibrated step stands.

    Each follows from the rows, and says so where they do not tell.
    """
    views = [view.unmarked() for view in views]
    view = main_view(views)
    return [_published(view), _held_out(view), _calibrated(views)]


def main_view(views: Sequence[View]) -> View:
    """The condition that compares the most.

    First count both protocols, targets as they are, and datasets that all ranked methods share;
    then added noise, and runs.
    """

    def extent(view: View) -> tuple[bool, bool, int, bool, int]:
        both, as_is = {*PROTOCOL_ORDER} <= {*view.protocols}, view.condition.target == "as_is"
        done = view.rows[(view.rows["kind"] == "method") & (view.rows["status"] == "ok")]
        shared = done.groupby("dataset")["denoiser"].nunique() == len(view.ranked)
        return both, as_is, int(shared.sum()), view.condition.level > 0, len(view.rows)

    return max(views, key=extent)


def mean_imp(view: View, protocol: str) -> dict[str, tuple[float, bool]]:
    """Mean Imp% over the datasets by denoiser, and whether every run behind it is there."""
    summary = view.summary(IMP)
    means = {
        name: aggregate.mean_of(summary.get((protocol, dataset, name)) for dataset in view.datasets)
        for name in (*view.methods, *view.controls)
    }
    return {n: (IMP.shown(of.mean), of.whole) for n, of in means.items() if of.mean is not None}


def _published(view: View) -> Told:
    methods, controls = _scores(view, PUBLISHED)
    if not methods:
        return Told("What the published score says was not measured.")
    led = _best(methods)
    roles = {led: "the best method"}
    told = _listed(methods, [led, *_ours(view, methods)], roles)
    over = f"mean Imp% over {len(view.datasets)} datasets, {view.condition}"
    if not controls:
        return Told(
            "Nothing without skill was run beside the published score.", f"{told} ({over})."
        )
    top = _best(controls)
    detail = (
        f"{_listed(controls, [top], {top: DEEDS.get(_names(view.rows)[top])})}; {told} ({over})."
    )
    beaten = sum(imp < controls[top] for imp in methods.values())
    if beaten == len(methods):
        return Told("The published score is won without skill.", detail)
    if beaten:
        of = f"{beaten} of {len(methods)} methods"
        return Told(f"A denoiser without skill beats {of} by the published score.", detail)
    return Told("By the published score every method beats those without skill.", detail)


def _held_out(view: View) -> Told:
    methods, _ = _scores(view, HELD_OUT)
    if not methods:
        return Told("What rows say that nobody touched was not measured.")
    best, published = _best(methods), _scores(view, PUBLISHED)[0]
    led = [name for name in [_best(published)] if name in methods] if published else []
    roles = dict.fromkeys(led, "best by the published score") | {best: "the best"}
    told = _listed(methods, [best, *_ours(view, methods), *led], roles)
    helpful, harmful = (sum(sign * imp > IMP.rope for imp in methods.values()) for sign in (1, -1))
    detail = f"{told}; {harmful} of {len(methods)} do harm (less than {IMP.rope:g} % is nothing)."
    if helpful:
        which = f"{helpful} of {len(methods)} methods help{'s' if helpful == 1 else ''}"
        return Told(f"On rows that nobody touched {which} on average.", detail)
    return Told("On rows that nobody touched no method helps on average.", detail)


def _calibrated(views: Sequence[View]) -> Told:
    """Where it stands in the domain and family of noise in which most was measured."""
    run = [view for view in views if CALIBRATED in _names(view.rows).values()]
    found = [
        standing
        for _, of in groupby(run, lambda view: replace(view.condition, level=0.0))
        for family in [list(of)]
        for domain in dict.fromkeys(name for view in family for name in view.domains)
        if (standing := _standing([v.of_domain(domain) for v in family if domain in v.domains]))
    ]
    if not found:
        return Told("Where the calibrated step stands was not measured.")
    return max(found, key=lambda standing: standing[0])[1]


def _standing(views: Sequence[View]) -> tuple[int, Told] | None:
    """On how much it was measured, and its place among those that are not told the noise."""
    rows = pd.concat([view.rows for view in views])
    rows = rows[(rows["kind"] != "control") & (rows["status"] == "ok")]
    names = _names(rows[rows["told"].isna()] if "told" in rows else rows)
    own = [name for name, of in names.items() if of == CALIBRATED]
    if len(own) != 1:
        return None
    rankings = {
        metric: found
        for metric in (RECOVERY_Y, RECOVERY_X)
        if (found := ranking_over_levels(views, HELD_OUT, metric, sorted(names)))
    }
    if not rankings:
        return None
    first = next(iter(rankings.values()))
    letters = " and ".join(metric.name[-1] for metric in rankings)
    places = [found.methods.index(own[0]) + 1 for found in rankings.values()]
    rival = next(name for name in first.methods if name not in own)
    shown = dict.fromkeys([*own, rival, *(name for name, of in names.items() if of == OURS)])
    told = [
        f"{name} {' and '.join(_recovered(views, metric, name) for metric in rankings)}"
        for name in shown
    ]
    ranks = [
        f"{found.mean_ranks[p - 1]:.1f}" for found, p in zip(rankings.values(), places, strict=True)
    ]
    cd = first.critical_difference
    detail = (
        f"Share of {views[0].condition.noise} noise taken out of {letters}, {first.n} of "
        f"{first.block}: {', '.join(told)}; average rank {' and '.join(ranks)}"
        + (f", critical difference {cd:.1f}." if cd else ".")
    )
    if set(places) == {1}:
        headline = f"Of {first.k} that are not told the noise, the calibrated step takes out most."
        return first.n, Told(headline, detail)
    where = " and ".join(map(str, places))
    return first.n, Told(
        f"The calibrated step is at place {where} of {first.k} in taking out noise.", detail
    )


def _recovered(views: Sequence[View], metric: Metric, name: str) -> str:
    entries = (
        view.summary(metric).get((HELD_OUT, d, name)) for view in views for d in view.datasets
    )
    return _printed(aggregate.mean_of(entries).mean, 2)


def _scores(view: View, protocol: str) -> tuple[dict[str, float], dict[str, float]]:
    """Mean Imp% of the ranked methods and of the controls of which no run is missing."""
    whole = {name: imp for name, (imp, is_whole) in mean_imp(view, protocol).items() if is_whole}
    methods, controls = (
        {name: whole[name] for name in names if name in whole}
        for names in (view.ranked, view.controls)
    )
    return methods, controls


def _names(rows: pd.DataFrame) -> dict[str, str]:
    """Names of denoisers by their labels."""
    return dict(zip(rows["denoiser"], rows["denoiser_name"], strict=True))


def _best(scores: Mapping[str, float]) -> str:
    return max(scores, key=scores.__getitem__)


def _ours(view: View, scores: Mapping[str, float]) -> list[str]:
    found = [name for name in scores if _names(view.rows)[name] == OURS]
    return found if len(found) == 1 else []


def _listed(
    scores: Mapping[str, float], names: Iterable[str], roles: Mapping[str, str | None]
) -> str:
    """Names with what they are, where that is said, and their scores."""
    return ", ".join(
        f"{name}{f' ({roles[name]})' if roles.get(name) else ''} {_printed(scores[name], 1)}"
        for name in dict.fromkeys(names)
    )


def _printed(value: float | None, decimals: int) -> str:
    return number(value, decimals).replace("-", "−")
