"""Comparing pairs of methods over several blocks: Wilcoxon with Holm, and its Bayesian relative.

References
----------
.. [1] J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.
.. [2] A. Benavoli, G. Corani, J. Demšar, M. Zaffalon, "Time for a change: a tutorial for comparing
   multiple classifiers through Bayesian analysis", JMLR 18, 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from experiments.analysis.statistics import Floats, TestResult, complete_blocks


@dataclass(frozen=True)
class Comparison:
    """Wilcoxon's signed-rank test of two methods.

    Attributes
    ----------
    statistic
        The smaller of the two rank sums.
    p_value, p_holm
        Two-sided, for this pair alone and adjusted for all pairs compared.
    """

    first: str
    second: str
    statistic: float
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class WilcoxonHolm:
    """Wilcoxon's test of several pairs of methods with Holm's adjustment.

    Attributes
    ----------
    n
        Number of complete blocks.
    left_out
        The blocks that were not used, because a method is missing there.
    """

    comparisons: tuple[Comparison, ...]
    n: int
    left_out: tuple[str, ...]
    alpha: float

    @property
    def smallest_p(self) -> float:
        """The smallest adjusted p-value that this many blocks and comparisons can give."""
        return min(1.0, 2.0 ** (1 - self.n) * len(self.comparisons))

    @property
    def why_never(self) -> str | None:
        """A sentence where the test cannot reject whatever the scores, else None."""
        if self.smallest_p <= self.alpha:
            return None
        pairs = len(self.comparisons)
        needed = 1 + math.ceil(math.log2(pairs / self.alpha))
        return (
            f"Wilcoxon with Holm can never reject here: the smallest p-value of {pairs} "
            f"comparison{'s' if pairs > 1 else ''} over {self.n} blocks is {self.smallest_p:.3g}; "
            f"{needed} blocks are needed for {self.alpha:g}."
        )


def wilcoxon_signed_rank(differences: ArrayLike) -> TestResult:
    """Wilcoxon's signed-rank test, two-sided and exact, given the ranks of the differences.

    Differences of zero are ranked and their ranks split evenly between the two sums (Demšar; scipy
    calls it ``zsplit``). The p-value comes from the distribution over all signs of the others, so
    that it is exact with ties too.

    Parameters
    ----------
    differences : array-like of shape (n,)
        Finite differences of two methods' scores, one per block.

    Returns
    -------
    TestResult
        The smaller rank sum and the p-value.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or d.size == 0 or not np.isfinite(d).all():
        raise ValueError(
            f"Wilcoxon's test needs at least one finite difference, got {d.size} of shape "
            f"{d.shape} with {np.count_nonzero(~np.isfinite(d))} not finite"
        )
    ranks = stats.rankdata(np.abs(d))
    split = float(ranks[d == 0].sum()) / 2
    smaller = min(float(ranks[d > 0].sum()), float(ranks[d < 0].sum()))
    # Average ranks are multiples of one half: twice them is an index.
    doubled = np.rint(2 * ranks[d != 0]).astype(int)
    probability = np.zeros(int(doubled.sum()) + 1)
    probability[0] = 1.0
    for rank in doubled:
        shifted = np.concatenate([np.zeros(rank), probability[: probability.size - rank]])
        probability = (probability + shifted) / 2
    tail = float(probability[: round(2 * smaller) + 1].sum())
    return TestResult(smaller + split, min(1.0, 2 * tail))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down adjustment of p-values for the number of tests.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Unadjusted p-values.

    Returns
    -------
    ndarray of shape (n,)
        Adjusted p-values in the order given; never smaller than the unadjusted ones.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def wilcoxon_holm(
    scores: pd.DataFrame, *, reference: str | None = None, alpha: float = 0.05
) -> WilcoxonHolm:
    """Compare pairs of methods by Wilcoxon's signed-rank test with Holm's adjustment.

    Parameters
    ----------
    scores
        Blocks x methods; blocks with a NaN are left out.
    reference
        Compare this method with every other one; None compares all pairs.
    alpha
        Level at which `WilcoxonHolm.why_never` judges whether there are enough blocks.

    Returns
    -------
    WilcoxonHolm
        Comparisons in the order of the columns.
    """
    complete, left_out = complete_blocks(scores)
    names = [str(name) for name in complete.columns]
    if reference is not None and reference not in names:
        raise ValueError(f"the reference {reference!r} is none of the methods {names}")
    pairs = [
        (first, second)
        for first, second in combinations(range(len(names)), 2)
        if reference is None or reference in (names[first], names[second])
    ]
    if not pairs or complete.empty:
        raise ValueError(
            f"a comparison needs two methods and a complete block, got {len(names)} methods and "
            f"{len(complete)} complete blocks of {len(scores)}"
        )
    values = complete.to_numpy(dtype=np.float64)
    results = [
        wilcoxon_signed_rank(values[:, first] - values[:, second]) for first, second in pairs
    ]
    adjusted = holm([result.p_value for result in results])
    comparisons = tuple(
        Comparison(names[first], names[second], result.statistic, result.p_value, float(p_holm))
        for (first, second), result, p_holm in zip(pairs, results, adjusted, strict=True)
    )
    return WilcoxonHolm(comparisons, n=len(complete), left_out=left_out, alpha=alpha)


@dataclass(frozen=True)
class SignedRankPosterior:
    """Posterior probabilities that one method is practically better than another.

    Attributes
    ----------
    first, equal, second
        Probability that the first scores higher, that the two differ by less than the region of
        practical equivalence, and that the second scores higher; they sum to 1.
    """

    first: float
    equal: float
    second: float


def bayesian_signed_rank(
    differences: ArrayLike,
    *,
    rope: float,
    n_draws: int = 20_000,
    seed: int = 0,
    prior_strength: float = 0.5,
) -> SignedRankPosterior:
    """Bayesian signed-rank test with a region of practical equivalence (Benavoli et al.).

    A Dirichlet process prior, with its one pseudo-observation in the middle of the region, is
    updated with the differences; each draw of their weights says how probable it is that the mean
    of two differences lies below, within or above the region, and votes for the most probable.

    Parameters
    ----------
    differences : array-like of shape (n,)
        Score of the first method minus score of the second, one per block; finite.
    rope
        Half the width of the region of practical equivalence, in the units of the scores.
    n_draws
        Draws from the posterior.
    seed
        Seed of the draws.
    prior_strength
        Weight of the pseudo-observation, in observations.

    Returns
    -------
    SignedRankPosterior
        Shares of the votes; a tie is split.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or d.size == 0 or not np.isfinite(d).all():
        raise ValueError(
            f"the Bayesian signed-rank test needs at least one finite difference, got {d.size} of "
            f"shape {d.shape} with {np.count_nonzero(~np.isfinite(d))} not finite"
        )
    if rope < 0 or prior_strength <= 0:
        raise ValueError(
            f"rope must not be negative and prior_strength must be positive, got rope={rope}, "
            f"prior_strength={prior_strength}"
        )
    observations = np.concatenate([[0.0], d])
    means = (observations[:, None] + observations[None, :]) / 2
    weights = _posterior_weights(d.size, n_draws, seed, prior_strength)
    above = np.sum(weights @ (means > rope) * weights, axis=1)
    below = np.sum(weights @ (means < -rope) * weights, axis=1)
    shares = np.column_stack([above, 1.0 - above - below, below])
    # Symmetric data tie up to rounding.
    winners = shares >= shares.max(axis=1, keepdims=True) - 1e-12
    votes = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return SignedRankPosterior(*votes.tolist())


@lru_cache(maxsize=8)
def _posterior_weights(n: int, n_draws: int, seed: int, prior_strength: float) -> Floats:
    """Weights of the pseudo-observation and of `n` differences; the same for every pair."""
    concentration = np.concatenate([[prior_strength], np.ones(n)])
    weights = np.random.default_rng(seed).dirichlet(concentration, size=n_draws)
    weights.setflags(write=False)
    return weights
