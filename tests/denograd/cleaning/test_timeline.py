"""Times of a series: found in a file, and told where they do not go on in equal steps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd.cleaning import files
from denograd.cleaning.timeline import irregular, time_column
from tests.denograd.cleaning.toys import SHORT, clean, series


def read(frame: pd.DataFrame) -> files.SourceTable:
    frame.to_csv("x.csv", index=False)
    return files.read_table(Path("x.csv"))


DAYS = pd.Series(pd.date_range("2024-01-10", periods=30))
HOURS = pd.Series(pd.date_range("2024-01-20", periods=30, freq="h"))
WRITTEN = {
    "ISO": (DAYS, {"t": DAYS.dt.strftime("%Y-%m-%d")}),
    "with a zone": (HOURS, {"t": HOURS.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")}),
    "month first": (DAYS, {"t": DAYS.dt.strftime("%m/%d/%Y")}),
    "day first": (DAYS, {"t": DAYS.dt.strftime("%d.%m.%Y")}),
    "told by order": (DAYS[[0, 1, 22]], {"t": ["10/01/2024", "11/01/2024", "01/02/2024"]}),
    "number": (DAYS, {"t": DAYS.dt.strftime("%Y%m%d").astype(int)}),
    "Unix": (HOURS, {"t": HOURS.astype("int64") // 10 ** (9 if "ns" in str(HOURS.dtype) else 6)}),
    "date and clock": (
        HOURS,
        {"d": HOURS.dt.strftime("%d/%m/%Y"), "a": 0.5, "t": HOURS.dt.strftime("%H.%M.%S")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("times", "columns"), WRITTEN.values(), ids=WRITTEN)
def test_times_are_found(
    times: pd.Series, columns: dict[str, object], recwarn: pytest.WarningsRecorder
) -> None:
    table = read(pd.DataFrame({"text": "x", **columns}, index=times.index))
    found = time_column(table, table.names)
    assert found is not None
    assert len(recwarn) == 0
    assert list(found) == list(times)
    assert found.name == ("d t" if "d" in columns else "t")


@pytest.mark.parametrize(
    "values", [["10/01/2024", "11/01/2024"], ["2024-01-01", "", "2024-01-02"], ["x", "y"]]
)
def test_no_times(values: list[str]) -> None:
    table = read(pd.DataFrame({"t": values, "a": 0.5}))
    assert time_column(table, table.names) is None


def steps(*hours: float) -> list[str]:
    times = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.array(hours), "h"), name="t")
    return list(irregular(read(pd.DataFrame({"t": times})), times))


def test_equal_steps_are_nothing_to_tell() -> None:
    assert steps(0, 1, 2, 3, 4) == []
    months = pd.Series(pd.date_range("2024-01-31", periods=24, freq="ME"), name="t")
    assert list(irregular(read(pd.DataFrame({"t": months})), months)) == []


def test_gaps_repeated_and_falling_times_are_told_with_their_rows() -> None:
    back, same, gaps = steps(0, 1, 2, 5, 6, 6, 7, 3, 4, 5, 9)
    assert back.startswith("'t' goes back on line 9: ")
    assert same == "'t' is the same as in the row before on line 7"
    assert gaps.startswith("'t' has gaps before line 5, line 12: its steps are 1:00:00 else")
    (many,) = steps(*np.cumsum([1, 3, 1, 1] * 8))
    assert "before line 3, line 7, line 11, line 15, line 19 and 3 more" in many
    (uneven,) = steps(0, 1, 11, 12, 50, 150)
    assert uneven.startswith("'t' goes on in steps of 1:00:00 to 4 days, 4:00:00")


def test_the_summary_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    frame = series().drop([30, 31]).reset_index(drop=True)
    frame.loc[50, "day"] = frame.loc[49, "day"]
    frame.to_csv("x.csv", index=False)
    given = ["--series", "--window", "8", "--backbone", "mlp", *SHORT]
    assert clean("x.csv", "--target", "temperature", *given[:-1]) == 0
    out, err = capsys.readouterr()
    for told in (
        "'day' is the same as in the row before on line 52",
        "'day' has gaps before line 32, line 53: its steps are 1 day else",
    ):
        assert f"  {told}" in out
        assert f"denograd: note: {told}" in err
    series()[::-1].to_csv("x.csv", index=False)
    assert clean("x.csv", "--target", "temperature", "--force", *given) == 0
    said = capsys.readouterr().err
    assert "'day' goes back on line 3, line 4, line 5, line 6, line 7 and 84 more" in said


def test_dropped_rows_are_gaps(capsys: pytest.CaptureFixture[str]) -> None:
    frame = series()
    frame.loc[40, "humidity"] = np.nan
    frame.to_csv("x.csv", index=False)
    given = ["--series", "--window", "8", "--drop-missing", "--dry-run", *SHORT]
    assert clean("x.csv", "--target", "temperature", *given) == 0
    assert "'day' has gaps before line 43" in capsys.readouterr().out
