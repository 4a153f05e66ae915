"""Parquet files: what is not refined is the same to the last bit of its metadata."""

import json
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.denograd.cleaning.toys import SHORT, clean, refusal, table

pa = pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, an optional package")
pq = pytest.importorskip("pyarrow.parquet")
parquet = pytest.importorskip("denograd.cleaning.files.parquet")

N = 60
TWO = Decimal("2.12")


def rich() -> pa.Table:
    """Three columns to refine among every type that pandas would not give back as it is."""
    frame = table(N)
    tags = [None if i % 7 == 0 else [(f"k{i}", i)] for i in range(N)]
    columns = {
        "id": pa.array([None if i == 5 else 2**60 + i for i in range(N)]),
        "cost": pa.array([Decimal(i) / 4 for i in range(N)], pa.decimal128(9, 2)),
        "tags": pa.array(tags, pa.map_(pa.string(), pa.int16())),
        "at": pa.array([datetime(2024, 1, 1)] * N, pa.timestamp("ms", "Europe/Berlin")),
        "gaps": pa.array([[1.5, None, float("nan")][i % 3] for i in range(N)]),
        "kind": pa.array(["a", None, "b"] * 20).dictionary_encode(),
        "small": pa.array([None, 1, 2] * 20, pa.int8()),
        "a": pa.array(frame["a"].astype("float32")),
        "price": pa.array(frame["price"]),
        "rooms": pa.array(frame["rooms"].astype("int16")),
    }
    fields = [
        pa.field(name, column.type, metadata={"unit": f"of {name}"})
        for name, column in columns.items()
    ]
    return pa.table(list(columns.values()), pa.schema(fields, metadata={"made": "by hand"}))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "x.parquet"


def test_what_is_left_never_passes_through_pandas(source: Path) -> None:
    before = rich()
    codecs = {name: "ZSTD" if name == "at" else "GZIP" for name in before.column_names}
    del codecs["tags"]
    codecs |= {f"tags.key_value.{part}": "NONE" for part in ("key", "value")}
    pq.write_table(before, source, compression=codecs, row_group_size=25)
    assert clean(source, "--target", "price", "--exclude", "cost,gaps", *SHORT) == 0
    result = source.with_name("x.cleaned.parquet")
    after, before = pq.read_table(result), pq.read_table(source)
    refined = ["a", "price", "rooms"]
    same = [*refined, "gaps"]
    assert after.drop(same).equals(before.drop(same), check_metadata=True)
    assert str(after["gaps"].to_pylist()) == str(before["gaps"].to_pylist())
    assert after.schema.field("price").equals(before.schema.field("price"), check_metadata=True)
    assert after["a"].type == pa.float32()
    assert after["rooms"].type == pa.float64()
    assert after.schema.field("rooms").metadata == {b"unit": b"of rooms"}
    assert all(after[name] != before[name] for name in refined)
    old, new = (pq.ParquetFile(path).metadata for path in (source, result))
    assert new.num_row_groups == old.num_row_groups == 3
    for i in range(old.num_columns):
        assert new.row_group(0).column(i).compression == old.row_group(0).column(i).compression


def test_decimals_are_refined_as_such(source: Path) -> None:
    before = rich()
    pq.write_table(before, source)
    assert clean(source, "--target", "price", "--columns", "cost", *SHORT) == 0
    after = pq.read_table(source.with_name("x.cleaned.parquet"))
    assert after["cost"].type == before["cost"].type
    change = np.abs(np.subtract(after["cost"].to_numpy(), before["cost"].to_numpy()))
    assert 0 < max(change) < 5


def test_index_and_types_of_pandas(source: Path) -> None:
    frame = table(N).set_index("label")
    frame["day"] = pd.to_datetime(frame["day"])
    frame["a"] = frame["a"].astype("float32")
    frame["flag"] = frame["b"] > 0
    frame["rooms"] = frame["rooms"].astype("Int16")
    frame.to_parquet(source)
    assert clean(source, "--target", "price", *SHORT) == 0
    after = pd.read_parquet("x.cleaned.parquet")
    assert list(after) == list(frame)
    moved = ["a", "price", "b", "rooms"]
    pd.testing.assert_frame_equal(after.drop(columns=moved), frame.drop(columns=moved))
    assert after["a"].dtype == "float32"
    assert after["rooms"].dtype == "float64"
    assert (after[moved] != frame[moved]).any().all()


def test_columns_as_numbers() -> None:
    columns = pa.table(
        {
            "i": pa.array([1, 2, 3], pa.int8()),
            "n": pa.array([1, None, 3]),
            "f": pa.array([1.5, 2.5, np.inf], pa.float32()),
            "flag": [True, False, True],
            "kind": pa.array(["a", None, "b"]).dictionary_encode(),
        }
    )
    source = parquet.ParquetTable(columns)
    found = {name: source.numbers(name) for name in source.names}
    assert [name for name, numbers in found.items() if numbers.whole] == ["i", "n"]
    assert found["n"].missing.tolist() == [1]
    assert found["f"].missing.tolist() == [2]
    assert found["flag"].unreadable.tolist() == [0, 1, 2]
    assert found["kind"].unreadable.tolist() == [0, 2]
    assert (source.sample("kind", 2), source.place(2)) == ("'b'", "row 3")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (pa.int8(), [1.0, 2.0, 200.0], (pa.int8(), [1, 2, 127])),
        (pa.int64(), [1.0, 2.0, 1e30], (pa.int64(), [1, 2, 2**63 - 1024])),
        (pa.uint8(), [1.0, 2.0, -5.0], (pa.uint8(), [1, 2, 0])),
        (pa.int8(), [1.0, 2.5, 3.0], (pa.float64(), [1.0, 2.5, 3.0])),
        (pa.float16(), [1.0, 2.5, 3.0], (pa.float16(), [1.0, 2.5, 3.0])),
        (pa.decimal128(3, 2), [1, 2.117, 99], (pa.decimal128(3, 2), [1, TWO, Decimal("9.99")])),
    ],
)  # fmt: skip
def test_types_of_refined_columns(
    kind: pa.DataType, values: list[float], expected: tuple[pa.DataType, list[object]]
) -> None:
    before = pa.table({"x": pa.array([1.0, 2.0, 3.0]).cast(kind)})
    after = parquet.ParquetTable(before).with_values({"x": np.array(values)}).table["x"]
    assert (after.type, after.to_pylist()) == expected


def test_cells_that_rest_are_not_rounded() -> None:
    large = [2**60 + 1, 2**60 + 3, 5]
    source = parquet.ParquetTable(pa.table({"x": large}))
    values = np.append(source.numbers("x").values[:2], 7.0)
    assert source.with_values({"x": values}).table["x"].to_pylist() == [*large[:2], 7]


def test_notes_of_pandas_tell_the_new_type_only() -> None:
    frame = pd.DataFrame({"n": pd.array([1, 2], dtype="Int64"), "m": [1, 2]})
    before = pa.Table.from_pandas(frame)
    after = parquet.ParquetTable(before).with_values({"n": np.array([1.0, 2.5])}).table
    old, new = (json.loads(t.schema.metadata[b"pandas"]) for t in (before, after))
    assert new["columns"][0]["numpy_type"] == "float64"
    new["columns"][0] = old["columns"][0]
    assert new == old


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (pa.table({"y": pa.array([], pa.float64())}), "x.parquet has no rows"),
        (pa.table([[1.0], [2.0]], names=["y", "y"]), "x.parquet has two columns 'y'"),
        (None, "x.parquet cannot be read as Parquet"),
    ],
)
def test_refusals(
    source: Path, capsys: pytest.CaptureFixture[str], columns: pa.Table | None, reason: str
) -> None:
    if columns is None:
        source.write_bytes(b"PAR1")
    else:
        pq.write_table(columns, source)
    assert reason in refusal(capsys, "clean", "x.parquet", "--target", "y")


def test_without_pyarrow(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "denograd.cleaning.files.parquet")
    source.write_bytes(b"PAR1")
    said = refusal(capsys, "clean", "x.parquet", "--target", "y")
    assert "pip install 'denograd-repro[parquet]'" in said
