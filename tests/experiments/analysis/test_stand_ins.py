"""Runs of a larger size in place of smaller ones."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from experiments.analysis.labels import labelled
from experiments.analysis.stand_ins import with_stand_ins
from experiments.words import MARK

KINDS = {"denograd": "method", "pca": "method", "identity": "control"}


def rows(
    profile: str,
    datasets: Sequence[str] = ("wine",),
    denoisers: Sequence[str] = tuple(KINDS),
    regressors: Sequence[str] = ("ridge", "knn"),
    **other: object,
) -> pd.DataFrame:
    """Scores of a profile, all in order."""
    fixed = {"profile": profile, "target": "as_is", "noise": "gaussian", "level": 0.1}
    fixed |= {"protocol": "published", "status": "ok", "seed": 0} | other
    return pd.DataFrame(
        [
            fixed | {"dataset": d, "denoiser": m, "kind": KINDS[m], "regressor": r}
            for d in datasets
            for m in denoisers
            for r in regressors
        ]
    )


def sizes(long: pd.DataFrame) -> dict[str, set[int]]:
    return {str(name): set(part["n_rows"]) for name, part in long.groupby("dataset")}


def test_a_complete_dataset_is_taken_from_the_larger_runs_and_the_others_stay():
    small = rows("cpu", ["wine", "rain"], n_rows=100)
    found = with_stand_ins(small, [rows("paper", ["wine", "snow"], n_rows=900)])
    assert sizes(found) == {"wine": {900}, "rain": {100}}
    assert set(found["profile"]) == {"paper or cpu"}
    assert len(found) == len(small)


def test_each_is_labelled_among_its_own():
    def sized(profile: str, datasets: Sequence[str], epochs: int, n_rows: int) -> pd.DataFrame:
        more = {"p_denoiser_epochs": epochs, "p_regressor_depth": epochs}
        sized = rows(profile, datasets, domain="tabular", n_rows=n_rows, n_columns=4, **more)
        return sized.assign(signal=sized["denoiser"].map({"pca": "yes"}) if epochs < 20 else None)

    long = labelled(
        with_stand_ins(sized("cpu", ["wine", "rain"], 15, 100), [sized("paper", ["wine"], 80, 900)])
    )
    # What is known at one size alone is said at both.
    assert set(long["denoiser"]) == {"denograd", f"pca{MARK}", "identity"}
    assert set(long["regressor"]) == {"ridge", "knn"}
    assert set(long["dataset"]) == {"wine (900 × 4)", "rain (100 × 4)"}
    assert set(long["own_profile"]) == {"paper", "cpu"}


def test_controls_may_lack_and_what_is_not_shown_stays_away():
    large = pd.concat(
        [
            rows("paper", denoisers=["denograd", "pca"], regressors=["ridge", "knn", "dnn"]),
            rows("paper", denoisers=["identity"], regressors=["ridge"]),
        ]
    )
    found = with_stand_ins(rows("cpu"), [large.assign(n_rows=900)])
    assert sizes(found) == {"wine": {900}}
    assert set(found["regressor"]) == {"ridge", "knn"}
    assert len(found) == 5


@pytest.mark.parametrize(
    "large",
    [
        rows("paper", regressors=["ridge"]),
        rows("paper", denoisers=["denograd", "identity"]),
        rows("paper", level=0.3),
        rows("paper", protocol="held_out"),
        rows("paper", status="failed"),
        rows("paper", ["rain"]),
        rows("paper")[:0],
    ],
)
def test_what_is_incomplete_stands_in_for_nothing(large: pd.DataFrame):
    small = rows("cpu")
    pd.testing.assert_frame_equal(with_stand_ins(small, [large]), small)


def test_what_was_skipped_need_not_be_there():
    skipped = rows("cpu", regressors=["tabpfn"], status="skipped")
    found = with_stand_ins(pd.concat([rows("cpu"), skipped]), [rows("paper", n_rows=900)])
    assert sizes(found) == {"wine": {900}}


def test_the_last_of_several_counts():
    larger = [rows("large", n_rows=8), rows("paper", n_rows=9)]
    found = with_stand_ins(rows("cpu"), larger)
    assert sizes(found) == {"wine": {9}}
    assert set(found["profile"]) == {"paper"}
