"""What the Kalman filter scores, and at what cost to the data."""

from __future__ import annotations

from collections.abc import Callable
from operator import gt, lt

import numpy as np

from experiments.analysis.aggregate import IMP, RHO, SWD, Metric
from experiments.analysis.claims.base import BY_SHARE, Finding, Statement, by_share
from experiments.analysis.claims.runs import Runs
from experiments.words import number


def _statement(metric: Metric, holds: Callable[[float, float], bool], limit: float) -> Statement:
    paper = f"{'above' if holds is gt else 'below'} {limit:g}"

    def find(runs: Runs) -> Finding:
        values = runs.values(metric, "kalman")
        hits = [dataset for dataset, value in values.items() if holds(value, limit)]
        median = float(np.median(list(values.values())))
        each = ", ".join(f"{d} {number(v, metric.decimals)}" for d, v in values.items())
        return Finding(
            verdict=by_share(len(hits), len(values)),
            reason=(
                f"{paper} on {len(hits)} of {len(values)} datasets ({each}), {runs.over(values)}"
            ),
            ours=f"{len(hits)} of {len(values)}, median {number(median, metric.decimals)}",
            value=median,
        )

    return Statement(
        name=f"kalman, {metric.title}",
        paper=paper,
        criterion=BY_SHARE,
        find=find,
        controls=lambda runs: runs.controls(metric),
    )


STATEMENTS = (_statement(IMP, gt, 98.0), _statement(SWD, gt, 0.5), _statement(RHO, lt, 0.3))
