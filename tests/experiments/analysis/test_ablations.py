"""Studies out of long tables made by hand: what varies, the figure, the tables, the sentence."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.analysis.studies.plan import lines_of, plan_of, scale_of
from experiments.analysis.studies.study import Study, study_of
from experiments.analysis.view import views
from experiments.report.ablation_index import ablation_index
from experiments.report.figures.ablation import ablation_figure
from experiments.report.tables.ablation import ablation_findings
from experiments.report.tables.ablation import tables as ablation_tables
from tests.support.long_tables import make

DATASETS = {"friedman": "tabular", "seasonal": "series"}

# From the parameters, the dataset and the protocol to MSE after / before.
Effect = Callable[[dict[str, Any], str, str], float]


def toy(
    variants: list[dict[str, Any]],
    effect: Effect,
    datasets: dict[str, str] = DATASETS,
    seeds: int = 3,
    recovery: Effect | None = None,
) -> pd.DataFrame:
    """A long table of denograd in these variants and of identity, with little noise."""
    rng = np.random.default_rng(0)
    rows = []
    for dataset, domain in datasets.items():
        for seed in range(seeds):
            for protocol in ("published", "held_out"):
                for params in variants:
                    ratio = effect(params, dataset, protocol) * np.exp(1e-3 * rng.normal())
                    recovered = recovery(params, dataset, protocol) if recovery else 0.1
                    for regressor in ("ridge", "knn"):
                        row = {
                            "dataset": dataset,
                            "domain": domain,
                            "seed": seed,
                            "protocol": protocol,
                            "denoiser": "denograd",
                            **{f"p_denoiser_{k}": v for k, v in params.items()},
                            "regressor": regressor,
                            "mse_after": ratio,
                            "recovery_X": recovered + 1e-4 * rng.normal(),
                        }
                        rows.append(row)
                        rows.append(
                            row | {"denoiser": "identity", "kind": "control", "mse_after": 1.0}
                        )
    table = make(*rows)
    again = table.duplicated(["dataset", "seed", "protocol", "regressor"])
    return table[~(again & (table["denoiser"] == "identity"))]


def study(table: pd.DataFrame) -> Study:
    found = study_of(views(table))
    assert found is not None
    return found


def over(key: str, values: list[Any]) -> list[dict[str, Any]]:
    return [{key: value} for value in values]


def words(found) -> str:
    """Everything that a study is found to show."""
    return "\n".join(ablation_findings(found))


ETAS = over("nrr", [0.001, 0.01, 0.1, 0.5])


def test_what_varies_is_read_from_the_columns():
    found = study(toy(ETAS, lambda params, *_: 0.9))

    assert found.keys == ("nrr",)
    assert [setting.values["nrr"] for setting in found.settings] == [0.001, 0.01, 0.1, 0.5]
    assert found.datasets == ["friedman", "seasonal"]
    published = found.published(found.datasets)
    assert published is not None
    assert published.label == "η 0.01"


def test_parameters_of_datasets_and_noise_vary_too():
    plain = toy([{}], lambda *_: 0.9)
    rows = [plain.assign(p_dataset_max_rows=n) for n in (300, 1000, 3000)]
    assert study(pd.concat(rows)).keys == ("max_rows",)
    noise = [plain.assign(noise=n, level=x) for n in ("gaussian", "drift") for x in (0.1, 0.2, 0.3)]
    assert study(pd.concat(noise)).keys == ("level", "noise")


def test_where_nothing_else_varies_the_protocols_do():
    found = study(
        toy([{}], lambda params, dataset, protocol: 0.5 if protocol == "published" else 1)
    )

    assert found.keys == ("protocol",)
    assert "50.0 as published, 0.0 held out" in words(
        views(toy([{}], lambda params, dataset, protocol: 0.5 if protocol == "published" else 1.0))
    ).replace("-0.0", "0.0")


def test_nothing_varies_in_one_setting_under_one_protocol():
    table = toy([{}], lambda *_: 0.9)
    found = views(table[table["protocol"] == "held_out"])

    assert study_of(found) is None
    assert ablation_tables(found) == []
    assert ablation_findings(found) == []
    assert study_of([]) is None


GRID = [{"nrr": eta, "nr_threshold": tau} for eta in (0.01, 0.1, 0.5) for tau in (0.0, 0.1, 0.5)]


@pytest.mark.parametrize(
    ("variants", "kind"),
    [
        (ETAS, "lines"),
        (GRID, "heat"),
        (GRID[:-1], "lines"),
        ([{"nrr": e, "max_epochs": n} for e in (0.01, 0.1, 0.5) for n in (10, 50, 100)], "lines"),
        (over("refine", ["both", "X", "y"]), "dots"),
        (over("nr_threshold", [0.1, 0.0]), "dots"),
        (over("backbone_width", [0.5, 1.0, None]), "dots"),
    ],
)
def test_numbers_are_drawn_as_lines_grids_as_cells_and_words_as_points(variants, kind):
    found = study(toy(variants, lambda params, dataset, _: 0.9))

    assert plan_of(found).kind == kind
    figure = ablation_figure(found)
    assert figure is not None
    panels = 5  # Imp% under both protocols, recovery of X and of y, SWD
    assert len(figure.axes) == panels * len(DATASETS)


def test_iterations_are_the_axis_and_step_sizes_the_lines():
    variants = [{"nrr": e, "max_epochs": n} for e in (0.01, 0.1, 0.5) for n in (10, 50, 100)]
    found = study(toy(variants, lambda *_: 0.9))
    plan = plan_of(found)

    assert plan.x == "max_epochs"
    lines = {label: [s.values["max_epochs"] for s in of] for label, of in lines_of(found, plan)}
    assert lines == {"η 0.01": [10, 50, 100], "η 0.1": [10, 50, 100], "η 0.5": [10, 50, 100]}


def test_the_figure_shows_the_numbers():
    variants = over("nrr", [0.001, 0.01, 0.1])
    figure = ablation_figure(
        study(
            toy(variants, lambda params, *_: 1 - params["nrr"], seeds=1, datasets={"a": "tabular"})
        )
    )
    assert figure is not None
    line = figure.axes[0].get_lines()[0]
    assert line.get_xdata() == pytest.approx([0.001, 0.01, 0.1])
    assert line.get_ydata() == pytest.approx([0.1, 1.0, 10.0], abs=0.3)
    assert figure.axes[0].get_xscale() == "log"


def test_a_dataset_has_the_values_on_its_axis_that_it_was_measured_at():
    rows = []
    for dataset, counts in (("friedman", (300, 1000, 3000)), ("seasonal", (300, 600, 1200))):
        plain = toy([{}], lambda *_: 0.9, datasets={dataset: DATASETS[dataset]})
        rows += [plain.assign(p_dataset_max_rows=n) for n in counts]
    figure = ablation_figure(study(pd.concat(rows)))
    assert figure is not None
    table, series = (list(ax.xaxis.get_major_locator()()) for ax in figure.axes[:2])
    assert table == [300, 1000, 3000]
    assert series == [300, 600, 1200]


def test_the_axis_of_a_recovery_does_not_blow_up_what_rounds_to_nothing():
    table = toy(ETAS, lambda *_: 0.9, datasets={"a": "tabular"})
    table["recovery_X"] = 1e-3 * table["recovery_X"]
    figure = ablation_figure(study(table))
    assert figure is not None
    ax = next(ax for ax in figure.axes if ax.get_ylabel().startswith("recovery of X"))
    low, high = ax.get_ylim()
    assert low < 0 < high
    assert high - low == pytest.approx(0.01)


def test_values_close_to_each_other_share_a_label_and_the_published_one_keeps_its_own():
    counts = [10, 20, 30, 50, 100, 140, 150, 160, 500]
    figure = ablation_figure(study(toy(over("max_epochs", counts), lambda *_: 0.9)))
    assert figure is not None
    labels = [figure.axes[0].xaxis.get_major_formatter()(count) for count in counts]
    assert labels == ["10", "20", "30", "50", "100", "", "150", "", "500"]


def test_the_note_is_as_narrow_as_the_figure():
    variants = over("window_size", [6, 12, 24, 48])
    narrow = ablation_figure(study(toy(variants, lambda *_: 0.9, datasets={"a": "series"})))
    assert narrow is not None
    note = narrow.get_supxlabel()
    assert "\n" in note
    assert note.replace("\n", " ").endswith("Dashed: the published value.")


def test_a_cell_of_a_heat_map_says_its_number():
    figure = ablation_figure(study(toy(GRID, lambda params, *_: 0.8, datasets={"a": "tabular"})))
    assert figure is not None
    assert [text.get_text() for text in figure.axes[0].texts] == ["20"] * 9


@pytest.mark.parametrize(
    ("values", "scale"),
    [([1, 2, 4], "linear"), ([0.001, 0.01, 0.5], "log"), ([0.0, 0.01, 0.5], "ordinal")],
)
def test_the_axis_follows_the_values(values, scale):
    assert scale_of(values) == scale


def test_a_table_holds_the_numbers_and_says_which_setting_is_the_published_one():
    table, *others = ablation_tables(views(toy(ETAS, lambda params, *_: 1 - params["nrr"])))

    assert table.title.startswith("Imp%, held_out")
    assert [other.title.split(" (")[0] for other in others] == [
        "Imp%, published",
        "recovery of X, held_out",
        "recovery of y, held_out",
        "SWD, held_out",
        "ρ̄, held_out",
    ]
    rows = {row.label: row for row in table.sections[0].rows}
    assert list(rows) == ["η 0.001", "η 0.01 (published)", "η 0.1", "η 0.5"]
    assert rows["η 0.5"].cells[-1].value == pytest.approx(50.0, abs=0.2)
    assert rows["η 0.1"].cells[0].value == pytest.approx(10.0, abs=0.2)
    for rendering in (table.markdown(), table.latex(), table.csv()):
        assert "friedman" in rendering


def test_what_was_skipped_is_shown_as_such_and_has_no_mean():
    variants = over("backbone", ["mlp", "lstm"])
    table = toy(variants, lambda *_: 0.9)
    lost = (table["domain"] == "tabular") & (table["p_denoiser_backbone"] == "lstm")
    table.loc[lost, ["status", "reason"]] = ["skipped", "lstm is for series"]
    table.loc[lost, ["imp", "mse_after", "swd", "recovery_X", "recovery_y", "rho"]] = np.nan

    rows = {row.label: row for row in ablation_tables(views(table))[0].sections[0].rows}
    lstm = rows["lstm (published for series)"]
    assert [cell.status for cell in lstm.cells] == ["skipped", "ok", "absent"]
    told = words(views(table))
    assert "Tables:" not in told
    assert "Series: Imp% under held_out is best at" in told


def test_the_sentence_follows_the_numbers():
    """The same study twice: the large step wins in one table and ruins the other."""

    def told(sign: float) -> str:
        return words(views(toy(ETAS, lambda p, *_: float(np.exp(-sign * p["nrr"] / 2)))))

    good, bad = told(1.0), told(-1.0)
    assert (
        "Imp% under held_out is best at η 0.5 (22.1), against 0.5 at the published η 0.01" in good
    )
    assert "it rises throughout" in good
    assert "good range”: does not hold under held_out" in good
    assert "Imp% under held_out is best at η 0.001 (" in bad
    assert "it falls throughout" in bad
    assert "good range”: holds under held_out" in bad


def test_a_difference_within_the_spread_is_not_told_apart():
    rng = np.random.default_rng(1)
    told = words(views(toy(ETAS[:3], lambda *_: float(np.exp(0.2 * rng.normal())))))

    assert "which does not tell them apart" in told or "the published setting" in told
    assert "clearly better" not in told


def test_the_gate_is_a_robust_base_unless_another_is_clearly_better():
    taus = over("nr_threshold", [0.0, 0.1, 0.5])
    flat = words(views(toy(taus, lambda *_: 0.9)))
    steep = words(views(toy(taus, lambda p, *_: 0.9 - p["nr_threshold"])))

    assert "robust base”: holds under held_out" in flat
    assert "robust base”: does not hold under held_out" in steep
    assert "τ 0.5 (60.0" in steep


def test_a_difference_that_may_be_chance_leaves_a_statement_open():
    rng = np.random.default_rng(3)

    def told(spread: float) -> str:
        def effect(params, *_):
            ratio = 0.9 if params["nrr"] == 0.001 else 1.0
            return float(ratio * np.exp(spread * rng.normal()))

        return words(views(toy(ETAS, effect)))

    assert "good range”: does not hold under held_out" in told(0.0)
    open_one = next(
        line for line in told(0.3).splitlines() if "good range”: is open under held_out" in line
    )
    assert open_one.endswith("which may be chance).")


def test_datasets_that_lie_far_apart_do_not_hide_what_every_seed_shows():
    """A large step helps one series much and the other little, whatever the seed."""

    def effect(params, dataset, _):
        return 0.5 if dataset == "a" and params["nrr"] == 0.1 else 1 - params["nrr"] / 10

    told = words(views(toy(ETAS[:3], effect, {"a": "series", "b": "series"})))
    line = next(line for line in told.splitlines() if "Imp% under held_out is best" in line)
    assert "η 0.1" in line
    assert "does not tell them apart" not in line


ITERATIONS = [
    {"nrr": eta, "max_epochs": count}
    for eta in (0.001, 0.01, 0.1)
    for count in (10, 50, 100, 200, 500)
]


def test_the_peak_of_iterations_and_the_slow_step_size():
    def saturating(params, *_):
        return 1 - 0.3 * min(1.0, params["nrr"] * params["max_epochs"])

    def growing(params, *_):
        return 1 - 0.0005 * params["max_epochs"]

    slow = words(views(toy(ITERATIONS, saturating)))
    assert "peak comes by about 200 iterations”: holds under held_out" in slow
    assert "needs ten times the iterations of η 0.01”: holds under held_out" in slow
    assert "η 0.001 does not match it”: holds under held_out" in slow
    late = words(views(toy(ITERATIONS, growing)))
    assert "peak comes by about 200 iterations”: does not hold under held_out" in late
    assert "needs ten times the iterations of η 0.01”: does not hold under held_out" in late
    assert "η 0.001 does not match it”: does not hold under held_out" in late


TRAINED = [
    *({"backbone_epochs": n, "early_stopping": False} for n in (1, 10, 100)),
    {"backbone_epochs": 100, "early_stopping": True},
]


@pytest.mark.parametrize(
    ("stopped", "overfitted", "holds"),
    [
        (0.2, -0.1, "holds"),
        (0.2, 0.1, "holds in part"),
        (0.2, 0.2, "does not hold"),
        (-0.1, -0.3, "does not hold"),
        (-0.1, 0.2, "does not hold"),
    ],
)
def test_spectral_bias_holds_if_early_stopping_points_to_the_signal_and_training_on_to_the_noise(
    stopped, overfitted, holds
):
    def recovery(params, *_):
        return stopped if params["early_stopping"] else overfitted

    told = words(views(toy(TRAINED, lambda *_: 0.9, recovery=recovery)))
    for dataset in DATASETS:
        assert f"(below 0): {holds} on {dataset} (recovery of X {stopped}" in told


def test_the_protocols_of_a_denoiser_stand_together():
    table = toy([{}], lambda params, dataset, protocol: 0.5 if protocol == "published" else 0.9)
    other = table[table["denoiser"] == "denograd"].assign(denoiser="pca")
    found = study(pd.concat([table, other]))

    assert found.keys == ("denoiser", "protocol")
    assert [setting.label for setting in found.settings] == [
        "denograd, published",
        "denograd, held_out",
        "pca, published",
        "pca, held_out",
    ]
    told = words(views(pd.concat([table, other])))
    assert "Series: pca Imp% 50.0 as published, 10.0 held out." in told


def test_the_index_lists_every_study_with_its_sentence():
    found = views(toy(ETAS, lambda params, *_: 0.9))
    index = ablation_index({"tau": [], "eta": found})

    assert index.index("## eta: Step size η") < index.index("## tau")
    for text in ablation_findings(found):
        assert f"\n- {text}\n" in index
    assert "](eta/ablation.png)" in index
    assert "Nothing was measured" in index
