"""Which columns of a file are refined, and which are left alone unless they are asked for."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.denograd.cleaning.toys import SHORT, cells, clean, refusal, table

VERBOSE = SHORT[:-1]


@pytest.fixture
def keys(data: Path) -> Path:
    """The usual table with columns that hold no measurements beside it."""
    rng = np.random.default_rng(2)
    frame = table().drop(columns=["number", "label", "day", "fixed"])
    n = len(frame)
    frame["id"] = rng.integers(10**9, 10**10, n)
    frame["post"] = [f"{i:05d}" for i in rng.integers(1000, 99999, n)]
    frame["key"] = 10**18 + rng.integers(0, 10**9, n)
    frame["sold"] = 20240101 + rng.integers(0, 28, n)
    frame["subject#"] = np.arange(n) // 4 * 3
    frame["flag"] = (frame["a"] > 0).astype(int)
    frame["kind"] = rng.integers(0, 4, n)
    frame.to_csv(data, index=False)
    return data


REASONS = {
    "id": "integers that are all different, as identifiers are",
    "post": "numbers with leading zeros ('0",
    "key": "integers of 2^53 and more, which no float holds exactly",
    "sold": "dates written as numbers",
    "subject#": "integers, and an identifier or a code by its name",
    "flag": "holds only 0 and 1, as a flag does",
    "kind": "integers of only 4 values, as codes have",
}


def test_what_is_no_measurement_is_left_alone_with_the_reason(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(keys, "--target", "price", *VERBOSE) == 0
    before, after = cells(keys), cells(keys.with_name("data.cleaned.csv"))
    assert {name for name in before if before[name] != after[name]} == {"a", "b", "price", "rooms"}
    said = capsys.readouterr().out
    for name, reason in REASONS.items():
        assert f"left as it is: {name!r}, {reason}" in said
    assert "name every column to refine in --columns" in said


def test_parquet_likewise(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, an optional package")
    frame = pd.read_csv(keys, dtype={"post": str})
    frame.to_parquet("x.parquet")
    assert clean("x.parquet", "--target", "price", *VERBOSE) == 0
    said = capsys.readouterr().out
    for name, reason in REASONS.items():
        assert name == "post" or f"left as it is: {name!r}, {reason}" in said
    after = pd.read_parquet("x.cleaned.parquet")
    left = [name for name in REASONS if name != "post"]
    pd.testing.assert_frame_equal(after[left], frame[left])


def test_what_is_asked_for_is_refined(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--columns", "a,id,kind", *VERBOSE]
    assert clean(keys, "--target", "price", *asked) == 0
    before, after = cells(keys), cells(keys.with_name("data.cleaned.csv"))
    assert {n for n in before if before[n] != after[n]} == {"a", "id", "kind", "price"}
    assert "left as it is: 'flag', not asked for" in capsys.readouterr().out


def test_the_target_is_refined_whatever_it_looks_like(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(keys, "--target", "kind", *SHORT) == 0
    said = capsys.readouterr().err
    assert "note: the target 'kind' is refined as asked, but looks like no measurement: " in said
    assert "integers of only 4 values, as codes have" in said
    assert cells(keys)["kind"] != cells(keys.with_name("data.cleaned.csv"))["kind"]


def test_nothing_left_to_predict_from(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table()[["price", "number", "label"]].to_csv(data, index=False)
    said = refusal(capsys, "clean", data, "--target", "price")
    assert "--columns number insists on one that was left" in said
