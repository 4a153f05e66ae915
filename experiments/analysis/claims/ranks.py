"""Average ranks, and whether gaps between them mean anything."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.analysis.aggregate import IMP, RHO, SWD, Metric
from experiments.analysis.claims.base import Finding, Statement
from experiments.analysis.claims.runs import DATASETS, METHODS, Runs
from experiments.analysis.ranking import ALPHA
from experiments.analysis.statistics import critical_difference
from experiments.analysis.verdict import Verdict

CLOSE = 0.5
EPSILON = 1e-9


@dataclass(frozen=True)
class Pair:
    """The two average ranks that the paper prints for a metric: DenoGrad's and its rival's."""

    metric: Metric
    denograd: float
    rival: str
    rivals: float

    @property
    def gap(self) -> float:
        """Distance of the two."""
        return abs(self.denograd - self.rivals)


PAIRS = (
    Pair(IMP, 3.10, "kalman", 1.50),
    Pair(SWD, 1.70, "pca", 2.30),
    Pair(RHO, 2.10, "dn_resnet", 1.90),
)


def judge_ranks(ours: tuple[float, float], paper: tuple[float, float]) -> Verdict:
    """Whether two average ranks are those of the paper.

    Reproduced if both lie within 0.5 of the paper's and their order is the same, partly if only one
    of the two conditions holds, otherwise not.
    """
    close = all(abs(a - b) <= CLOSE + EPSILON for a, b in zip(ours, paper, strict=True))
    same_order = _same_order(ours, paper)
    if close and same_order:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if close or same_order else Verdict.NOT


def _same_order(ours: tuple[float, float], paper: tuple[float, float]) -> bool:
    return (ours[0] - ours[1]) * (paper[0] - paper[1]) > EPSILON


def judge_gaps(inside: list[bool]) -> Verdict:
    """Reproduced if every gap lies within the critical difference, partly if some do, else not."""
    if all(inside):
        return Verdict.REPRODUCED
    return Verdict.PARTLY if any(inside) else Verdict.NOT


def _ranks(runs: Runs, pair: Pair) -> tuple[float, float, tuple[str, ...]]:
    found = runs.ranked(pair.metric)
    of = dict(zip(found.methods, found.mean_ranks, strict=True))
    return of["denograd"], of[pair.rival], found.blocks


def _statement(pair: Pair) -> Statement:
    def find(runs: Runs) -> Finding:
        denograd, rival, blocks = _ranks(runs, pair)
        ours, paper = (denograd, rival), (pair.denograd, pair.rivals)
        order = "the order is the same" if _same_order(ours, paper) else "the order is not the same"
        return Finding(
            verdict=judge_ranks(ours, paper),
            reason=(
                f"denograd {denograd:.2f} against {pair.denograd:.2f} published, {pair.rival} "
                f"{rival:.2f} against {pair.rivals:.2f}, {order}; over {runs.over(blocks)}"
            ),
            ours=f"denograd {denograd:.2f}, {pair.rival} {rival:.2f}",
            value=denograd,
        )

    return Statement(
        name=f"average rank, {pair.metric.title}",
        paper=f"denograd {pair.denograd:.2f}, {pair.rival} {pair.rivals:.2f}",
        criterion=(
            f"reproduced if both average ranks lie within {CLOSE:g} of the paper's and their order "
            "is the same, partly if only one of the two holds, otherwise not"
        ),
        find=find,
        controls=lambda runs: runs.controls(pair.metric),
    )


def _find_gaps(runs: Runs) -> Finding:
    k, n = len(METHODS), len(DATASETS)
    published = critical_difference(k, n, ALPHA)
    ranks = [_ranks(runs, pair) for pair in PAIRS]
    gaps = [abs(denograd - rival) for denograd, rival, _ in ranks]
    # A gap is held against the critical difference of its own number of datasets.
    sizes = [len(blocks) for _, _, blocks in ranks]
    criticals = {size: critical_difference(k, size, ALPHA) for size in sizes}
    inside = [gap <= criticals[size] for gap, size in zip(gaps, sizes, strict=True)]
    ours = _listed(gaps)
    limits = ", ".join(f"{critical:.2f} (N = {size})" for size, critical in criticals.items())
    return Finding(
        verdict=judge_gaps(inside),
        reason=(
            f"for k = {k} and N = {n} the critical difference is {published:.2f} (α = {ALPHA:g}) "
            f"against published gaps of {_listed([pair.gap for pair in PAIRS])}; of our gaps, "
            f"{ours}, {sum(inside)} of {len(inside)} lie within {limits}"
        ),
        ours=ours,
        value=gaps[0],
    )


def _listed(gaps: list[float]) -> str:
    return ", ".join(f"{gap:.2f}" for gap in gaps)


STATEMENTS = (
    *map(_statement, PAIRS),
    Statement(
        name="gaps of ranks within chance",
        paper="1.60, 0.60, 0.20 within CD 3.32",
        criterion=(
            "the gaps between denograd and its rival in Imp%, SWD and ρ̄: reproduced if all of ours "
            "lie within Nemenyi's critical difference, partly if some do, otherwise not"
        ),
        find=_find_gaps,
    ),
)
