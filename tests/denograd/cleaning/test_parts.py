"""Parquet refined in parts: as it would be in memory, and in little of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import denograd
from denograd.cleaning.changes import Changes
from denograd.cleaning.engine import Engine
from tests.denograd.cleaning.toys import NOISE, clean, page_tables, refusal, table

pa = pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, an optional package")
pq = pytest.importorskip("pyarrow.parquet")
parquet = pytest.importorskip("denograd.cleaning.files.parquet")

SAMPLE = ("--target", "price", "--sample", 200, *NOISE)


def large(n_rows: int = 1000) -> pd.DataFrame:
    frame = table(n_rows).drop(columns=["label", "day"])
    return frame.assign(
        a=frame["a"].astype("float32"), kind=pd.Categorical(["x", "y"] * (n_rows // 2))
    )


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_AT_ONCE", 70)


@pytest.mark.parametrize("options", [[], ["--round-integers", "--columns", "a,b,rooms"]])
def test_is_what_it_would_be_in_memory(options: list[str]) -> None:
    frame = large()
    frame.to_parquet("x.parquet", row_group_size=300)
    assert clean("x.parquet", *SAMPLE, *options, "--report", "r.csv") == 0
    found = pd.read_parquet("x.cleaned.parquet")
    named = {"columns": ["a", "b", "rooms"], "round_integers": True} if options else {}
    whole = denograd.clean(frame, "price", noise=0.1, sample=200, **named)
    pd.testing.assert_frame_equal(found, whole.frame, rtol=1e-6, atol=1e-7)
    groups = pq.ParquetFile("x.cleaned.parquet").metadata
    assert [groups.row_group(i).num_rows for i in range(4)] == [300, 300, 300, 100]
    listed, expected = pd.read_csv("r.csv"), whole.changes.to_frame()
    assert list(listed["row"] - 1) == list(expected["row"])
    np.testing.assert_allclose(listed["change"], expected["change"], rtol=1e-4, atol=1e-6)


def test_what_is_told_is_of_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    frame = large()
    frame.loc[900, "price"] = 1000.0
    frame.to_parquet("x.parquet")
    whole = denograd.clean(frame, "price", noise=0.1, sample=200)
    assert clean("x.parquet", *SAMPLE[:-1], "--report", "page.html") == 0
    out = capsys.readouterr().out
    assert "1,000 rows, 200 learnt from, 4 of 7 columns refined" in out
    assert f"moved: {whole.tally.n_moved:,} of 1,000 rows" in out
    _, (_, *top) = page_tables(Path("page.html").read_text())
    assert [int(line[0]) - 1 for line in top] == list(whole.tally.top["row"])


def test_rows_with_gaps_are_found_wherever_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    frame = large()
    unseen = np.setdiff1d(np.arange(1000), np.random.default_rng(0).choice(1000, 200, False))
    frame.loc[unseen[[5, 300]], "b"] = np.nan
    frame.to_parquet("x.parquet")
    said = refusal(capsys, "clean", "x.parquet", *map(str, SAMPLE))
    assert f"missing values in 'b' (1 of 70, first on row {unseen[5] + 1}): fill them" in said
    assert clean("x.parquet", *SAMPLE, "--drop-missing") == 0
    found = pd.read_parquet("x.cleaned.parquet")
    assert list(found["number"]) == list(frame["number"].drop(unseen[[5, 300]]))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--sample 1", "'1' is not a number of rows, at least 2"),
        ("--sample 50 --series", "--sample is for a table"),
        ("--sample 50 --method published --cv 3", "--cv has no fold for rows"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], options: str, reason: str) -> None:
    large(60).to_parquet("x.parquet")
    assert reason in refusal(capsys, "clean", "x.parquet", "--target", "price", *options.split())


def test_no_more_than_a_row_group_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    n_rows, n_columns, n_groups = 200_000, 50, 20
    rng, schema = np.random.default_rng(0), pa.schema([(f"c{j}", "f8") for j in range(n_columns)])
    with pq.ParquetWriter("x.parquet", schema) as writer:
        for _ in range(n_groups):
            columns = rng.normal(size=(n_columns, n_rows // n_groups))
            writer.write_table(pa.table(list(columns + columns[0]), schema=schema))
    held = []

    def refine(self: Engine, part: parquet.ParquetTable) -> tuple[parquet.ParquetTable, Changes]:
        held.append(pa.total_allocated_bytes())
        return part, self.changes

    monkeypatch.setattr(parquet, "_ROWS_AT_ONCE", 5000)
    monkeypatch.setattr(Engine, "refine", refine)
    before = pa.total_allocated_bytes()
    options = ["--target", "c0", "--sample", "300", "--columns", "c1", *NOISE]
    assert clean("x.parquet", *options) == 0
    assert len(held) == 2 * n_groups
    assert pq.ParquetFile("x.cleaned.parquet").metadata.num_rows == n_rows
    assert max(held) - before < 0.5 * 8 * n_rows * n_columns
