"""Whether DenoGrad stands alone on the Pareto front of Imp% against preservation."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.analysis.aggregate import IMP, RHO, SWD, Metric
from experiments.analysis.claims.base import Finding, Statement, UntestableError
from experiments.analysis.claims.runs import METHODS, SHRINKING, Runs
from experiments.analysis.fronts import dominates, front
from experiments.analysis.verdict import Verdict
from experiments.words import number

#: Imp% (larger is better) and a cost (smaller is better).
Point = tuple[float, float]


def judge_front(on_front: tuple[str, ...]) -> Verdict:
    """Reproduced if DenoGrad alone is on the front, partly if it is among others, else not."""
    if on_front == ("denograd",):
        return Verdict.REPRODUCED
    return Verdict.PARTLY if "denograd" in on_front else Verdict.NOT


def _cost(metric: Metric, value: float) -> float:
    return 1 - value if metric is RHO else value


def _points(
    runs: Runs, metric: Metric, names: tuple[str, ...], datasets: list[str]
) -> dict[str, Point]:
    points: dict[str, Point] = {}
    for name in names:
        try:
            imp = runs.mean(IMP, name, datasets)
            points[name] = (imp, _cost(metric, runs.mean(metric, name, datasets)))
        except UntestableError:
            continue
    return points


def _statement(domain: str, metric: Metric, axis: str) -> Statement:
    def find(runs: Runs) -> Finding:
        datasets = runs.complete([IMP, metric], domain)
        points = _points(runs, metric, METHODS, datasets)
        on_front = front(points)
        imp, cost = points["denograd"]
        before = [name for name in METHODS if dominates(points[name], points["denograd"])]
        beaten = f", dominated by {', '.join(before)}" if before else ""
        return Finding(
            verdict=judge_front(on_front),
            reason=(
                f"on the front (Imp% at {axis}): {_at(points, on_front)}; denograd has "
                f"{number(imp, 1)} at {number(cost, 3)}{beaten}; over "
                f"{runs.over(datasets, domain)}"
            ),
            ours=", ".join(on_front),
            value=imp,
        )

    def controls(runs: Runs) -> str:
        datasets = runs.datasets(domain)
        points = _points(runs, metric, SHRINKING, datasets)
        return f"Imp% at {axis}: {_at(points, tuple(points))}" if points else ""

    return Statement(
        name=f"Pareto front, {axis}, {domain}",
        paper="denograd alone",
        criterion=(
            f"methods by Imp% and {axis}, averaged over {domain} datasets: reproduced if denograd "
            "is the only one that no other dominates, partly if it is one of several, otherwise not"
        ),
        find=find,
        controls=controls,
    )


def _at(points: Mapping[str, Point], names: tuple[str, ...]) -> str:
    return ", ".join(
        f"{name} {number(points[name][0], 1)} at {number(points[name][1], 3)}" for name in names
    )


STATEMENTS = tuple(
    _statement(domain, metric, axis)
    for domain in ("tabular", "series")
    for metric, axis in ((SWD, "SWD"), (RHO, "1 − ρ̄"))
)
