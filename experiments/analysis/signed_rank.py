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

from experiments.analysis.statistics import (
    ROUNDING,
    Floats,
    TestResult,
    complete_blocks,
    equalise,
)

#: Up to so many blocks all signs are tried where there are ties: the benchmark's datasets.
_ALL_SIGNS = 14


def wilcoxon_signed_rank(differences: ArrayLike) -> TestResult:
    """Wilcoxon's signed-rank test, two-sided, and exact for 14 differences or fewer.

    Differences of zero are ranked and their ranks split evenly between the two sums (Demšar; scipy
    calls it ``zsplit``). More differences are left to scipy, which is exact where none of up to 50
    are tied or zero and takes the normal approximation otherwise.

    Parameters
    ----------
    differences : array-like of shape (n,)
        Finite differences of two methods' scores, one per block.

    Returns
    -------
    TestResult
        The smaller rank sum and the p-value.
    """
    d = _finite(differences, "Wilcoxon's test")
    signed = np.sign(d) * stats.rankdata(equalise(np.abs(d)))
    few = d.size <= _ALL_SIGNS
    found = stats.wilcoxon(signed, zero_method="zsplit", method="exact" if few else "auto")
    p_value = found.pvalue
    # What scipy calls exact is so without ties and zeros; with them, all signs of the ranks are.
    if few and 1 < d.size > len(set(np.abs(signed)) - {0.0}):
        p_value = stats.permutation_test(
            (signed,), np.sum, permutation_type="samples", n_resamples=2**d.size
        ).pvalue
    return TestResult(float(found.statistic), float(p_value))


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
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must lie between 0 and 1, got {p.tolist()}")
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def wilcoxon_holm(scores: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Compare all pairs of methods by Wilcoxon's signed-rank test with Holm's adjustment.

    Parameters
    ----------
    scores
        Blocks x methods; blocks with a NaN are left out.

    Returns
    -------
    dict
        Adjusted p-value by pair, in the order of the columns.
    """
    complete, _ = complete_blocks(scores)
    pairs = list(combinations(map(str, complete.columns), 2))
    if not pairs or complete.empty:
        raise ValueError(
            f"a comparison needs two methods and a complete block, got {complete.shape[1]} methods "
            f"and {len(complete)} complete blocks of {len(scores)}"
        )
    differences = [first - second for first, second in combinations(equalise(complete).T, 2)]
    adjusted = holm([wilcoxon_signed_rank(d).p_value for d in differences])
    return dict(zip(pairs, adjusted.tolist(), strict=True))


def why_never(n_pairs: int, n_blocks: int, alpha: float = 0.05) -> str | None:
    """A sentence where Wilcoxon with Holm cannot reject whatever the scores, else None.

    Parameters
    ----------
    n_pairs, n_blocks
        Number of comparisons, and of complete blocks.
    alpha
        Level of the test.
    """
    smallest = min(1.0, 2.0 ** (1 - n_blocks) * n_pairs)
    if smallest <= alpha:
        return None
    return (
        f"Wilcoxon with Holm can never reject here: the smallest p-value of {n_pairs} "
        f"comparison{'s' if n_pairs > 1 else ''} over {n_blocks} blocks is {smallest:.3g}; "
        f"{1 + math.ceil(math.log2(n_pairs / alpha))} blocks are needed for {alpha:g}."
    )


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
    d = _finite(differences, "the Bayesian signed-rank test")
    if not (0 <= rope < math.inf and 0 < prior_strength < math.inf):
        raise ValueError(
            f"rope must not be negative and prior_strength must be positive, both finite, got "
            f"{rope=}, {prior_strength=}"
        )
    observations = np.concatenate([[0.0], d])
    means = (observations[:, None] + observations[None, :]) / 2
    weights = _posterior_weights(d.size, n_draws, seed, prior_strength)
    edge = rope + ROUNDING * (1 + rope)
    above = np.sum(weights @ (means > edge) * weights, axis=1)
    below = np.sum(weights @ (means < -edge) * weights, axis=1)
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


def _finite(differences: ArrayLike, test: str) -> Floats:
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or d.size == 0 or not np.isfinite(d).all():
        raise ValueError(
            f"{test} needs at least one finite difference, got {d.size} of shape {d.shape} with "
            f"{np.count_nonzero(~np.isfinite(d))} not finite"
        )
    return d
