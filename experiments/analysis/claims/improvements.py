"""How much DenoGrad improves: on two series, on data as they come, and in later public runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.analysis.aggregate import IMP, IMP_ARITHMETIC
from experiments.analysis.claims.base import (
    BY_SHARE,
    Finding,
    Statement,
    UntestableError,
    by_share,
)
from experiments.analysis.claims.runs import Runs
from experiments.analysis.claims.series import REGRESSORS
from experiments.analysis.verdict import Verdict
from experiments.words import number

CLOSE, NEAR = 2.0, 10.0
MEDIAN_CLOSE = 10.0
#: An Imp% below this at least doubles the error.
DOUBLED = -100.0


def judge_figure(ours: float, paper: float) -> Verdict:
    """Reproduced within 2 percentage points of the paper's Imp%, partly within 10, else not."""
    distance = abs(ours - paper)
    if distance <= CLOSE:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if distance <= NEAR else Verdict.NOT


def judge_median(ours: float, public: float) -> Verdict:
    """Reproduced within 10 percentage points, partly if both are gains, otherwise not."""
    if abs(ours - public) <= MEDIAN_CLOSE:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if ours > 0 and public > 0 else Verdict.NOT


def judge_worst(ours: float) -> Verdict:
    """Reproduced if the worst Imp% is below -100, partly if it is below 0, otherwise not."""
    if ours < DOUBLED:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if ours < 0 else Verdict.NOT


def mean_improvement(dataset: str, paper: float, named: Sequence[str] = REGRESSORS) -> Statement:
    """The mean of a dataset over regressors: those that the paper names, or fewer."""

    def find(runs: Runs) -> Finding:
        by_log_ratio = number(runs.value(IMP, "denograd", dataset), 1)
        entry = runs.entry(IMP, dataset, "denograd")
        incomplete = (
            f"; {entry.done} of {entry.expected} runs are there"
            if entry and entry.status == "partial"
            else ""
        )
        found = runs.by_regressor("denograd", metric=IMP_ARITHMETIC).items()
        of = {regressor: value for (d, regressor), value in found if d == dataset}
        each = ", ".join(f"{regressor} {number(value, 1)}" for regressor, value in of.items())
        told = (
            f"the mean log ratio over all {len(of)} gives {by_log_ratio}; arithmetic means over "
            f"seeds: {each}{incomplete}"
        )
        missing = [regressor for regressor in named if regressor not in of]
        if missing:
            raise UntestableError(f"no runs with the regressors {', '.join(missing)}; {told}")
        ours = float(np.mean([of[regressor] for regressor in named]))
        return Finding(
            verdict=judge_figure(ours, paper),
            reason=(
                f"Imp% {number(ours, 1)} against {paper:g} published, "
                f"{number(abs(ours - paper), 1)} points apart; {told}"
            ),
            ours=f"{number(ours, 1)}; log ratio over {len(of)}: {by_log_ratio}",
            value=ours,
        )

    return Statement(
        name=f"mean Imp%, {dataset}",
        paper=f"{paper:g}",
        criterion=(
            f"reproduced if the arithmetic mean over {', '.join(named)}, which the paper "
            f"names, lies within {CLOSE:g} percentage points of the paper's, partly if within "
            f"{NEAR:g}, otherwise not"
        ),
        find=find,
        controls=lambda runs: runs.controls(IMP, [dataset]),
    )


def _find_clean(runs: Runs) -> Finding:
    if runs.condition.level != 0:
        raise UntestableError(
            f"noise of level {runs.condition.level:g} was added; the runs without tell"
        )
    values = runs.values(IMP, "denograd")
    hits = [dataset for dataset, value in values.items() if value > 0]
    median = float(np.median(list(values.values())))
    each = ", ".join(f"{d} {number(v, 1)}" for d, v in values.items())
    return Finding(
        verdict=by_share(len(hits), len(values)),
        reason=(
            f"Imp% above 0 on {len(hits)} of {len(values)} datasets ({each}), {runs.over(values)}"
        ),
        ours=f"{len(hits)} of {len(values)}, median {number(median, 1)}",
        value=median,
    )


def _median(domain: str, public: float) -> Statement:
    def find(runs: Runs) -> Finding:
        values = runs.by_regressor("denograd", domain)
        ours = float(np.median(list(values.values())))
        datasets = {dataset for dataset, _ in values}
        return Finding(
            verdict=judge_median(ours, public),
            reason=(
                f"median Imp% {number(ours, 1)} against {public:g} of {len(values)} pairs of "
                f"dataset and regressor, {runs.over(datasets, domain)}"
            ),
            ours=number(ours, 1),
            value=ours,
        )

    return Statement(
        name=f"later runs, median Imp%, {domain}",
        paper=f"{public:g}",
        criterion=(
            f"reproduced if denograd's median over dataset × regressor lies within "
            f"{MEDIAN_CLOSE:g} percentage points of the public one, partly if both are gains, "
            "otherwise not"
        ),
        find=find,
        controls=lambda runs: runs.controls(IMP, runs.datasets(domain)),
    )


def _find_worst(runs: Runs) -> Finding:
    values = runs.by_regressor("denograd")
    (dataset, regressor), ours = min(values.items(), key=lambda item: (item[1], item[0]))
    harmed = sum(value < 0 for value in values.values())
    return Finding(
        verdict=judge_worst(ours),
        reason=(
            f"the worst Imp% is {number(ours, 1)}, on {dataset} with {regressor}, against -2350; "
            f"{harmed} of {len(values)} pairs of dataset and regressor lose"
        ),
        ours=number(ours, 1),
        value=ours,
    )


CLEAN = Statement(
    name="improves nominally clean data",
    paper="Imp% above 0 without noise",
    criterion=f"denograd's Imp% above 0: {BY_SHARE}",
    find=_find_clean,
    controls=lambda runs: runs.controls() if runs.condition.level == 0 else "",
)
#: The paper's mean over the regressors that it names, by dataset.
MEANS = {"ecl": 98.4, "microsoft_stock": 97.6}

STATEMENTS = (
    *(mean_improvement(dataset, paper) for dataset, paper in MEANS.items()),
    CLEAN,
    _median("tabular", 50.4),
    _median("series", 73.4),
    Statement(
        name="later runs, worst Imp%",
        paper="-2350",
        criterion=(
            "denograd on dataset × regressor: reproduced if the worst Imp% is below -100 (the "
            "error doubles), partly if it is below 0, otherwise not"
        ),
        find=_find_worst,
    ),
)
