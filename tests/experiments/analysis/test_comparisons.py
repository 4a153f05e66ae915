"""Rankings and pairs made from a long table."""

import math
from itertools import product

import pandas as pd
import pytest

from experiments.analysis import aggregate
from experiments.analysis.ranking import ranking
from experiments.analysis.statistics import Ranking, critical_difference
from experiments.report.table import Table
from experiments.report.tables._cells import metric_cell, metric_tables
from experiments.report.tables.pairs import pair_table
from experiments.report.tables.ranks import rank_table
from tests.support.long_tables import benchmark, make, view_of

NAMES = [f"data{i}" for i in range(8)]


def ladder(datasets: list[str], **common: object) -> pd.DataFrame:
    """Three methods and a control; on every dataset a is best and c worst by all metrics."""
    ratios = {"a": 0.1, "b": 0.5, "c": 0.9, "identity": 1.0}
    return make(
        *(
            {
                "dataset": dataset,
                "denoiser": name,
                **({"kind": "control"} if name == "identity" else {}),
                # Nearly equal and distinct steps, so that no two differences are tied.
                "mse_after": ratio * (1 + 0.01 * number * ratio),
                "swd": ratio,
                "rho": 1 - ratio,
                "recovery_X": -ratio,
            }
            for number, dataset in enumerate(datasets)
            for name, ratio in ratios.items()
        ),
        **common,
    )


def ranks_of(long: pd.DataFrame) -> Table:
    table = rank_table(view_of(long))
    assert table is not None
    return table


def pairs_of(long: pd.DataFrame, metric: aggregate.Metric) -> Table:
    table = pair_table(view_of(long), metric)
    assert table is not None
    return table


def ranked(long: pd.DataFrame, metric: aggregate.Metric = aggregate.IMP) -> Ranking:
    found = ranking(view_of(long), metric, "published")
    assert found is not None
    return found


def column(table: Table, label: str) -> list[str]:
    rows = [row for section in table.sections for row in section.rows]
    number = next(i for i, c in enumerate(table.columns) if c.title == label)
    return [f"{row.label}: {row.cells[number].text}" for row in rows]


@pytest.mark.parametrize("metric", [aggregate.IMP, aggregate.SWD, aggregate.RHO])
def test_controls_are_not_ranked(metric: aggregate.Metric) -> None:
    found = ranked(ladder(NAMES[:3]), metric)
    assert found.methods == ("a", "b", "c")
    assert found.mean_ranks == (1.0, 2.0, 3.0)


def test_rank_table_prints_k_n_blocks_and_cd() -> None:
    table = ranks_of(ladder(NAMES[:4]))
    assert column(table, "Imp%") == [
        "a: 1.00",
        "b: 2.00",
        "c: 3.00",
        "identity: –",
        "k (methods): 3",
        "N (blocks: datasets): 4",
        "blocks left out: 0",
        f"CD (α = 0.05): {critical_difference(3, 4):.2f}",
        "χ², tie-corrected: 8.00",
        "  p: 0.018",
        "F, tie-corrected: ∞",
        "  p: <0.001",
    ]
    assert column(table, "SWD") == column(table, "Imp%")
    assert "published, Imp%: not told apart are a, b; b, c." in table.notes


def test_blocks_with_a_failed_method_are_left_out_and_counted() -> None:
    long = ladder(NAMES[:3])
    lost = (long["dataset"] == "data1") & (long["denoiser"] == "b")
    long.loc[lost, ["status", "reason"]] = ["failed", "boom"]
    table = ranks_of(long)
    assert "N (blocks: datasets): 2" in column(table, "Imp%")
    assert "blocks left out: 1" in column(table, "Imp%")
    assert "published, Imp%: left out, a run is missing: data1." in table.notes


def test_a_block_needs_every_regressor_and_seed_of_every_method() -> None:
    long = benchmark()
    lost = (long["dataset"] == "seasonal") & (long["denoiser"] == "pca")
    lost &= (long["regressor"] == "knn") & (long["seed"] == 1)
    found = ranked(long[~lost])
    assert found.left_out == ("seasonal",)
    # What is known of the refined data is complete all the same.
    assert ranked(long[~lost], aggregate.SWD).left_out == ()


def test_a_failed_control_takes_no_block_away() -> None:
    long = ladder(NAMES[:3])
    long.loc[long["denoiser"] == "identity", "status"] = "failed"
    assert ranked(long).n == 3


def test_one_dataset_is_ranked_without_a_test() -> None:
    table = ranks_of(ladder(NAMES[:1]))
    assert "CD (α = 0.05): –" in column(table, "Imp%")
    assert "published, Imp%: no test, it takes two blocks." in table.notes


@pytest.mark.parametrize(
    ("methods", "note"),
    [
        ("abc", "F is ∞, and its p meaningless, where all datasets rank the methods alike."),
        ("ab", "published, SWD: no Friedman test, it takes three methods."),
    ],
)
def test_what_friedmans_test_cannot_say_is_said(methods: str, note: str) -> None:
    long = ladder(NAMES[:2])
    table = ranks_of(long[long["denoiser"].isin([*methods])])
    assert table.notes.count(note) == 1
    assert "published, SWD: no two methods are told apart." in table.notes


def test_one_method_is_not_ranked() -> None:
    assert rank_table(view_of(make({}, {"dataset": "b"}))) is None


def test_recovery_is_ranked_only_where_there_is_some() -> None:
    table = ranks_of(benchmark(levels=(0.0,)))
    assert "recovery of X" not in {c.title for c in table.columns}


def test_protocols_are_ranked_apart() -> None:
    long = pd.concat([ladder(NAMES[:2]), ladder(NAMES[:1], protocol="held_out")])
    table = ranks_of(long)
    sizes = next(r for s in table.sections for r in s.rows if r.label.startswith("N"))
    assert {c.group: cell.text for c, cell in zip(table.columns, sizes.cells, strict=True)} == {
        "published": "2",
        "held_out": "1",
    }


def test_pairs_by_every_test() -> None:
    table = pairs_of(ladder(NAMES), aggregate.IMP)
    assert {c.group for c in table.columns} == {"published, N = 8"}
    rows = {row.label: [cell.text for cell in row.cells] for row in table.sections[0].rows}
    # Three pairs, all differences of one sign: p = 3 * 2 / 2^8.
    assert rows["a / c"] == ["<0.001", "0.023", "1.00", "0.00", "0.00"]
    assert rows["a / b"][1] == "0.023"
    assert set(rows) == {"a / b", "a / c", "b / c"}


def test_pairs_say_that_wilcoxon_can_never_reject() -> None:
    table = pairs_of(ladder(NAMES[:5]), aggregate.IMP)
    assert any("Wilcoxon with Holm can never reject" in note for note in table.notes)
    assert all(row.cells[1].text == "–" for row in table.sections[0].rows)


def test_swd_is_better_when_smaller() -> None:
    table = pairs_of(ladder(NAMES), aggregate.SWD)
    first = table.sections[0].rows[0]
    assert first.label == "a / b"
    assert first.cells[2].value == pytest.approx(1.0)


def test_infinite_values_are_ranked_and_not_subtracted() -> None:
    long = ladder(NAMES)
    long.loc[(long["denoiser"] == "c") & (long["dataset"] == "data0"), "mse_before"] = 0.0
    table = pairs_of(long, aggregate.IMP)
    assert table.sections[0].rows[0].cells[0].value is not None
    assert all(cell.text == "–" for cell in table.sections[0].rows[0].cells[1:])
    assert "published: an infinite value allows neither Wilcoxon nor Bayes." in table.notes


def test_no_pairs_of_one_dataset() -> None:
    assert pair_table(view_of(ladder(NAMES[:1])), aggregate.IMP) is None


def test_pairs_need_a_region_of_practical_equivalence() -> None:
    with pytest.raises(ValueError, match="swd_clean has no region"):
        pair_table(view_of(ladder(NAMES)), aggregate.SWD_CLEAN)


def test_ranks_of_imp_follow_the_log_ratio() -> None:
    # The mean of a's Imp% is the lower one, that of its log ratios the better one.
    long = make(
        {"denoiser": "a", "seed": 0, "mse_after": 3.0},
        {"denoiser": "a", "seed": 1, "mse_after": 0.01},
        {"denoiser": "b", "seed": 0, "mse_after": 0.7},
        {"denoiser": "b", "seed": 1, "mse_after": 0.7},
    )
    assert 100 * (1 - (3.0 + 0.01) / 2) < 100 * (1 - 0.7)
    assert math.sqrt(3.0 * 0.01) < 0.7
    assert ranked(long).methods == ("a", "b")


def with_sane(datasets: list[str]) -> pd.DataFrame:
    """The ladder with a sane variant that beats every method, and fails somewhere."""
    long = ladder(datasets)
    sane = long[long["denoiser"] == "a"].assign(denoiser="a_sane", kind="variant", mse_after=0.01)
    sane["swd"] = 0.0
    sane.loc[sane["dataset"] == datasets[0], "status"] = "failed"
    return pd.concat([long, sane], ignore_index=True)


@pytest.mark.parametrize("metric", [aggregate.IMP, aggregate.SWD])
def test_sane_variants_are_shown_and_not_ranked(metric: aggregate.Metric) -> None:
    view = view_of(with_sane(NAMES[:3]))
    found = ranking(view, metric, "published")
    assert found is not None
    assert found.methods == ("a", "b", "c")
    assert found.left_out == ()
    table = rank_table(view)
    assert table is not None
    assert [section.title for section in table.sections] == [
        "",
        "sane variants, not ranked",
        "controls, not ranked",
        "Friedman and Nemenyi",
    ]
    assert [cell.text for cell in table.sections[1].rows[0].cells] == ["–"] * 4
    pairs = pair_table(view, metric)
    assert pairs is not None
    assert [row.label for row in pairs.sections[0].rows] == ["a / b", "a / c", "b / c"]


def test_a_regressor_that_is_skipped_for_all_leaves_every_block_complete() -> None:
    long = ladder(NAMES[:3])
    lacking = long.assign(
        regressor="tabpfn", status="skipped", reason="tabpfn needs the weights file", mse_after=None
    )
    found = ranked(pd.concat([long, lacking]))
    assert (found.n, found.left_out) == (3, ())


def test_a_method_skipped_somewhere_takes_that_block_and_one_skipped_everywhere_none() -> None:
    long = ladder(NAMES[:3])
    long.loc[long["denoiser"] == "b", ["status", "reason"]] = ["skipped", "rows have no order"]
    table = ranks_of(long)
    assert column(table, "Imp%")[:4] == ["a: 1.00", "b: –", "c: 2.00", "identity: –"]
    assert "N (blocks: datasets): 3" in column(table, "Imp%")
    assert "published: skipped on every dataset, not ranked: b." in table.notes
    here = ladder(NAMES[:3])
    lost = (here["dataset"] == "data1") & (here["denoiser"] == "b")
    here.loc[lost, ["status", "reason"]] = ["skipped", "rows have no order"]
    assert ranked(here).left_out == ("data1",)


def test_methods_that_no_regressor_has_skill_for_were_not_skipped() -> None:
    table = ranks_of(ladder(NAMES[:3]).assign(mse_naive=0.0))
    assert column(table, "Imp%")[:3] == ["a: –", "b: –", "c: –"]
    assert column(table, "SWD")[:3] == ["a: 1.00", "b: 2.00", "c: 3.00"]
    notes = "\n".join(table.notes)
    assert "published, Imp%: not ranked, no regressor has skill on any dataset." in notes
    assert "skipped" not in notes


def test_gaps_are_told_of_regressors_with_skill() -> None:
    long = ladder(NAMES[:3]).assign(mse_naive=1e9)
    long.loc[long["denoiser"] == "b", ["status", "reason", "mse_after"]] = ["failed", "boom", None]
    notes = "\n".join(ranks_of(long).notes)
    gap = "not ranked, no dataset has every run of every method"
    assert f"published, Imp%: {gap} by regressors with skill." in notes


def test_domains_are_ranked_together_and_apart() -> None:
    long = pd.concat([ladder(NAMES[:3]), ladder(NAMES[3:5], domain="series")])
    views_of = view_of(long.reset_index(drop=True)).with_domains()
    assert [view.domain for view in views_of] == ["", "tabular", "series"]
    tables = [table for view in views_of if (table := rank_table(view))]
    assert [table.title for table in tables] == [
        "Average ranks (1 is best): gaussian noise of level 0.1, profile quick",
        "Average ranks (1 is best): tables only, gaussian noise of level 0.1, profile quick",
        "Average ranks (1 is best): series only, gaussian noise of level 0.1, profile quick",
    ]
    sizes = [column(table, "Imp%")[5] for table in tables]
    assert sizes == [f"N (blocks: datasets): {n}" for n in (5, 3, 2)]
    assert [table.context["domain"] for table in tables] == ["all", "tabular", "series"]
    assert len(view_of(ladder(NAMES[:3])).with_domains()) == 1


def without_skill() -> pd.DataFrame:
    """Ridge beats the naive error on both datasets, kNN on b alone; on a it ruins a mean."""
    rows = [
        {"dataset": d, "denoiser": name, "regressor": r, "mse_after": after, "mse_naive": 1.2}
        for d, r in product("ab", ("ridge", "knn"))
        for name, after in (("pca", 0.5), ("kalman", 0.9))
    ]
    for row in rows:
        if (row["dataset"], row["regressor"]) == ("a", "knn"):
            row |= {"mse_naive": 1.0} | ({"mse_after": 4.0} if row["denoiser"] == "pca" else {})
    return make(*rows)


def test_a_regressor_without_skill_is_null_and_not_ranked_by():
    view = view_of(without_skill())
    assert view.null == {("published", "a"): ["knn"]}
    assert view.imp_of("knn")["published", "a", "pca"].status == "null"
    assert view.imp_of("knn")["published", "b", "pca"].status == "ok"
    ranks = ranking(view, aggregate.IMP, "published")
    # With kNN on a, the mean of pca would be the worse one there.
    assert dict(zip(ranks.methods, ranks.mean_ranks, strict=True)) == {"pca": 1.0, "kalman": 2.0}
    assert ranks.n == 2
    assert metric_cell(view.imp_of("knn")["published", "a", "pca"], aggregate.IMP).text == "null"
    (table,) = metric_tables([view], [aggregate.IMP])
    assert [c.text for c in table.sections[0].rows[1].cells] == ["-41.4‡", "50.0", "15.9"]
    assert any("a (published): knn" in note for note in table.notes)


def test_without_naive_errors_nothing_is_null():
    assert view_of(without_skill().drop(columns="mse_naive")).null == {}


def test_five_per_cent_below_the_naive_error_is_skill():
    long = without_skill().assign(mse_before=[0.95] * 4 + [0.9501] * 4, mse_naive=1.0)
    assert view_of(long).null == {("published", "b"): ["knn", "ridge"]}
