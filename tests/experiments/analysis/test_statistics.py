"""The tests of several methods against Demšar's example, scipy, scikit-posthocs and invariants."""

import gc
import math
from collections.abc import Callable
from functools import partial
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from experiments.analysis import statistics
from experiments.analysis.signed_rank import (
    SignedRankPosterior,
    bayesian_signed_rank,
    holm,
    why_never,
    wilcoxon_holm,
    wilcoxon_signed_rank,
)

METHODS = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]

# Demšar 2006, Table 6 (AUC). The paper prints 0.975 twice in the row "voting" but ranks the two 2
# and 3, so that one of them is a little larger here.
DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9752, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ],
    columns=METHODS,
    index=[f"data {number}" for number in range(1, 15)],
)

NAN = math.nan
HOLES = pd.DataFrame({"a": [1.0, NAN], "b": [NAN, 1.0]})
TWINS = pd.DataFrame([[1.0, 2.0, 3.0]] * 3, columns=["a", "b", "a"])

SCORES = arrays(
    np.float64,
    st.tuples(st.integers(2, 7), st.integers(2, 5)),
    # Few distinct values, so that ties are common.
    elements=st.integers(0, 4).map(float),
)

LARGER = {"larger_is_better": True}
rank = partial(statistics.rank_methods, **LARGER)


@pytest.fixture(scope="module")
def demsar() -> statistics.Ranking:
    return rank(DEMSAR)


def test_demsar_average_ranks(demsar: statistics.Ranking) -> None:
    assert (demsar.k, demsar.n, demsar.block, demsar.left_out) == (4, 14, "dataset", ())
    assert demsar.methods == ("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5")
    np.testing.assert_allclose(demsar.mean_ranks, [1.964, 2.0, 2.893, 3.143], atol=5e-4)


def test_demsar_friedman(demsar: statistics.Ranking) -> None:
    # Demšar prints 9.279 and 3.686, which are not corrected for ties.
    assert demsar.friedman is not None
    chi_square, f = demsar.friedman
    assert chi_square.statistic == pytest.approx(10.228, abs=5e-4)
    assert chi_square.p_value == pytest.approx(0.0167, abs=5e-5)
    assert f.statistic == pytest.approx(13 * 10.228 / (14 * 3 - 10.228), abs=1e-3)
    assert f.p_value == pytest.approx(stats.f.sf(f.statistic, 3, 39))


def test_demsar_critical_differences_and_groups(demsar: statistics.Ranking) -> None:
    assert demsar.critical_difference == pytest.approx(1.254, abs=5e-4)
    assert demsar.groups == (demsar.methods,)
    wider = rank(DEMSAR, alpha=0.10)
    assert wider.critical_difference == pytest.approx(1.118, abs=5e-4)
    assert wider.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5"))


def test_demsar_nemenyi(demsar: statistics.Ranking) -> None:
    p = demsar.nemenyi()
    assert p.loc["C4.5", "C4.5+m+cf"] == pytest.approx(0.0742, abs=5e-5)
    assert p.loc["C4.5", "C4.5+m"] == pytest.approx(0.0887, abs=5e-5)
    others = p.where(np.triu(np.ones(p.shape), 1).astype(bool)).stack().sort_values()
    assert others.iloc[2] > 0.22


def test_demsar_wilcoxon() -> None:
    found = wilcoxon_signed_rank(DEMSAR["C4.5"] - DEMSAR["C4.5+m"])
    assert found.statistic == 12.0
    oracle = stats.wilcoxon(DEMSAR["C4.5"], DEMSAR["C4.5+m"], zero_method="zsplit").statistic
    assert found.statistic == oracle


@pytest.mark.parametrize(
    ("k", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (8, 3.031), (10, 3.164)],
)
def test_critical_difference_uses_demsars_table(k: int, q: float) -> None:
    n = 12
    expected = q * math.sqrt(k * (k + 1) / (6 * n))
    assert statistics.critical_difference(k, n) == pytest.approx(expected, rel=5e-4)


def test_critical_difference_of_eight_methods_on_ten_datasets() -> None:
    assert statistics.critical_difference(8, 10) == pytest.approx(3.32, abs=5e-3)


def test_nemenyi_p_value_is_alpha_at_the_critical_difference() -> None:
    distance = statistics.critical_difference(5, 9, alpha=0.03)
    p = statistics.nemenyi_p_values([1.0, 1.0 + distance, 3.0, 3.0, 3.0], 9)
    assert p[0, 1] == pytest.approx(0.03, rel=1e-6)


def random_scores(rng: np.random.Generator, *, tied: bool) -> pd.DataFrame:
    """Scores in units of any size, or with few distinct values."""
    shape = rng.integers(2, 15), rng.integers(3, 9)
    unit = 10.0 ** rng.uniform(-3, 6)
    scores = rng.integers(-2, 4, shape) if tied else unit * rng.normal(rng.integers(9), 1, shape)
    return pd.DataFrame(scores, dtype=float).add_prefix("m")


@pytest.mark.parametrize("tied", [False, True])
def test_agrees_with_scipy_and_scikit_posthocs_on_random_scores(
    monkeypatch: pytest.MonkeyPatch, tied: bool
) -> None:
    posthocs = pytest.importorskip(
        "scikit_posthocs", reason="scikit-posthocs is installed by the dev extra only"
    )
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    # That module does so at every call, which takes most of a second.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    for seed in range(100):
        close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-12, err_msg=f"{seed=}")
        scores = random_scores(np.random.default_rng(seed), tied=tied)
        found = rank(scores)
        assert found.friedman is not None
        close(found.friedman.chi_square.statistic, stats.friedmanchisquare(*scores.to_numpy().T)[0])
        nemenyi = posthocs.posthoc_nemenyi_friedman(scores)
        close(found.nemenyi().loc[scores.columns, scores.columns], nemenyi)
        apart = np.ptp(found.mean_ranks) > found.critical_difference
        assert apart == (nemenyi.to_numpy().min() < found.alpha), f"{seed=}"
        # With ties scipy goes slowly through all signs.
        some = scores.iloc[:6, :2] if tied else scores.iloc[:, :4]
        pairs = list(combinations(some, 2))
        p = [
            stats.wilcoxon(
                some[one] - some[other],
                zero_method="zsplit",
                method=stats.PermutationMethod(n_resamples=math.inf) if tied else "exact",
            ).pvalue
            for one, other in pairs
        ]
        adjusted = multitest.multipletests(p, method="holm")[1]
        close(list(wilcoxon_holm(some).values()), adjusted)


def test_average_ranks_share_ties() -> None:
    ranks = statistics.ranks_within_blocks([[3.0, 1.0, 3.0, 2.0]], larger_is_better=True)
    np.testing.assert_array_equal(ranks, [[1.5, 4.0, 1.5, 3.0]])
    ranks = statistics.ranks_within_blocks([[3.0, 1.0, -np.inf]], larger_is_better=False)
    np.testing.assert_array_equal(ranks, [[3.0, 2.0, 1.0]])


@given(SCORES)
def test_ranks_of_a_block_have_a_fixed_sum(scores: np.ndarray) -> None:
    k = scores.shape[1]
    ranks = statistics.ranks_within_blocks(scores, larger_is_better=True)
    np.testing.assert_allclose(ranks.sum(axis=1), k * (k + 1) / 2)
    reversed_ranks = statistics.ranks_within_blocks(scores, larger_is_better=False)
    np.testing.assert_allclose(ranks + reversed_ranks, k + 1)


@given(SCORES, st.integers(0, 100))
def test_ranking_depends_on_neither_scale_nor_order(scores: np.ndarray, seed: int) -> None:
    frame = pd.DataFrame(scores, columns=[f"m{i}" for i in range(scores.shape[1])])
    shuffled = frame.sample(frac=1, axis=1, random_state=seed).sample(frac=1, random_state=seed)
    first = rank(frame)
    second = rank(np.exp(shuffled) + 3)
    assert first.methods == second.methods
    np.testing.assert_allclose(first.mean_ranks, second.mean_ranks)
    assert (first.friedman is None) == (second.friedman is None) == (scores.shape[1] == 2)
    if first.friedman and second.friedman:
        for one, other in zip(first.friedman, second.friedman, strict=True):
            assert one.statistic == pytest.approx(other.statistic)


@given(SCORES)
def test_friedman_agrees_with_scipy(scores: np.ndarray) -> None:
    assume(scores.shape[1] >= 3)
    ranks = statistics.ranks_within_blocks(scores, larger_is_better=False)
    found = statistics.friedman(ranks).chi_square
    if np.all(scores == scores[:, :1]):
        assert (found.statistic, found.p_value) == (0.0, 1.0)
    else:
        oracle = stats.friedmanchisquare(*scores.T)
        assert found.statistic == pytest.approx(oracle.statistic, abs=1e-9)
        assert found.p_value == pytest.approx(oracle.pvalue, abs=1e-9)


def test_iman_davenport_where_all_blocks_agree() -> None:
    found = statistics.friedman([[1.0, 2.0, 3.0]] * 4)
    assert found.chi_square.statistic == pytest.approx(8.0)
    assert found.iman_davenport == statistics.TestResult(math.inf, 0.0)


def test_blocks_with_a_missing_method_are_left_out_and_named() -> None:
    scores = DEMSAR.copy()
    scores.loc["data 3", "C4.5"] = np.nan
    ranking = rank(scores)
    assert ranking.n == 13
    assert ranking.left_out == ("data 3",)
    assert ranking.mean_ranks == rank(DEMSAR.drop("data 3")).mean_ranks


def test_one_block_is_ranked_without_a_test() -> None:
    ranking = rank(DEMSAR.iloc[:1])
    assert ranking.mean_ranks == (1.0, 2.0, 3.0, 4.0)
    assert (ranking.friedman, ranking.critical_difference, ranking.groups) == (None, None, ())
    with pytest.raises(ValueError, match="k=4 and n=1"):
        ranking.nemenyi()


@pytest.mark.parametrize(
    ("says", "call"),
    [
        (r"no dataset has a score of every method \(2 of 2", lambda: rank(HOLES)),
        ("names of their own, .* twice: 'a'", lambda: rank(TWINS)),
        ("twice: 'a'", lambda: wilcoxon_holm(TWINS)),
        ("2 of 4 scores are missing", lambda: statistics.ranks_within_blocks(HOLES, **LARGER)),
        ("k=1 and n=5", lambda: statistics.critical_difference(1, 5)),
        ("between 0 and 1, got 5", lambda: statistics.critical_difference(3, 5, alpha=5)),
        ("three methods and two blocks, got k=2", lambda: statistics.friedman([[1, 2]] * 3)),
        ("finite table", lambda: statistics.friedman([[1, NAN, 2]] * 3)),
        ("ranks must be finite", lambda: statistics.nemenyi_p_values([1, NAN], 5)),
        ("at least one finite", lambda: wilcoxon_signed_rank([])),
        ("1 not finite", lambda: wilcoxon_signed_rank([1, np.inf])),
        ("a comparison needs two methods", lambda: wilcoxon_holm(DEMSAR[["C4.5"]])),
        ("p-values must lie between 0 and 1", lambda: holm([0.01, NAN])),
        ("p-values must lie between 0 and 1", lambda: holm([1.5])),
        ("1 not finite", lambda: bayesian_signed_rank([NAN], rope=1)),
        ("rope=-1", lambda: bayesian_signed_rank([1], rope=-1)),
        ("rope=nan", lambda: bayesian_signed_rank([1], rope=NAN)),
    ],
)
def test_what_cannot_be_compared_is_refused(says: str, call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("twin", [0.1 + 0.2, 0.3 - 1e-16, 0.3 * (1 + 5e-13)])
def test_what_differs_by_rounding_is_tied(twin: float) -> None:
    assert twin != 0.3
    ranks = statistics.ranks_within_blocks([[0.3, twin, 0.4]], larger_is_better=False)
    np.testing.assert_array_equal(ranks, [[1.5, 1.5, 3.0]])
    scores = pd.DataFrame({"a": [0.3] * 9, "b": [twin] * 9, "c": [0.4] * 9})
    p = wilcoxon_holm(scores)
    assert p["a", "b"] == 1.0
    assert p["a", "c"] == p["b", "c"] == pytest.approx(3 * 2 / 2**9)
    # Differences too: of ranks 1.5, 1.5 and 3, one sign each is the other one's.
    one, other = (wilcoxon_signed_rank([x, 0.3, 1.0]) for x in (-twin, -0.3))
    assert one == other


def test_what_is_zero_but_for_rounding_is_tied_with_zero() -> None:
    ranks = statistics.ranks_within_blocks([[0.0, -2e-16, 0.1]], larger_is_better=True)
    np.testing.assert_array_equal(ranks, [[2.5, 2.5, 1.0]])


def test_a_difference_of_the_rope_is_none_that_matters() -> None:
    assert bayesian_signed_rank([0.31 - 0.3] * 5, rope=0.01) == SignedRankPosterior(0, 1, 0)


def test_groups_overlap_and_leave_out_those_inside_others() -> None:
    ranks = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 6.0}
    assert statistics.indistinct_groups(ranks, 1.5) == (("a", "b"), ("b", "c"))
    assert statistics.indistinct_groups(ranks, 2.0) == (("a", "b", "c"),)
    assert statistics.indistinct_groups(ranks, 0.5) == ()


@given(arrays(np.float64, st.integers(1, 9), elements=st.integers(-900, 900).map(float)))
def test_wilcoxon_without_ties_agrees_with_scipy(differences: np.ndarray) -> None:
    assume(np.unique(np.abs(differences)).size == differences.size and 0 not in differences)
    found = wilcoxon_signed_rank(differences / 100)
    oracle = stats.wilcoxon(differences, method="exact")
    assert found.statistic == oracle.statistic
    assert found.p_value == pytest.approx(oracle.pvalue, abs=1e-12)


@given(arrays(np.float64, st.integers(1, 8), elements=st.integers(-3, 3).map(float)))
def test_wilcoxon_counts_all_signs(differences: np.ndarray) -> None:
    ranks = stats.rankdata(np.abs(differences)) * (differences != 0)
    sums = np.abs(np.array(list(product((-1, 1), repeat=ranks.size))) @ ranks)
    expected = np.mean(sums >= abs(np.sign(differences) @ ranks))
    assert wilcoxon_signed_rank(differences).p_value == pytest.approx(expected)


def test_wilcoxon_with_ties_by_hand() -> None:
    # Ranks 1.5, 1.5, 3, 4: of the 16 sign patterns, three have a negative sum of at most 1.5.
    assert wilcoxon_signed_rank([-1, 1, 2, 3]) == statistics.TestResult(1.5, 6 / 16)


@pytest.mark.parametrize("step", [1, 2])
def test_wilcoxon_of_many_blocks_is_scipys(step: int) -> None:
    differences = np.arange(-9, 21) // step + 0.3
    oracle = stats.wilcoxon(np.round(differences, 1), zero_method="zsplit")
    assert wilcoxon_signed_rank(differences).p_value == pytest.approx(oracle.pvalue)


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm([0.5, 0.6]), [1.0, 1.0])


@given(arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)))
def test_holm_lies_between_no_adjustment_and_bonferroni(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(1.0, p * p.size) + 1e-12)


def test_five_blocks_can_never_reject() -> None:
    scores = pd.DataFrame({"a": [2.0, 3, 4, 5, 6], "b": [1.0, 1, 1, 1, 1]})
    assert wilcoxon_holm(scores) == {("a", "b"): pytest.approx(0.0625)}
    assert "6 blocks are needed" in str(why_never(1, 5))
    assert why_never(1, 6) is None
    assert list(wilcoxon_holm(DEMSAR)) == list(combinations(METHODS, 2))


def test_bayesian_signed_rank_of_clear_cases() -> None:
    assert bayesian_signed_rank(np.full(10, 5.0), rope=1.0).first > 0.99
    assert bayesian_signed_rank(np.full(10, 0.1), rope=1.0).equal > 0.99


@given(arrays(np.float64, st.integers(1, 6), elements=st.integers(-3, 3).map(float)))
def test_bayesian_signed_rank_is_symmetric(differences: np.ndarray) -> None:
    one = bayesian_signed_rank(differences, rope=0.5, n_draws=200)
    other = bayesian_signed_rank(-differences, rope=0.5, n_draws=200)
    assert one.first + one.equal + one.second == pytest.approx(1.0)
    assert (one.first, one.equal, one.second) == pytest.approx(
        (other.second, other.equal, other.first)
    )


def test_bayesian_signed_rank_of_one_difference_by_hand() -> None:
    # With prior weight w ~ Beta(1/2, 1): above wins when (1 - w)^2 > 1/2, for the mean of the
    # difference 1.5 and the pseudo-observation lies within the region.
    found = bayesian_signed_rank([1.5], rope=1.0, n_draws=50_000)
    expected = stats.beta(0.5, 1).cdf(1 - math.sqrt(0.5))
    assert found.first == pytest.approx(expected, abs=0.01)
    assert found.second == 0.0
