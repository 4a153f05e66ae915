"""Identifiers, codes, flags and dates are told from measurements."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd.columns import as_dates, why_left_alone

RNG = np.random.default_rng(0)
DAYS = pd.date_range("2020-01-01", periods=200)

LEFT = {
    "leading zeros": ("a", ["01000", "10115", "80331"], "leading zeros ('01000')"),
    "19 digits": ("a", [str(10**18 + 7 * i * i) for i in range(50)], "2^53"),
    "in order": ("a", range(1, 60), "equal steps"),
    "downwards, with a gap": ("a", [*range(90, 50, -1), *range(40, 0, -1)], "equal steps"),
    "starting anew": ("a", [*range(24)] * 5, "equal steps"),
    "shuffled": ("a", RNG.permutation(500) + 1000, "all different"),
    "drawn": ("a", RNG.choice(10**10, 300, replace=False), "all different"),
    "two eras": ("a", [*RNG.permutation(99_999)[:90], *range(10**9, 10**9 + 10)], "all different"),
    "day": ("a", DAYS.strftime("%Y%m%d").astype(int), "dates"),
    "days of many rows": ("a", [20240101, 20240229, 20231231] * 20, "dates"),
    "month": ("a", DAYS.strftime("%Y%m").astype(int), "dates"),
    "minute": ("a", DAYS.strftime("%Y%m%d%H%M").astype(int), "dates"),
    "Unix": ("a", np.repeat(1_600_000_000 + np.cumsum(RNG.integers(1, 999, 60)), 2), "dates"),
    "milliseconds": ("a", (1.6e12 + np.cumsum(RNG.integers(1, 999, 60))).astype(int), "dates"),
    "classes": ("a", RNG.integers(0, 3, 100), "only 3 values"),
    "classes with a point": ("a", RNG.integers(0, 5, 100) * 1.0, "only 5 values"),
    "flag": ("a", [0, 1] * 20, "holds only 0 and 1"),
    "truth values": ("a", [True, False] * 20, "holds only 0 and 1"),
    "two levels": ("a", [2.5, 7.25] * 20, "holds only 2.5 and 7.25"),
    **{
        f"{name!r}": (name, RNG.integers(1, 90, 300), "by its name")
        for name in ("id", "subject#", "CustomerID", "zip", "zipcode", "area_code", "id.orig_p")
    },
    "age group": ("age group", RNG.integers(1, 20, 300), "a class by its name"),
    "year": ("yr_built", RNG.integers(1900, 2020, 300), "a part of a date by its name"),
    "day of the month": ("day", RNG.integers(1, 31, 300), "a part of a date by its name"),
}  # fmt: skip
REFINED = {
    "measured": ("a", RNG.normal(size=100)),
    "measured, with an identifier's name": ("id", RNG.normal(size=100)),
    "whole, but written with a point": ("a", np.round(1000 * RNG.normal(size=100))),
    "count": ("a", RNG.poisson(4, 500)),
    "small count": ("flag_count", RNG.poisson(0.5, 500)),
    "rooms": ("#rooms", RNG.integers(1, 9, 300)),
    "size of a group": ("group size", RNG.integers(1, 20, 300)),
    "age": ("age", RNG.integers(15, 23, 300)),
    "years of work": ("years", RNG.integers(0, 40, 300)),
    "days in hospital": ("hday", RNG.integers(1, 40, 300)),
    "degrees": ("temperature", RNG.integers(-10, 30, 300)),
    "in order of size": ("age", np.sort(RNG.integers(15, 80, 300))),
    "sold, all different": ("Volume", np.round(np.exp(RNG.normal(17, 0.5, 800))).astype(int)),
    "few of few": ("a", [1, 2, 3, 2, 1, 5, 3, 2]),
    "without a value": ("a", [np.nan, np.nan]),
}


@pytest.mark.parametrize(("name", "values", "reason"), LEFT.values(), ids=LEFT)
def test_left_alone(name: str, values: object, reason: str) -> None:
    column = pd.Series(values, name=name)
    if pd.api.types.is_numeric_dtype(column) and "zeros" not in reason:
        assert reason in (why_left_alone(column) or "")
        assert reason in (why_left_alone(column.convert_dtypes()) or "")
    if not pd.api.types.is_bool_dtype(column):
        texts = column.astype(str)
        assert reason in (why_left_alone(pd.to_numeric(texts).astype(float), list(texts)) or "")


@pytest.mark.parametrize(("name", "values"), REFINED.values(), ids=REFINED)
def test_refined(name: str, values: object) -> None:
    column = pd.Series(values, name=name)
    assert why_left_alone(column) is None
    assert why_left_alone(column, [str(value) for value in column]) is None


def test_missing_and_infinite_values_are_passed_over() -> None:
    numbers = pd.Series([1.0, np.nan, 2.0, 3.0, np.inf, 4.0, 6.0, 5.0], name="a")
    assert why_left_alone(numbers) is None
    texts = ["1", "", "2", "3", "inf", "4", "6", "5"]
    assert why_left_alone(numbers, texts) == "integers that are all different, as identifiers are"
    assert "only 3 values" in (why_left_alone(pd.Series([1, 2, pd.NA, 3] * 9, dtype="Int8")) or "")


def test_dates_are_read() -> None:
    days = as_dates(np.array([20240229.0, 20231231.0]))
    assert days is not None
    assert list(days.astype(str)) == ["2024-02-29", "2023-12-31"]
    assert as_dates(np.array([20240230.0])) is None
    unix = as_dates(np.array([1.6e9, 1.6e9 + 60]))
    assert unix is not None
    assert unix[0] == pd.Timestamp("2020-09-13 12:26:40")
    assert as_dates(np.array([1.6e9, 1.7e9, 1.5e9])) is None


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("path", "left"),
    {
        "house_prices/kc_house_data": "id waterfront view condition yr_built yr_renovated zipcode",
        "parkinsons/parkinsons_updrs.data": "subject# sex",
        "rt_iot2022/RT_IOT2022": "Unnamed:_0 id.orig_p id.resp_p fwd_URG_flag_count "
        "bwd_URG_flag_count",
        "support2/support2": "death hospdead diabetes dementia",
        "microsoft_stock/Microsoft_Stock": "",
        "wth/WTH": "",
        "ett/ETTh1": "",
        "daily_climate/DailyDelhiClimateTrain": "",
    }.items(),
)
def test_raw_files(path: str, left: str) -> None:
    """Nothing but identifiers, flags, ratings and years is left alone in them."""
    file = Path(os.environ.get("DENOGRAD_DATA", "")) / f"{path}.csv.gz"
    if not file.is_file():
        pytest.skip(f"DENOGRAD_DATA names no folder with {path}.csv.gz")
    frame = pd.read_csv(file, low_memory=False).select_dtypes("number")
    found = [name.replace(" ", "_") for name in frame if why_left_alone(frame[name])]
    assert found == left.split()
