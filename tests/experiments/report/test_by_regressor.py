"""Tables of every dataset, denoiser and regressor, with values worked out by hand."""

import math

import pandas as pd
import pytest

from experiments.report.table import Table
from experiments.report.tables.by_regressor import regressor_tables
from tests.support.long_tables import benchmark, make, view_of

OTHER = {
    "status": "skipped",
    "skip": "domain",
    "reason": "lstm is for series data, friedman is tabular",
}


def tables_of(long: pd.DataFrame) -> dict[tuple[str, str, str], Table]:
    """By kind, dataset and protocol."""
    found = regressor_tables(view_of(long))
    keys = [(table.name, table.context["dataset"], table.context["protocol"]) for table in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found, strict=True))


def text(table: Table, row: str, column: str) -> str:
    places = [place.title for place in table.columns]
    rows = {r.label: r for section in table.sections for r in section.rows}
    return rows[row].cells[places.index(column)].full


def test_every_dataset_and_protocol_has_both_tables_in_the_order_of_datasets() -> None:
    found = tables_of(benchmark())
    assert list(found) == [
        (name, dataset, protocol)
        for dataset in ("friedman", "paraboloid", "seasonal")
        for name in ("by_regressor", "by_regressor_mse")
        for protocol in ("published", "held_out")
    ]
    table = found["by_regressor", "seasonal", "held_out"]
    assert table.title == (
        "seasonal, held_out: Imp% (higher is better), SWD and ρ̄: "
        "gaussian noise of level 0.1, profile quick"
    )
    assert [(c.group, c.title) for c in table.columns] == [
        ("Imp%", "knn"),
        ("Imp%", "ridge"),
        ("refined data", "SWD"),
        ("refined data", "ρ̄"),
    ]
    assert text(table, "shrink_target", "ridge") == "-5.0 [-5.0, -5.0]"


def test_means_over_seeds_with_their_interval() -> None:
    long = make(
        {"seed": 0, "mse_before": 2.0, "mse_after": 1.0, "swd": 0.1, "rho": 0.9},
        {"seed": 1, "mse_before": 8.0, "mse_after": 1.0, "swd": 0.3, "rho": 0.7},
    )
    found = tables_of(long)
    imp = found["by_regressor", "friedman", "published"]
    # Log ratios log(1/2) and log(1/8): their mean is log(1/4); t(0.975, 1) = 12.70620474.
    half = 12.70620474 * (math.log(4) / math.sqrt(2)) / math.sqrt(2)
    low, high = (100 * (1 - 0.25 * math.exp(sign * half)) for sign in (1, -1))
    assert text(imp, "pca", "ridge") == f"75.0 [{low:.1f}, {high:.1f}]"
    assert text(imp, "pca", "SWD").startswith("0.200 [")
    assert text(imp, "pca", "ρ̄").startswith("0.800 [")
    errors = found["by_regressor_mse", "friedman", "published"]
    assert text(errors, "(before)", "ridge").startswith("4.0000 [")
    assert text(errors, "pca", "ridge") == "1.0000 [1.0000, 1.0000]"
    assert imp.interval_note == "In brackets: 95 % t-interval over seeds."


def test_a_regressor_of_the_other_domain_is_no_column_and_no_gap() -> None:
    long = make(
        {"mse_after": 0.5},
        {"regressor": "lstm", **OTHER},
        {"dataset": "seasonal", "domain": "series", "regressor": "lstm", "mse_after": 0.5},
        {
            "dataset": "seasonal",
            "domain": "series",
            "status": "skipped",
            "skip": "domain",
            "reason": "ridge is for tabular data, seasonal is series",
        },
    )
    found = tables_of(long)
    columns = {
        dataset: [c.title for c in found["by_regressor", dataset, "published"].columns][:-2]
        for dataset in ("friedman", "seasonal")
    }
    assert columns == {"friedman": ["ridge"], "seasonal": ["lstm"]}
    assert not any("skipped" in note for table in found.values() for note in table.notes)


def test_a_denoiser_that_suits_no_dataset_of_a_domain_is_a_note_there() -> None:
    reason = "WTDSaneDenoiser is for series data; {} is tabular. It works along time."
    long = make(
        {"dataset": "a", "mse_after": 0.5},
        {"dataset": "b", "mse_after": 0.5},
        *(
            {
                "dataset": name,
                "denoiser": "wtd_sane",
                "status": "skipped",
                "reason": reason.format(name),
            }
            for name in "ab"
        ),
        {"dataset": "b", "denoiser": "dae", "status": "skipped", "reason": "too few rows"},
        {"dataset": "a", "denoiser": "dae", "mse_after": 0.5},
        {"dataset": "c", "domain": "series", "denoiser": "wtd_sane", "mse_after": 0.5},
    )
    found = tables_of(long)
    table = found["by_regressor", "b", "published"]
    labels = [row.label for section in table.sections for row in section.rows]
    assert labels == ["dae", "pca"]
    assert text(table, "dae", "ridge") == "skipped"
    assert (
        "skipped: wtd_sane on b (ridge): WTDSaneDenoiser is for series data; the dataset is "
        "tabular. It works along time."
    ) in table.notes
    assert "skipped: dae on b (ridge): too few rows" in table.notes
    (series,) = found["by_regressor", "c", "published"].sections
    assert series.title == "sane variants, not ranked"
    assert [row.label for row in series.rows] == ["wtd_sane"]


def test_failures_and_gaps_are_words() -> None:
    long = make(
        {"denoiser": "a", "regressor": "ridge", "seed": 0, "mse_after": 0.5},
        {"denoiser": "a", "regressor": "ridge", "seed": 1, "mse_after": 0.5},
        {"denoiser": "b", "regressor": "ridge", "seed": 0, "mse_after": 0.5},
        {"denoiser": "b", "regressor": "ridge", "seed": 1, "status": "failed", "reason": "boom"},
        {"denoiser": "a", "regressor": "knn", "seed": 0, "mse_after": 0.5},
    )
    table = tables_of(long)["by_regressor", "friedman", "published"]
    assert text(table, "a", "ridge") == "50.0 [50.0, 50.0]"
    assert text(table, "b", "ridge") == "50.0†"
    assert text(table, "b", "knn") == "not run"
    assert "failed: b on friedman (ridge): boom" in table.notes
    assert "not run: there is no record." in table.notes


def test_a_regressor_skipped_for_all_is_a_column_with_one_reason() -> None:
    lacking = {"regressor": "tabpfn", "status": "skipped", "reason": "tabpfn needs its weights"}
    long = make({"denoiser": "a"}, {"denoiser": "b"}, *({"denoiser": n, **lacking} for n in "ab"))
    found = tables_of(long)
    table = found["by_regressor", "friedman", "published"]
    assert text(table, "a", "tabpfn") == "skipped"
    assert "skipped: a, b on friedman (tabpfn): tabpfn needs its weights" in table.notes
    errors = found["by_regressor_mse", "friedman", "published"]
    assert text(errors, "(before)", "tabpfn") == "–"


@pytest.mark.parametrize("kind", ["by_regressor", "by_regressor_mse"])
def test_what_to_know_of_a_dataset_stands_beside_its_errors(kind: str) -> None:
    long = make({"dataset": "iot", "note": "One row holds 60 % of the variance."}, {"note": ""})
    found = tables_of(long)
    note = "iot: One row holds 60 % of the variance."
    assert note in found[kind, "iot", "published"].notes
    assert note not in found[kind, "friedman", "published"].notes
