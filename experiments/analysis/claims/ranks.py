"""Average ranks, and whether gaps between them mean anything."""

from __future__ import annotations

from collections.abc import Mapping
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
    """The average ranks that the paper prints for a metric: DenoGrad's and the best competitor's.

    `rival` is that competitor.
    """

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


def judge_ranks(
    ours: tuple[float, float], paper: tuple[float, float], same_rival: bool = True
) -> Verdict:
    """Whether two average ranks are those of the paper, and the best competitor is.

    Reproduced if both ranks lie within 0.5 of the paper's, their order is the same and so is the
    best competitor, partly if the ranks are close or their order is the same, otherwise not.
    """
    close = all(abs(a - b) <= CLOSE + EPSILON for a, b in zip(ours, paper, strict=True))
    same_order = _same_order(ours, paper)
    if close and same_order and same_rival:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if close or same_order else Verdict.NOT


def _same_order(ours: tuple[float, float], paper: tuple[float, float]) -> bool:
    return (ours[0] - ours[1]) * (paper[0] - paper[1]) > EPSILON


def judge_gaps(inside: list[bool]) -> Verdict:
    """Reproduced if every gap lies within the critical difference, partly if some do, else not."""
    if all(inside):
        return Verdict.REPRODUCED
    return Verdict.PARTLY if any(inside) else Verdict.NOT


def _ranks(runs: Runs, pair: Pair) -> tuple[dict[str, float], tuple[str, ...]]:
    found = runs.ranked(pair.metric)
    return dict(zip(found.methods, found.mean_ranks, strict=True)), found.blocks


def best_competitors(ranks: Mapping[str, float]) -> list[str]:
    """Who has the lowest average rank beside DenoGrad; several where they are level."""
    others = {method: rank for method, rank in ranks.items() if method != "denograd"}
    return sorted(m for m, rank in others.items() if rank <= min(others.values()) + EPSILON)


def _statement(pair: Pair) -> Statement:
    def find(runs: Runs) -> Finding:
        ranks, blocks = _ranks(runs, pair)
        denograd, rival = ranks["denograd"], ranks[pair.rival]
        ours, paper = (denograd, rival), (pair.denograd, pair.rivals)
        order = "the order is the same" if _same_order(ours, paper) else "the order is not the same"
        best = best_competitors(ranks)
        named = f"{' and '.join(best)} {ranks[best[0]]:.2f}"
        agrees = "as published" if pair.rival in best else f"not {pair.rival} as published"
        return Finding(
            verdict=judge_ranks(ours, paper, pair.rival in best),
            reason=(
                f"denograd {denograd:.2f} against {pair.denograd:.2f} published, {pair.rival} "
                f"{rival:.2f} against {pair.rivals:.2f}, {order}; the best competitor is {named}, "
                f"{agrees}; over {runs.over(blocks)}"
            ),
            ours=f"denograd {denograd:.2f}, {pair.rival} {rival:.2f}, best competitor {named}",
            value=denograd,
        )

    return Statement(
        name=f"average rank, {pair.metric.title}",
        paper=f"denograd {pair.denograd:.2f}, best competitor {pair.rival} {pair.rivals:.2f}",
        criterion=(
            f"reproduced if both average ranks lie within {CLOSE:g} of the paper's, their order is "
            "the same and so is the best competitor, partly if the ranks are close or their order "
            "is the same, otherwise not"
        ),
        find=find,
        controls=lambda runs: runs.controls(pair.metric),
    )


def _find_gaps(runs: Runs) -> Finding:
    k, n = len(METHODS), len(DATASETS)
    published = critical_difference(k, n, ALPHA)
    ranks = [_ranks(runs, pair) for pair in PAIRS]
    gaps = [abs(of["denograd"] - of[p.rival]) for p, (of, _) in zip(PAIRS, ranks, strict=True)]
    # A gap is held against the critical difference of its own number of datasets.
    sizes = [len(blocks) for _, blocks in ranks]
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


RANKS = tuple(map(_statement, PAIRS))
STATEMENTS = (
    *RANKS,
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
