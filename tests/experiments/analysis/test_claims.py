"""Every claim of the paper against long tables made by hand, for each verdict that it can get."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from denograd.published import SETTINGS
from experiments.analysis.claims import STATEMENTS, claims
from experiments.analysis.claims.base import Claim
from experiments.analysis.claims.fronts import judge_front
from experiments.analysis.claims.improvements import judge_figure, judge_median, judge_worst
from experiments.analysis.claims.ranks import best_competitors, judge_ranks
from experiments.analysis.claims.runs import (
    DATASETS,
    METHODS,
    REGRESSORS,
    as_published,
    one_label_each,
)
from experiments.analysis.claims.series import REGRESSORS as OF_SERIES
from experiments.analysis.fronts import front
from experiments.analysis.verdict import Verdict
from experiments.analysis.view import views
from experiments.report.table import Table, TableCell
from experiments.report.tables.published import tables as claims_tables
from experiments.report.tables.readings import tables as readings_tables
from tests.support.long_tables import benchmark, make

CONF = Path(__file__).parents[3] / "conf"
FOUR = ("house_prices", "parkinsons", "ett", "wth")
REPRODUCED, PARTLY, NOT, _, UNTESTABLE = Verdict
JUDGED = (REPRODUCED, PARTLY, NOT, UNTESTABLE)


class At(NamedTuple):
    """Where a value of the long table stands."""

    method: str
    dataset: str
    regressor: str
    protocol: str


Measure = Callable[[At], float]


def value(measure: Measure | float, at: At) -> float:
    return measure(at) if callable(measure) else measure


def runs(
    *,
    methods: tuple[str, ...] = METHODS,
    datasets: tuple[str, ...] = FOUR,
    regressors: tuple[str, ...] = ("ridge", "knn"),
    ratio: Measure | float = 0.5,
    swd: Measure | float = 0.1,
    rho: Measure | float = 0.9,
    **common: Any,
) -> pd.DataFrame:
    """A long table of the paper's matrix; `ratio` is MSE after over MSE before."""
    places = [
        At(*place) for place in product(methods, datasets, regressors, ("published", "held_out"))
    ]
    rows = [
        {
            "denoiser": at.method,
            "dataset": at.dataset,
            "domain": DATASETS.get(at.dataset, "tabular"),
            "regressor": at.regressor,
            "protocol": at.protocol,
            "mse_before": 2.0,
            "mse_after": 2.0 * value(ratio, at),
            "swd": value(swd, at),
            "rho": value(rho, at),
        }
        for at in places
    ]
    return make(*rows, **common)


def without(*methods: str) -> tuple[str, ...]:
    return tuple(method for method in METHODS if method not in methods)


def ranked(metric: str, rival: str, *positions: tuple[int, int]) -> pd.DataFrame:
    """Two datasets, on each of which denograd and a rival have these ranks.

    Who is first of the others on the one is last of them on the other.
    """
    datasets = FOUR[:2]
    order = {}
    for way, dataset, (own, other) in zip((1, -1), datasets, positions, strict=True):
        rest = iter([place for place in range(1, 9) if place not in (own, other)][::way])
        taken = {"denograd": own, rival: other}
        order[dataset] = {m: taken[m] if m in taken else next(rest) for m in METHODS}
    return runs(datasets=datasets, **{metric: by_rank(metric, order)})


def by_rank(metric: str, order: dict[str, dict[str, int]]) -> Measure:
    sign = -1 if metric == "rho" else 1
    return lambda at: 0.5 + sign * 0.05 * order[at.dataset][at.method]


def gaps(*metrics: str) -> pd.DataFrame:
    """Ten datasets; denograd is first and its rival last in these metrics, second in others."""
    measures = {}
    for metric, rival in (("ratio", "kalman"), ("swd", "pca"), ("rho", "dn_resnet")):
        rest = without("denograd", rival)
        order = ["denograd", *rest, rival] if metric in metrics else ["denograd", rival, *rest]
        places = {method: place for place, method in enumerate(order, start=1)}
        measures[metric] = by_rank(metric, dict.fromkeys(DATASETS, places))
    return runs(datasets=tuple(DATASETS), **measures)


def on_some(method: str, hits: int, there: float, elsewhere: float) -> Measure:
    """One value on the first datasets, another one on the rest."""
    return lambda at: there if at.dataset in FOUR[:hits] and at.method == method else elsewhere


def of(values: dict[str, float], other: float) -> Measure:
    return lambda at: values.get(at.method, other)


def series(**values: float) -> pd.DataFrame:
    return runs(datasets=FOUR[2:], regressors=OF_SERIES, ratio=of(values, 0.5))


def plane(**methods: tuple[float, float]) -> pd.DataFrame:
    """Ratio of errors, and a cost that is SWD and 1 - rho."""
    return runs(
        ratio=lambda at: methods.get(at.method, (0.5, 0.2))[0],
        swd=lambda at: methods.get(at.method, (0.5, 0.2))[1],
        rho=lambda at: 1 - methods.get(at.method, (0.5, 0.2))[1],
    )


def cases() -> dict[tuple[str, Verdict], pd.DataFrame]:
    found: dict[tuple[str, Verdict], pd.DataFrame] = {}

    def add(name: str, *long: pd.DataFrame) -> None:
        found.update({(name, v): table for v, table in zip(JUDGED, long, strict=True)})

    add(
        "average rank, Imp%",
        ranked("ratio", "kalman", (3, 1), (3, 2)),
        ranked("ratio", "kalman", (6, 1), (6, 1)),
        ranked("ratio", "kalman", (1, 6), (1, 6)),
        runs(methods=without("dae")),
    )
    add(
        "average rank, SWD",
        ranked("swd", "pca", (1, 2), (2, 3)),
        ranked("swd", "pca", (1, 8), (1, 8)),
        ranked("swd", "pca", (8, 1), (8, 1)),
        runs(datasets=FOUR[:1]),
    )
    add(
        "average rank, ρ̄",
        ranked("rho", "dn_resnet", (1, 2), (3, 1)),
        ranked("rho", "dn_resnet", (8, 1), (8, 1)),
        ranked("rho", "dn_resnet", (1, 8), (1, 8)),
        runs(methods=without("dn_resnet")),
    )
    add(
        "gaps of ranks within chance",
        gaps(),
        gaps("ratio"),
        gaps("ratio", "swd", "rho"),
        runs(methods=without("kalman")),
    )
    for name, metric, hit, miss in (
        ("kalman, Imp%", "ratio", 0.01, 0.03),
        ("kalman, SWD", "swd", 0.6, 0.5),
        ("kalman, ρ̄", "rho", 0.2, 0.3),
    ):
        add(
            name,
            *(runs(**{metric: on_some("kalman", hits, hit, miss)}) for hits in (4, 2, 1)),
            runs(methods=without("kalman")),
        )
    for dataset, paper in (("ecl", 98.4), ("microsoft_stock", 97.6)):
        add(
            f"mean Imp%, {dataset}",
            *(
                runs(datasets=(dataset,), regressors=OF_SERIES, ratio=1 - (paper - short) / 100)
                for short in (1.9, 9.9, 10.1)
            ),
            runs(datasets=(dataset,), regressors=OF_SERIES[1:]),
        )
    add(
        "improves nominally clean data",
        *(runs(level=0.0, ratio=on_some("denograd", hits, 0.9, 1.1)) for hits in (4, 2, 1)),
        runs(ratio=0.5),
    )
    add(
        "later runs, median Imp%, tabular",
        *(runs(ratio=ratio) for ratio in (0.5, 0.3, 1.1)),
        runs(datasets=FOUR[2:]),
    )
    add(
        "later runs, median Imp%, series",
        *(runs(ratio=ratio) for ratio in (0.3, 0.5, 1.1)),
        runs(datasets=FOUR[:2]),
    )
    add(
        "later runs, worst Imp%",
        *(runs(ratio=on_some("denograd", 1, worst, 0.5)) for worst in (2.1, 1.9, 0.9)),
        runs(methods=without("denograd")),
    )
    add(
        "series, denograd alone above 90",
        series(denograd=0.05),
        series(denograd=0.05, wtd=0.02),
        series(wtd=0.05),
        runs(regressors=OF_SERIES[:-1]),
    )
    for axis, domain in product(("SWD", "1 − ρ̄"), ("tabular", "series")):
        add(
            f"Pareto front, {axis}, {domain}",
            plane(denograd=(0.4, 0.1)),
            plane(denograd=(0.4, 0.1), kalman=(0.1, 0.5)),
            plane(denograd=(0.4, 0.1), kalman=(0.3, 0.1)),
            runs(datasets=FOUR[2:] if domain == "tabular" else FOUR[:2]),
        )
    return found


CASES = cases()


def claim(long: pd.DataFrame, name: str) -> Claim:
    (found,) = claims(
        views(long), [statement for statement in STATEMENTS if statement.name == name]
    )
    return found


def test_every_claim_is_tried_for_every_verdict() -> None:
    assert set(CASES) == set(product([s.name for s in STATEMENTS], JUDGED))


@pytest.mark.parametrize(("name", "verdict"), list(CASES))
def test_verdict(name: str, verdict: Verdict) -> None:
    found = claim(CASES[name, verdict], name)
    assert found.verdict is verdict, found.published.reason
    assert found.published.reason
    assert bool(found.published.ours) == (verdict is not UNTESTABLE)
    # These tables are the same under both protocols.
    assert found.held_out == found.published


@pytest.mark.parametrize(
    ("ours", "paper", "verdict"),
    [
        ((3.6, 1.0), (3.1, 1.5), REPRODUCED),
        ((3.61, 1.0), (3.1, 1.5), PARTLY),
        ((2.0, 2.0), (1.7, 2.3), PARTLY),
        ((2.9, 1.7), (1.7, 2.3), NOT),
    ],
)
def test_ranks_are_close_to_a_half_and_ties_have_no_order(
    ours: tuple[float, float], paper: tuple[float, float], verdict: Verdict
) -> None:
    assert judge_ranks(ours, paper) is verdict


def test_ranks_ask_who_the_best_competitor_is() -> None:
    order = ("pca", "denograd", "dae", *without("pca", "denograd", "dae"))
    places = {method: place for place, method in enumerate(order, start=1)}
    # As in the paper but for PCA, which takes the place of DenoGrad's best competitor.
    long = runs(datasets=tuple(DATASETS), ratio=by_rank("ratio", dict.fromkeys(DATASETS, places)))
    found = claim(long, "average rank, Imp%").published
    assert "the best competitor is pca 1.00, not kalman as published" in found.reason
    assert found.ours.endswith(", best competitor pca 1.00")
    assert judge_ranks((3.1, 1.5), (3.1, 1.5), same_rival=False) is PARTLY
    assert best_competitors({"denograd": 1.0, "pca": 2.0, "dae": 2.0, "emd": 3.0}) == ["dae", "pca"]


def test_limits_of_the_other_criteria() -> None:
    assert [judge_figure(x, 98.0) for x in (96.0, 95.9, 88.0, 87.9)] == [
        REPRODUCED,
        PARTLY,
        PARTLY,
        NOT,
    ]
    assert [judge_median(x, 50.0) for x in (40.0, 39.0, 0.0)] == [REPRODUCED, PARTLY, NOT]
    assert [judge_worst(x) for x in (-100.1, -100.0, 0.0)] == [REPRODUCED, PARTLY, NOT]


def test_the_front_is_what_nobody_dominates() -> None:
    points = {"a": (1.0, 0.1), "b": (2.0, 0.2), "c": (2.0, 0.3), "d": (0.5, 0.1), "e": (2.0, 0.2)}
    assert front(points) == ("b", "e", "a")
    assert judge_front(front(points)) is NOT
    assert judge_front(("b", "denograd")) is PARTLY
    assert judge_front(("denograd",)) is REPRODUCED


def test_reasons_have_the_numbers_in_them() -> None:
    ranks = claim(CASES["average rank, Imp%", PARTLY], "average rank, Imp%")
    assert ranks.published.reason == (
        "denograd 6.00 against 3.10 published, kalman 1.00 against 1.50, the order is the same; "
        "the best competitor is kalman 1.00, as published; over 2 of the paper's 10 datasets"
    )
    assert (ranks.published.ours, ranks.published.value) == (
        "denograd 6.00, kalman 1.00, best competitor kalman 1.00",
        6.0,
    )
    chance = claim(CASES["gaps of ranks within chance", PARTLY], "gaps of ranks within chance")
    assert chance.published.reason == (
        "for k = 8 and N = 10 the critical difference is 3.32 (α = 0.05) against published gaps of "
        "1.60, 0.60, 0.20; of our gaps, 7.00, 1.00, 1.00, 2 of 3 lie within 3.32 (N = 10)"
    )
    kalman = claim(CASES["kalman, SWD", NOT], "kalman, SWD")
    assert kalman.published.reason == (
        "above 0.5 on 1 of 4 datasets (house_prices 0.600, parkinsons 0.500, ett 0.500, wth "
        "0.500), 4 of the paper's 10 datasets"
    )
    wtd = claim(series(denograd=0.05, wtd=0.02), "series, denograd alone above 90")
    assert "also above with one or more: wtd" in wtd.published.reason


def test_imp_is_averaged_as_a_log_ratio_and_as_the_paper_does_beside() -> None:
    ratios = {"lstm": 0.0001, "ridge": 4.0}
    regressors = (*OF_SERIES, "ridge")
    long = pd.concat(
        runs(datasets=("ecl",), regressors=regressors, ratio=ratio, seed=seed)
        for seed, ratio in enumerate((lambda at: ratios.get(at.regressor, 0.1), 0.3))
    )
    found = claim(long, "mean Imp%, ecl").published
    # Of the five regressors: 99.99 and four times 90 with one seed, 70 with the other.
    assert found.value == pytest.approx((99.99 + 4 * 90 + 5 * 70) / 10)
    log_ratio = (np.log([0.0001, 0.1, 0.1, 0.1, 0.1, 4.0]).mean() + np.log(0.3)) / 2
    assert found.ours == f"81.0; log ratio over 6: {100 * (1 - np.exp(log_ratio)):.1f}"
    for told in ("lstm 85.0", "dlinear 80.0", "ridge -115.0"):
        assert told in found.reason
    assert claim(long[long["regressor"] != "lstm"], "mean Imp%, ecl").published.reason.startswith(
        "no runs with the regressors lstm; the mean log ratio over all 5 gives "
    )


def test_held_out_is_judged_by_itself() -> None:
    long = runs(ratio=lambda at: 0.01 if at.protocol == "published" else 1.4)
    found = claim(long, "kalman, Imp%")
    assert (found.published.verdict, found.held_out.verdict) == (REPRODUCED, NOT)
    assert found.held_out.value == pytest.approx(-40.0)
    alone = claim(long[long["protocol"] == "published"], "kalman, Imp%")
    assert alone.verdict is REPRODUCED
    assert alone.held_out.verdict is UNTESTABLE
    assert alone.held_out.reason == "no runs of the paper's datasets and methods under held_out"


def test_controls_are_shown_beside_and_never_ranked() -> None:
    control = runs(methods=("constant",), kind="control", ratio=0.001, swd=0.0)
    long = pd.concat([plane(denograd=(0.4, 0.1)), control])
    assert claim(long, "kalman, Imp%").controls == "Imp%: constant 99.9"
    pareto = claim(long, "Pareto front, SWD, series")
    assert pareto.verdict is REPRODUCED
    assert pareto.controls == "Imp% at SWD: constant 99.9 at 0.000"


def test_other_data_variants_and_settings_change_nothing() -> None:
    name = "average rank, Imp%"
    long = CASES[name, REPRODUCED]
    others = pd.concat(
        [
            runs(methods=("kalman_sane", "pca_sane"), datasets=FOUR[:2], ratio=0.001),
            runs(datasets=("friedman",), ratio=of({"kalman": 3.0}, 0.5)),
            runs(methods=("denograd",), datasets=FOUR[:2], ratio=0.001, p_denoiser_nrr=0.5),
        ]
    )
    assert claim(pd.concat([long, others]), name).published == claim(long, name).published


def test_what_is_missing_is_named() -> None:
    name = "average rank, Imp%"
    other = runs(p_denoiser_nrr=0.5)
    assert claim(other, name).published.reason == (
        "no runs of denograd with the published settings (there is denograd)"
    )
    failed = runs(datasets=FOUR[:2])
    at = failed["denoiser"] == "emd"
    failed.loc[at, ["status", "reason"]] = ["skipped", "the order of rows says nothing"]
    failed.loc[at, ["mse_after", "mse_before", "swd", "rho"]] = float("nan")
    reason = claim(failed, "Pareto front, SWD, tabular").published.reason
    assert reason == (
        "on none of the paper's tables all eight methods have every run (skipped: the order of "
        "rows says nothing)"
    )
    short = CASES["kalman, Imp%", REPRODUCED]
    lost = (short["denoiser"] == "kalman") & (short["dataset"] == "ett")
    incomplete = short[~(lost & (short["regressor"] == "knn"))]
    found = claim(incomplete, "kalman, Imp%").published
    assert found.reason.endswith(
        "3 of the paper's 10 datasets, without ett: runs or regressors with skill are missing there"
    )


def test_settings_that_stand_for_a_name() -> None:
    def found(**columns: Any) -> dict[str, str]:
        rows = pd.concat([runs(**{name: value}) for name, of in columns.items() for value in of])
        (view,) = views(rows)
        return one_label_each(view.rows[as_published(view.rows)], "denoiser", METHODS[:1])

    assert found(p_denoiser_nrr=(0.01, 0.1)) == {"denograd (nrr=0.01)": "denograd"}
    # Two settings of which neither is plainly the published one stand for nothing.
    assert found(p_denoiser_lam=(1.0, 2.0)) == {}
    assert found(p_denoiser_max_epochs=(15,)) == {"denograd": "denograd"}
    assert found(p_denoiser_max_epochs=(500,)) == {}


def test_the_published_settings_and_names_are_those_of_the_config() -> None:
    config = yaml.safe_load((CONF / "denoiser" / "denograd.yaml").read_text())["denograd"]
    assert {key: config[key] for key in SETTINGS} == SETTINGS
    for folder, names in (("denoiser", METHODS), ("dataset", DATASETS), ("regressor", REGRESSORS)):
        assert set(names) <= {path.stem for path in (CONF / folder).glob("*.yaml")}


def cell(table: Table, row: str, group: str, title: str) -> TableCell:
    places = [(column.group, column.title) for column in table.columns]
    rows = {r.label: r for section in table.sections for r in section.rows}
    return rows[row].cells[places.index((group, title))]


def both_levels() -> pd.DataFrame:
    ratio: Measure = lambda at: 0.01 if at.protocol == "published" else 1.4  # noqa: E731
    return pd.concat([runs(level=level, ratio=ratio) for level in (0.0, 0.1, 0.3)])


def test_the_overview_has_the_verdicts_of_both_levels() -> None:
    overview, _, *rest = claims_tables(views(both_levels()), {})
    assert overview.name == "verdicts"
    assert [(c.group, c.title) for c in overview.columns] == list(
        product(("published", "held_out"), ("σ 0", "σ 0.1"))
    )
    clean = "improves nominally clean data"
    shown = [
        cell(overview, clean, *place).text
        for place in product(("published", "held_out"), ("σ 0", "σ 0.1"))
    ]
    assert shown == ["reproduced", "cannot be tested", "not", "cannot be tested"]
    assert [table.context["level"] for table in rest] == ["0", "0.1", "0.3"]
    assert any(
        note.startswith("published, σ 0: ") and "reproduced" in note for note in overview.notes
    )


def test_other_noise_has_no_overview_and_says_so() -> None:
    (_, table) = claims_tables(views(runs(noise="drift")), {})
    assert "The paper adds Gaussian noise to data as they are, or none: not this." in table.notes


def test_tables_say_what_has_no_measurement() -> None:
    long = runs(methods=without("emd"), datasets=tuple(DATASETS)[1:])
    (_, _, table) = claims_tables(views(long), {})
    (note,) = [note for note in table.notes if note.startswith("Without any measurement")]
    assert note == (
        "Without any measurement: datasets house_prices; denoisers emd; regressors xgboost, dnn, "
        "tabpfn, lstm, cnn_lstm, xlstm, dlinear."
    )


def test_what_studies_judge_stands_there_and_what_was_not_run_says_so() -> None:
    better: Measure = lambda at: 0.5 if at.protocol == "published" else 0.9  # noqa: E731
    taus = [(0.1, better), (0.5, 0.95)]
    study = pd.concat(
        [
            runs(methods=("denograd",), ratio=ratio, p_denoiser_nr_threshold=tau, seed=seed)
            for tau, ratio in taus
            for seed in (0, 1)
        ]
    )
    knobs = claims_tables(views(runs()), {"ablation_tau": views(study)})[1]
    for protocol, group in product(("published", "held_out"), ("Tables", "Series")):
        assert cell(knobs, "τ 0.1 is a robust base", protocol, group).text == "reproduced"
        assert cell(knobs, "ablation_eta", protocol, group).text == "cannot be tested"
    told = cell(knobs, "τ 0.1 is a robust base", "", "numbers").text
    assert told.startswith("published, Tables: 50.0 there; no other τ is clearly better; ")
    assert "experiment=ablation_eta" in cell(knobs, "ablation_eta", "", "numbers").text


def test_renderings() -> None:
    tables = claims_tables(views(both_levels()), {})
    headers = {tuple(table.csv_rows()[0]) for table in tables}
    assert len(headers) == 1, "the tables of one file share a header"
    table = tables[2]
    markdown = table.markdown()
    assert (
        "- **kalman, Imp%**: Reason: above 98 on 4 of 4 datasets (house_prices 99.0, " in markdown
    )
    assert "Criterion: reproduced if it holds on every dataset" in markdown
    latex = table.latex()
    assert r"\par \textbf{kalman, Imp\%}: Reason: above 98 on 4 of 4 datasets" in latex
    assert "η" not in latex
    assert "τ" not in latex
    rows = [row for row in table.csv_rows() if row[5] == "kalman, Imp%"]
    by_column = {(row[7], row[8]): row for row in rows}
    assert by_column["published", "ours"][9:] == ["99", "", "", "ok", "4 of 4, median 99.0"]
    assert by_column["held_out", "verdict"][-1] == "not"
    assert by_column["", "criterion"][-1].startswith("reproduced if")
    assert [t.markdown() for t in claims_tables(views(both_levels()), {})] == [
        t.markdown() for t in tables
    ]


def test_a_benchmark_without_the_papers_data_tests_nothing() -> None:
    found = claims(views(benchmark()))
    assert {claim.verdict for claim in found} == {UNTESTABLE}
    assert all(claim.controls == "" for claim in found)


def in_reading(readings: str, *methods: str, **options: Any) -> pd.DataFrame:
    """The paper's matrix of some methods that belong to readings, with these settings."""
    matrix = runs(methods=methods, regressors=("lstm", "xgboost"), level=0.0, **options)
    return matrix.assign(readings=readings)


def test_every_reading_is_held_against_the_published_figures() -> None:
    """Each by its own forms of the methods, which may differ between tables and series."""
    order, target = "p_denoiser_row_order", "p_denoiser_target_in_inputs"
    plain = in_reading("plain", "kalman", **{order: "file"})
    other = in_reading("other", "kalman", ratio=0.01, swd=0.9, rho=0.2, **{order: "after_split"})
    rest = in_reading("plain other", *without("kalman", "denograd"), ratio=0.7, swd=0.3)
    own = in_reading("plain other", "denograd", ratio=0.6, **{target: False})
    written = in_reading("other", "denograd", ratio=0.05, **{target: True})
    on_series = own["domain"] == "series"
    own.loc[on_series, "readings"] = "plain"

    (table,) = readings_tables(views(pd.concat([plain, other, rest, own, written[on_series]])))

    figures = [f"{column.group}: {column.title}" for column in table.columns]
    by_reading = {
        row.label: dict(zip(figures, (cell.text for cell in row.cells), strict=True))
        for row in table.sections[0].rows
    }
    assert list(by_reading) == ["plain", "other"]
    for figure, before, after in (
        ("kalman, Imp%: above 98", "0 of 4, median 50.0: miss", "4 of 4, median 99.0: hit"),
        ("kalman, SWD: above 0.5", "0 of 4, median 0.100: miss", "4 of 4, median 0.900: hit"),
        ("kalman, ρ̄: below 0.3", "0 of 4, median 0.900: miss", "4 of 4, median 0.200: hit"),
        ("mean Imp%, microsoft_stock: 97.6", "–", "–"),
        (
            "series, denograd alone above 90: 2 of 2 regressors above 90",
            "0 of 2, least 40.0: miss",
            "2 of 2, least 95.0: in part",
        ),
    ):
        assert (by_reading["plain"][figure], by_reading["other"][figure]) == (before, after)
    assert by_reading["plain"][": hits"] == "1 of 13"
    assert by_reading["other"][": hits"] == "4 of 13"
    assert table.notes[0].startswith("Most figures are hit by other: 4 of 13. ")
    assert table.notes[-1] == (
        "mean Imp%, microsoft_stock: cannot be tested, no runs of the dataset microsoft_stock."
    )


def test_without_readings_there_is_no_table_of_them() -> None:
    assert readings_tables(views(runs())) == []
