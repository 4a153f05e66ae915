"""Tables of small long tables whose values are worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.analysis import aggregate
from experiments.analysis.view import views
from experiments.report.table import Table, TableCell
from experiments.report.tables._cells import metric_table
from experiments.report.tables.imp_by_regressor import imp_by_regressor
from experiments.report.tables.mse import error_table
from tests.support.long_tables import METHODS, benchmark, make, view_of


def cell(table: Table, row: str, group: str, title: str = "published") -> TableCell:
    places = [(column.group, column.title) for column in table.columns]
    rows = {r.label: r for section in table.sections for r in section.rows}
    return rows[row].cells[places.index((group, title))]


def imp_table(long: pd.DataFrame) -> Table:
    return metric_table(view_of(long), aggregate.IMP)


def test_imp_is_averaged_as_a_log_ratio_over_seeds_then_regressors() -> None:
    long = make(
        {"regressor": "ridge", "seed": 0, "mse_before": 2.0, "mse_after": 1.0},
        {"regressor": "ridge", "seed": 1, "mse_before": 4.0, "mse_after": 1.0},
        {"regressor": "knn", "seed": 0},
        {"regressor": "knn", "seed": 1},
    )
    found = cell(imp_table(long), "pca", "friedman")
    # Ridge: mean of log(1/2) and log(1/4); kNN: 0. Their mean is log(1/8) / 4.
    assert found.value == pytest.approx(100 * (1 - 8**-0.25))
    # Per seed: log(1/2) / 2 and log(1/4) / 2, whose distance is log(2) / 2; t(0.975, 1) = 12.706.
    half = 12.7062 * (math.log(2) / 2 / math.sqrt(2)) / math.sqrt(2)
    assert found.low == pytest.approx(100 * (1 - 8**-0.25 * math.exp(half)), rel=1e-5)
    assert found.high == pytest.approx(100 * (1 - 8**-0.25 * math.exp(-half)), rel=1e-5)
    assert found.full == "40.5 [-437.6, 93.4]"


def test_seeds_of_a_regressor_weigh_no_more_than_its_neighbour() -> None:
    long = make(
        *({"regressor": "ridge", "seed": seed, "mse_after": 0.25} for seed in range(3)),
        {"regressor": "knn", "seed": 0},
    )
    # The geometric mean of 1/4 and 1.
    assert cell(imp_table(long), "pca", "friedman").value == pytest.approx(50.0)


def test_datasets_are_averaged_last() -> None:
    long = make({"dataset": "a", "mse_after": 0.5}, {"dataset": "b", "mse_after": 0.125})
    table = imp_table(long)
    assert cell(table, "pca", "a").text == "50.0"
    assert cell(table, "pca", "b").text == "87.5"
    assert cell(table, "pca", "mean").value == pytest.approx(75.0)


def test_identity_is_exactly_zero() -> None:
    rng = np.random.default_rng(0)
    errors = rng.random(6)
    long = make(
        *(
            {"denoiser": "identity", "kind": "control", "seed": s, "mse_before": e, "mse_after": e}
            for s, e in enumerate(errors)
        )
    )
    found = cell(imp_table(long), "identity", "friedman")
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_an_error_of_zero_after_is_an_improvement_of_a_hundred() -> None:
    long = make({"mse_after": 0.0, "seed": 0}, {"mse_after": 0.0, "seed": 1})
    found = cell(imp_table(long), "pca", "friedman")
    assert (found.text, found.interval) == ("100.0", "")


def test_an_error_of_zero_before_is_no_crash() -> None:
    assert cell(imp_table(make({"mse_before": 0.0})), "pca", "friedman").text == "-∞"
    long = make({"mse_before": 0.0}, {"regressor": "knn", "mse_after": 0.0})
    assert cell(imp_table(long), "pca", "friedman").text == "–"


def test_protocols_stand_side_by_side() -> None:
    table = imp_table(benchmark())
    assert [(c.group, c.title) for c in table.columns] == [
        (group, protocol)
        for group in ("friedman", "paraboloid", "seasonal", "mean")
        for protocol in ("published", "held_out")
    ]
    assert cell(table, "shrink_target", "mean", "published").text == "75.0"
    assert cell(table, "shrink_target", "mean", "held_out").text == "-5.0"


def test_tables_come_before_series() -> None:
    long = benchmark(datasets={"a_series": "series", "b_table": "tabular"})
    groups = dict.fromkeys(column.group for column in imp_table(long).columns)
    assert list(groups) == ["b_table", "a_series", "mean"]


def test_controls_stand_below_a_rule() -> None:
    for table in (imp_table(benchmark()), metric_table(view_of(benchmark()), aggregate.SWD)):
        methods, controls = table.sections
        names = ["denograd", "kalman", "moving_average", "pca"]
        assert [row.label for row in methods.rows] == names
        assert controls.title == "controls, not ranked"
        assert [row.label for row in controls.rows] == [
            n for n, kind in METHODS if kind == "control"
        ]


def test_no_interval_with_one_seed() -> None:
    table = imp_table(benchmark(seeds=1))
    assert all(c.interval == "" for s in table.sections for r in s.rows for c in r.cells)
    assert table.interval_note == "No intervals: they take two seeds."


def test_metrics_of_the_data_count_once_per_seed() -> None:
    # Three regressors saw the refinement of seed 0, one that of seed 1.
    long = make(
        *({"seed": 0, "regressor": name, "swd": 0.2} for name in "abc"),
        {"seed": 1, "regressor": "a", "swd": 0.4},
    )
    table = metric_table(view_of(long), aggregate.SWD)
    assert cell(table, "pca", "friedman").text == "0.300"


def test_failed_skipped_and_missing_cells_are_words() -> None:
    long = make(
        {"dataset": "a", "denoiser": "good", "mse_after": 0.5},
        {"dataset": "a", "denoiser": "dae", "status": "failed", "reason": "ValueError: 3 NaN"},
        {"dataset": "a", "denoiser": "kf", "status": "skipped", "reason": "rows have no order"},
        {"dataset": "b", "denoiser": "good", "mse_after": 0.5},
    )
    table = imp_table(long)
    assert cell(table, "dae", "a") == TableCell("failed", status="failed")
    assert cell(table, "kf", "a") == TableCell("skipped", status="skipped")
    assert cell(table, "dae", "b") == TableCell("not run", status="missing")
    assert cell(table, "dae", "mean").text == "failed"
    assert cell(table, "kf", "mean").text == "skipped"
    assert "failed: dae on a (published): ValueError: 3 NaN" in table.notes
    assert "skipped: kf on a (published): rows have no order" in table.notes
    assert "not run: there is no record." in table.notes


def test_a_value_with_runs_missing_is_marked() -> None:
    long = make(
        {"denoiser": "a", "regressor": "ridge", "mse_after": 0.5},
        {"denoiser": "a", "regressor": "knn", "mse_after": 0.5},
        {"denoiser": "b", "regressor": "ridge", "mse_after": 0.5},
        {"denoiser": "b", "regressor": "knn", "status": "failed", "reason": "MemoryError"},
    )
    table = imp_table(long)
    assert cell(table, "a", "friedman").text == "50.0"
    assert cell(table, "b", "friedman").text == "50.0†"
    assert cell(table, "b", "mean").text == "50.0†"
    notes = "\n".join(table.notes)
    assert "b on friedman (published): 1 of 2" in notes
    assert "failed: b on friedman (published): MemoryError" in notes


def test_what_was_never_run_did_not_fail() -> None:
    """A control that costly regressors were not asked to score, say."""
    long = make(
        {"denoiser": "a", "regressor": "ridge", "mse_after": 0.5},
        {"denoiser": "a", "regressor": "lstm", "mse_after": 0.5},
        {"denoiser": "constant", "regressor": "ridge", "mse_after": 0.5},
    )
    table = imp_table(long)
    assert cell(table, "constant", "friedman").text == "50.0†"
    notes = "\n".join(table.notes)
    assert "constant on friedman (published): 1 of 2" in notes
    assert "failed" not in notes
    assert "reason" not in notes


def test_what_was_skipped_beside_a_value_did_not_fail() -> None:
    long = make(
        {"denoiser": "a", "regressor": "ridge", "mse_after": 0.5},
        {"denoiser": "a", "regressor": "lstm", "mse_after": 0.5},
        {"denoiser": "b", "regressor": "ridge", "mse_after": 0.5},
        {"denoiser": "b", "regressor": "lstm", "status": "skipped", "reason": "too short"},
        {"denoiser": "c", "regressor": "ridge", "status": "failed", "reason": ""},
        {"denoiser": "c", "regressor": "lstm", "status": "skipped", "reason": "too short"},
    )
    notes = imp_table(long).notes
    assert "skipped: b, c on friedman (published): too short" in notes
    assert "failed: c on friedman (published): no reason was recorded" in notes


def test_a_mean_over_fewer_datasets_is_marked() -> None:
    long = make(
        {"dataset": "a", "denoiser": "x", "mse_after": 0.5},
        {"dataset": "b", "denoiser": "x", "mse_after": 0.5},
        {"dataset": "a", "denoiser": "y", "mse_after": 0.5},
        {"dataset": "b", "denoiser": "y", "status": "skipped", "reason": "rows have no order"},
    )
    table = imp_table(long)
    assert cell(table, "x", "mean").text == "50.0"
    assert cell(table, "y", "mean").text == "50.0†"


def test_a_regressor_skipped_for_all_is_missed_by_none() -> None:
    long = make(
        {"regressor": "ridge", "mse_after": 0.5},
        {"regressor": "tabpfn", "status": "skipped", "reason": "too many rows"},
    )
    assert cell(imp_table(long), "pca", "friedman").status == "ok"


def test_a_failed_regressor_takes_nothing_from_the_metrics_of_the_data() -> None:
    long = make({"swd": 0.25, "mse_after": 0.5}, {"regressor": "knn", "status": "failed"})
    long.loc[1, "swd"] = 0.25
    table = metric_table(view_of(long), aggregate.SWD)
    assert cell(table, "pca", "friedman") == TableCell("0.250", 0.25)


def test_nothing_to_recover_is_a_dash_with_a_note() -> None:
    long = make({"recovery_X": math.nan}, {"dataset": "b", "recovery_X": 0.5})
    table = metric_table(view_of(long), aggregate.RECOVERY_X)
    assert cell(table, "pca", "friedman") == TableCell("–", status="absent")
    assert any(note.startswith("–: nothing to measure") for note in table.notes)


def test_long_reasons_are_cut_to_one_line() -> None:
    long = make({}, {"dataset": "b", "status": "failed", "reason": "boom " * 100 + "\nmore"})
    note = next(note for note in imp_table(long).notes if note.startswith("failed"))
    assert note.endswith("…")
    assert "more" not in note
    assert len(note) < 260


def test_every_condition_is_a_table_of_its_own() -> None:
    long = pd.concat([benchmark(levels=(0.0, 0.1)), benchmark().assign(target="permuted")])
    found = [view.condition for view in views(long.reset_index(drop=True))]
    assert [str(condition) for condition in found] == [
        "no noise added, profile quick",
        "gaussian noise of level 0.1, profile quick",
        "gaussian noise of level 0.1, target permuted, profile quick",
    ]
    assert len({condition.slug for condition in found}) == 3


def test_imp_by_regressor_averages_over_the_datasets_that_have_it() -> None:
    long = make(
        {"dataset": "a", "regressor": "ridge", "mse_after": 0.5},
        {"dataset": "b", "regressor": "ridge", "mse_after": 0.125},
        {"dataset": "b", "regressor": "lstm", "mse_after": 0.9},
    )
    table = imp_by_regressor(view_of(long))
    assert cell(table, "pca", "ridge").text == "75.0"
    assert cell(table, "pca", "lstm").text == "10.0"


def test_errors_stand_below_those_without_a_denoiser() -> None:
    long = make(
        {"seed": 0, "mse_before": 0.4, "mse_after": 0.2, "mse_ceiling": 0.1},
        {"seed": 1, "mse_before": 0.1, "mse_after": 0.2, "mse_ceiling": 0.1},
        {"seed": 0, "denoiser": "ma", "mse_before": 0.4, "mse_after": 0.5, "mse_ceiling": 0.1},
        {"seed": 1, "denoiser": "ma", "mse_before": 0.1, "status": "failed", "reason": "boom"},
    )
    table = error_table(view_of(long))
    assert [section.title for section in table.sections] == ["", "methods"]
    assert cell(table, "(before)", "friedman").value == pytest.approx(0.2)
    assert cell(table, "(ceiling)", "friedman").value == pytest.approx(0.1)
    assert cell(table, "pca", "friedman").value == pytest.approx(0.2)
    assert cell(table, "ma", "friedman").text == "0.5000†"


def test_there_is_no_ceiling_without_noise() -> None:
    table = error_table(view_of(make({"mse_ceiling": math.nan})))
    assert [row.label for row in table.sections[0].rows] == ["(before)"]


def test_tables_do_not_depend_on_the_order_of_rows() -> None:
    long = benchmark()
    shuffled = long.sample(frac=1, random_state=0).reset_index(drop=True)
    for metric in (aggregate.IMP, aggregate.RHO):
        first, second = (metric_table(view_of(rows), metric) for rows in (long, shuffled))
        assert first.markdown() == second.markdown()
        assert first.latex() == second.latex()
        assert first.csv() == second.csv()
    assert error_table(view_of(long)).csv() == error_table(view_of(shuffled)).csv()


def test_the_same_work_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 rows .* denoiser=pca, seed=0, regressor=ridge"):
        views(make({}, {}))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="lacks the columns swd, rho; it has dataset"):
        views(make({}).drop(columns=["swd", "rho"]))


def test_all_failed() -> None:
    long = make({"status": "failed", "reason": "boom"}, {"regressor": "knn", "status": "failed"})
    view = view_of(long)
    assert cell(imp_table(long), "pca", "mean").text == "failed"
    assert cell(error_table(view), "pca", "friedman").text == "failed"


def test_sane_variants_stand_between_the_methods_and_the_controls() -> None:
    long = make(
        *({"denoiser": name} for name in ("pca", "denograd", "pca_sane", "a_sane")),
        {"denoiser": "identity", "kind": "control"},
    )
    view = view_of(long)
    assert view.ranked == ["denograd", "pca"]
    assert view.variants == ["a_sane", "pca_sane"]
    assert view.methods == [*view.ranked, *view.variants]
    for table in (metric_table(view, aggregate.IMP), imp_by_regressor(view)):
        assert [(s.title, [row.label for row in s.rows]) for s in table.sections] == [
            ("", view.ranked),
            ("sane variants, not ranked", view.variants),
            ("controls, not ranked", ["identity"]),
        ]


def test_what_to_know_of_a_dataset_stands_beside_every_error_and_nowhere_else() -> None:
    long = make({"dataset": "iot", "note": "One row holds 60 %."}, {"dataset": "a", "note": ""})
    view = view_of(long)
    note = "iot: One row holds 60 %."
    for table in (imp_table(long), error_table(view), imp_by_regressor(view)):
        assert table.notes.count(note) == 1
    assert note not in metric_table(view, aggregate.SWD).notes
    assert view_of(long.drop(columns="note")).dataset_notes == {}


def test_regressors_of_the_other_domain_are_neither_columns_nor_gaps() -> None:
    series = {"dataset": "waves", "domain": "series"}
    long = make(
        {"regressor": "ridge", "mse_after": 0.5},
        {
            "regressor": "lstm",
            "status": "skipped",
            "skip": "domain",
            "reason": "lstm is for series data, friedman is tabular",
        },
        # A skip of the denoiser's own stands before that of the regressor.
        {"regressor": "lstm", "denoiser": "wtd_sane", "status": "skipped", "reason": "no order"},
        {"regressor": "ridge", "denoiser": "wtd_sane", "status": "skipped", "reason": "no order"},
        *({"regressor": name, "mse_after": 0.5, **series} for name in ("ridge", "lstm")),
    )
    view = view_of(long)
    table = imp_by_regressor(view)
    assert cell(table, "pca", "lstm").text == "50.0"
    assert cell(table, "pca", "ridge").text == "50.0"
    assert cell(imp_table(long), "pca", "friedman").status == "ok"
    of_table = view.of_domain("tabular")
    assert of_table.regressors == ["ridge"]
    assert cell(imp_by_regressor(of_table), "wtd_sane", "ridge").text == "skipped"


def test_places_that_share_a_reason_share_a_sentence() -> None:
    reason = "X is for series data; {} is tabular."
    long = make(
        *({"dataset": name, "protocol": p} for name in "ab" for p in ("published", "held_out")),
        *(
            {"dataset": name, "protocol": p, "denoiser": denoiser, "status": "skipped"}
            | {"reason": reason.format(name)}
            for name in "ab"
            for p in ("published", "held_out")
            for denoiser in ("x_sane", "y_sane")
        ),
    )
    assert imp_table(long).notes[1:] == (
        "skipped: x_sane, y_sane on a, b (held_out, published): "
        "X is for series data; the dataset is tabular.",
    )
