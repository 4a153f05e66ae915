"""What refined values may be, rows that are dropped, and what is told without being done."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd.cleaning.engine import Engine
from denograd.cleaning.limits import Limits
from tests.denograd.cleaning.toys import PUBLISHED, SHORT, cells, clean, refusal, series, table

FAR = [*PUBLISHED, "--nrr", "0.5", "--threshold", "0", "--epochs", "40", "--iterations", "8"]
FAR += ["--device", "cpu"]
"""Steps that are too large, so that values leave every bound."""


def wide() -> pd.DataFrame:
    """The usual table with a price that its rooms decide, and nothing below zero in a column."""
    frame = table()
    frame["price"] += 5 * frame["rooms"] - 20
    frame["a"] = (frame["a"] - frame["a"].median()).clip(lower=0)
    return frame


def test_limits_by_hand() -> None:
    before = pd.DataFrame({"y": [1.0, -2.0], "n": [0.0, 4.0], "age": [5.0, 6.0]})
    limits = Limits.of(before, {"age": (4.5, 6.5)}, {"n", "age"})
    assert limits.positive == ("n",)
    refined = pd.DataFrame({"y": [-9.5, 9.5], "n": [-0.6, 3.6], "age": [0.0, 9.0]})
    after, held = limits.applied(refined)
    assert after.to_dict("list") == {"y": [-9.5, 9.5], "n": [0, 4], "age": [5, 6]}
    assert held == {"n": 1, "age": 2}


@pytest.mark.parametrize(
    ("bounds", "words"),
    [((0.0, np.inf), "0 or more"), ((-np.inf, 2.5), "2.5 or less"), ((1.0, 20.0), "1 to 20")],
)
def test_bounds_in_words(bounds: tuple[float, float], words: str) -> None:
    assert Limits({"a": bounds}).described("a") == words


def test_counts_stay_counts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = wide()
    frame.to_csv(data, index=False)
    bounds = ["--bounds", "rooms=2:7", "--bounds", "b=:0.5", "--round-integers"]
    assert clean(data, "--target", "price", *bounds, *FAR) == 0
    after = pd.read_csv("data.cleaned.csv")
    assert after["a"].min() == 0
    assert after["price"].min() < 0
    assert after["b"].max() == 0.5
    assert after["rooms"].dtype == "int64"
    assert (after["rooms"] != frame["rooms"].clip(2, 7)).any()
    assert (after["rooms"].min(), after["rooms"].max()) == (2, 7)
    assert all(cell.isdigit() for cell in cells(Path("data.cleaned.csv"))["rooms"])
    out = capsys.readouterr().out
    assert "kept within bounds: 'rooms' at 2 to 7, 'b' at 0.5 or less" in out
    assert "kept at 0 or more, as all they hold is: 'a'\n" in out
    assert "held at a bound: 'a' (" in out
    assert "integers became decimals" not in out


def test_integers_of_parquet_stay_such(data: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow, an optional package")
    wide().astype({"rooms": "int8"}).to_parquet("x.parquet")
    assert clean("x.parquet", "--target", "price", "--round-integers", *FAR, "--quiet") == 0
    before, after = pq.read_table("x.parquet"), pq.read_table("x.cleaned.parquet")
    assert after["rooms"].type == before["rooms"].type
    assert after["rooms"] != before["rooms"]


def test_bounds_may_be_lifted(data: Path) -> None:
    wide().to_csv(data, index=False)
    assert clean(data, "--target", "price", "--bounds", "a=:", *FAR, "--quiet") == 0
    assert pd.read_csv("data.cleaned.csv")["a"].min() < 0


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ("label=0:1", "--bounds: the column 'label' is not refined"),
        ("prize=0:1", "there is no column 'prize': did you mean 'price'?"),
        ("price=0:1", "--bounds: the column 'price' is not refined"),
        ("a=5", "'a=5' is not like age=0:120, age=0: or age=:120"),
        ("a=2:1", "'a=2:1' is not like age=0:120"),
        ("a=x:1", "'a=x:1' is not like age=0:120"),
        ("0:1", "'0:1' is not like age=0:120"),
    ],
)
def test_wrong_bounds(
    data: Path, capsys: pytest.CaptureFixture[str], bounds: str, reason: str
) -> None:
    given = ["--target", "price", "--keep-target", "--bounds", bounds]
    assert reason in refusal(capsys, "clean", "data.csv", *given)


def test_rows_that_lack_a_number_are_dropped(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table()
    frame.loc[[3, 50], "a"] = np.nan
    frame.loc[50, "price"] = np.inf
    frame.loc[119, "b"] = np.nan
    frame.loc[7, "label"] = ""
    frame.to_csv(data, index=False)
    report = ["--report", "changes.csv", *SHORT[:-1]]
    assert clean(data, "--target", "price", "--drop-missing", *report) == 0
    out = capsys.readouterr().out
    assert "data.csv: 117 rows, 4 of 8 columns refined\n  3 of 120 rows dropped: " in out
    assert "'a' (2 of 120, first on line 5)" in out
    before, after = cells(data), cells(Path("data.cleaned.csv"))
    kept = [row for row in range(120) if row not in (3, 50, 119)]
    assert after["number"] == [before["number"][row] for row in kept]
    changes = pd.read_csv("changes.csv")
    moved = changes[changes["column"] == "a"].set_index("row")
    np.testing.assert_allclose(moved["before"], frame["a"].to_numpy()[moved.index - 1])
    assert {4, 51, 120}.isdisjoint(changes["row"])
    assert 119 in set(changes["row"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("y,a\n1,\n2,\n3,5.5\n,6.5\n,7.5\n", "too few rows are complete (1), so --exclude columns"),
        ("y,a\n1,.5\n1,.7\n2,\n,.9\n", "the column 'y' is constant in the rows that are complete"),
        ("y,a\n1,.5\n2,.5\n3,\n,.7\n,.9\n", "'y' is the only column of numbers"),
    ],
)
def test_too_much_is_dropped(
    data: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    data.write_text(text)
    assert reason in refusal(capsys, "clean", data, "--target", "y", "--drop-missing")


def test_parquet_rows_are_dropped(data: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, an optional package")
    frame = table()
    frame.loc[[3, 50], "a"] = np.nan
    frame.to_parquet("x.parquet")
    assert clean("x.parquet", "--target", "price", "--drop-missing", *SHORT) == 0
    after = pd.read_parquet("x.cleaned.parquet")
    assert list(after["number"]) == list(frame["number"].drop([3, 50]))


def test_dry_run_tells_and_writes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "learn", None)
    before = sorted(Path().iterdir())
    dry = ["--plot", "p.png", "--drop-missing", "--dry-run", *PUBLISHED]
    assert clean("data.csv", "--target", "price", *dry) == 0
    out = capsys.readouterr().out
    assert out.startswith("data.csv: 120 rows, 4 of 8 columns refined\n")
    assert "left as it is: 'number', counts in equal steps, as row numbers do" in out
    assert "kept at 0 or more, as all they hold is: 'rooms'" in out
    assert "refined table, not written (--dry-run): data.cleaned.csv" in out
    assert "picture, not written (--dry-run): p.png" in out
    assert sorted(Path().iterdir()) == before
    refusal(capsys, "clean", "data.csv", "--target", "price", "--nrr", "0", *dry)


def test_a_series_loses_rows_too(data: Path) -> None:
    frame = series()
    frame.loc[40, "humidity"] = np.nan
    frame.to_csv(data, index=False)
    given = ["--series", "--window", "8", "--backbone", "mlp", "--drop-missing", *SHORT]
    assert clean(data, "--target", "temperature", *given) == 0
    assert list(pd.read_csv("data.cleaned.csv")["day"]) == list(frame["day"].drop(40))
