"""Comparing several methods over several blocks: average ranks, Friedman and Nemenyi.

A comparison starts from a table of scores with one row per block (usually a dataset) and one column
per method. The tests follow Demšar [1]_; `experiments.analysis.signed_rank` compares pairs.

References
----------
.. [1] J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

#: Scores closer than this, relative to the larger one where that is above 1, are equal: scores
#: have no unit, and rounding leaves that much of a zero too.
ROUNDING = 1e-12


@dataclass(frozen=True)
class TestResult:
    """A test statistic and its p-value."""

    __test__ = False  # pytest collects classes by this name otherwise

    statistic: float
    p_value: float


class Friedman(NamedTuple):
    """Friedman's chi-square, corrected for ties, and Iman and Davenport's F made from it.

    Where all blocks rank the methods alike F is infinite, and its p-value of 0 is meaningless.
    """

    chi_square: TestResult
    iman_davenport: TestResult


@dataclass(frozen=True)
class Ranking:
    """Average ranks of `k` methods over `n` blocks, with the tests that belong to them.

    Attributes
    ----------
    methods
        The methods, best average rank first (equal ones by name).
    mean_ranks
        Average rank of each of `methods`; 1 is best.
    block
        What a block is, for example ``"dataset"``.
    blocks
        The blocks that were ranked.
    left_out
        The blocks that were not, because a method is missing there.
    alpha
        Level of the critical difference.
    critical_difference
        Average ranks that differ by less are not told apart by Nemenyi's test; None where there
        are not two methods and two blocks.
    friedman
        None where there are not three methods and two blocks.
    """

    methods: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    block: str
    blocks: tuple[str, ...]
    left_out: tuple[str, ...]
    alpha: float
    critical_difference: float | None
    friedman: Friedman | None

    @property
    def k(self) -> int:
        """Number of methods."""
        return len(self.methods)

    @property
    def n(self) -> int:
        """Number of blocks that were ranked."""
        return len(self.blocks)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Largest groups of methods whose average ranks lie within the critical difference."""
        if self.critical_difference is None:
            return ()
        ranks = dict(zip(self.methods, self.mean_ranks, strict=True))
        return indistinct_groups(ranks, self.critical_difference)

    def nemenyi(self) -> pd.DataFrame:
        """Nemenyi's p-value of every pair, methods x methods.

        Raises
        ------
        ValueError
            If there are not two methods and two blocks.
        """
        p = nemenyi_p_values(self.mean_ranks, self.n)
        return pd.DataFrame(p, index=list(self.methods), columns=list(self.methods))


def complete_blocks(scores: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Split off the blocks in which a method has no score.

    Every comparison of methods begins here, so that methods of one name are refused here.

    Parameters
    ----------
    scores
        Blocks x methods; NaN where a score is missing.

    Returns
    -------
    complete : DataFrame
        The rows without NaN.
    left_out : tuple of str
        Names of the other rows, in their order.

    Raises
    ------
    ValueError
        If two methods have the same name.
    """
    names = scores.columns.map(str)
    if names.has_duplicates:
        repeated = ", ".join(map(repr, names[names.duplicated()].unique()))
        raise ValueError(f"methods need names of their own, but these occur twice: {repeated}")
    missing = scores.isna().any(axis=1)
    return scores[~missing], tuple(str(name) for name in scores.index[missing])


def equalise(values: ArrayLike) -> Floats:
    """Give values of a row that are equal but for rounding one value, the smallest of them."""
    values = np.asarray(values, dtype=np.float64)
    others = values[..., None, :]
    close = np.isclose(values[..., :, None], others, rtol=ROUNDING, atol=ROUNDING)
    return np.asarray(np.where(close, others, np.inf).min(axis=-1))


def ranks_within_blocks(scores: ArrayLike, *, larger_is_better: bool) -> Floats:
    """Rank the methods of every block; scores equal but for rounding share their average rank.

    Parameters
    ----------
    scores : array-like of shape (n_blocks, n_methods)
        No NaN; infinite scores are ranked like any other.
    larger_is_better
        Whether rank 1 goes to the largest score or to the smallest.

    Returns
    -------
    ndarray of shape (n_blocks, n_methods)
        Ranks from 1 (best); every row sums to ``k * (k + 1) / 2``.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"scores must be a table of blocks x methods with at least one of each, got shape "
            f"{values.shape}"
        )
    missing = int(np.count_nonzero(np.isnan(values)))
    if missing:
        raise ValueError(
            f"{missing} of {values.size} scores are missing; leave those blocks out with "
            "complete_blocks"
        )
    values = equalise(values)
    return np.asarray(stats.rankdata(-values if larger_is_better else values, axis=1))


def friedman(ranks: ArrayLike) -> Friedman:
    """Friedman's test, corrected for ties, and Iman and Davenport's F made from it.

    Parameters
    ----------
    ranks : array-like of shape (n_blocks, n_methods)
        As returned by `ranks_within_blocks`.

    Returns
    -------
    Friedman
        With N blocks and k methods, chi-square has k - 1 degrees of freedom and
        F = (N - 1) chi-square / (N (k - 1) - chi-square) has k - 1 and (k - 1)(N - 1). Blocks
        that are tied throughout give a chi-square of 0.

    Raises
    ------
    ValueError
        If there are fewer than two blocks or three methods, or a rank is not finite.
    """
    values = np.asarray(ranks, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"ranks must be a finite table of blocks x methods, got {values.tolist()}")
    n, k = values.shape
    if n < 2 or k < 3:
        raise ValueError(f"Friedman's test needs three methods and two blocks, got {k=} and {n=}")
    # scipy divides zero by zero where all is tied.
    tied = not np.ptp(values, axis=1).any()
    chi, p = (0.0, 1.0) if tied else map(float, stats.friedmanchisquare(*values.T))
    left = n * (k - 1) - chi
    # Nothing is left to divide by where all blocks rank the methods alike.
    f = (n - 1) * chi / left if left > 1e-9 * n * (k - 1) else math.inf
    p_of_f = float(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    return Friedman(TestResult(chi, p), TestResult(f, p_of_f))


def critical_difference(k: int, n: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of two average ranks: ``q * sqrt(k (k + 1) / (6 n))``.

    Parameters
    ----------
    k
        Number of methods.
    n
        Number of blocks.
    alpha
        Level of the test, between 0 and 1.

    Returns
    -------
    float
        With q the upper quantile of the studentised range for k groups and infinitely many
        degrees of freedom, divided by the square root of 2.
    """
    _check_size(k, n)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    return _studentized_range_quantile(k, alpha) / math.sqrt(2) * _rank_scale(k, n)


@lru_cache(maxsize=64)
def _studentized_range_quantile(k: int, alpha: float) -> float:
    return float(stats.studentized_range.ppf(1 - alpha, k, np.inf))


def nemenyi_p_values(mean_ranks: ArrayLike, n: int) -> Floats:
    """Nemenyi's p-values of all pairs of methods.

    Parameters
    ----------
    mean_ranks : array-like of shape (n_methods,)
        Average ranks.
    n
        Number of blocks they were averaged over.

    Returns
    -------
    ndarray of shape (n_methods, n_methods)
        Symmetric, 1 on the diagonal. A pair's p-value is alpha where its ranks differ by the
        critical difference of level alpha.
    """
    ranks = np.asarray(mean_ranks, dtype=np.float64)
    if not np.isfinite(ranks).all():
        raise ValueError(f"average ranks must be finite, got {ranks.tolist()}")
    k = ranks.size
    _check_size(k, n)
    first, second = np.triu_indices(k, 1)
    ranges = np.abs(ranks[first] - ranks[second]) / _rank_scale(k, n) * math.sqrt(2)
    p = np.ones((k, k))
    # The integral behind the distribution leaves [0, 1] by rounding.
    pairs = np.clip(stats.studentized_range.sf(ranges, k, np.inf), 0.0, 1.0)
    p[first, second] = p[second, first] = pairs
    return p


def _rank_scale(k: int, n: int) -> float:
    return math.sqrt(k * (k + 1) / (6 * n))


def _check_size(k: int, n: int) -> None:
    if k < 2 or n < 2:
        raise ValueError(f"a comparison needs two methods and two blocks, got k={k} and n={n}")


def indistinct_groups(
    mean_ranks: Mapping[str, float], critical_difference: float
) -> tuple[tuple[str, ...], ...]:
    """Methods that lie within the critical difference of each other.

    Parameters
    ----------
    mean_ranks
        Average rank by method.
    critical_difference
        See the function `critical_difference`.

    Returns
    -------
    tuple of tuple of str
        The largest such groups of two or more methods, each from its best rank on; groups may
        overlap. These are the bars of a critical-difference diagram.
    """
    names = sorted(mean_ranks, key=lambda name: (mean_ranks[name], name))
    found: list[tuple[str, ...]] = []
    reached = 0
    for start, name in enumerate(names):
        stop = start
        while (
            stop < len(names) and mean_ranks[names[stop]] - mean_ranks[name] <= critical_difference
        ):
            stop += 1
        if stop - start > 1 and stop > reached:
            found.append(tuple(names[start:stop]))
        reached = max(reached, stop)
    return tuple(found)


def rank_methods(
    scores: pd.DataFrame, *, larger_is_better: bool, block: str = "dataset", alpha: float = 0.05
) -> Ranking:
    """Average ranks over the complete blocks, with Friedman's and Nemenyi's tests.

    Parameters
    ----------
    scores
        Blocks x methods; NaN where a score is missing. Such blocks are left out and named in the
        result.
    larger_is_better
        Whether rank 1 goes to the largest score or to the smallest.
    block
        What a row of `scores` is.
    alpha
        Level of the critical difference.

    Returns
    -------
    Ranking
        Without tests where there are not two methods and two complete blocks.

    Raises
    ------
    ValueError
        If no block is complete.
    """
    complete, left_out = complete_blocks(scores)
    if complete.empty:
        raise ValueError(
            f"no {block} has a score of every method ({len(scores)} of {len(scores)} left out); "
            "rank fewer methods"
        )
    ranks = ranks_within_blocks(
        complete.to_numpy(dtype=np.float64), larger_is_better=larger_is_better
    )
    n, k = ranks.shape
    testable = n >= 2 and k >= 2
    means = dict(zip(map(str, complete.columns), ranks.mean(axis=0).tolist(), strict=True))
    methods = tuple(sorted(means, key=lambda name: (means[name], name)))
    return Ranking(
        methods=methods,
        mean_ranks=tuple(means[name] for name in methods),
        block=block,
        blocks=tuple(str(name) for name in complete.index),
        left_out=left_out,
        alpha=alpha,
        critical_difference=critical_difference(k, n, alpha) if testable else None,
        friedman=friedman(ranks) if n >= 2 and k >= 3 else None,
    )
