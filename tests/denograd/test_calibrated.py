"""The denoiser whose step the noise dictates, as its users see it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from denograd import CalibratedDenoiser


def series(n: int = 400, sd: float = 0.3) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    t, rng = np.arange(n), np.random.default_rng(3)
    clean = np.column_stack([20 + 5 * np.sin(t / 9), np.cos(t / 13), 1e4 + t])
    noisy = clean + sd * clean.std(axis=0) * rng.normal(size=clean.shape)
    X = pd.DataFrame(noisy, columns=["temp", "wind", "count"])
    return X, X["temp"].copy(), clean


def table(n: int = 300, sd: float = 0.3) -> tuple[pd.DataFrame, pd.Series, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    factors = rng.normal(size=(n, 2))
    X = np.column_stack([factors, factors @ [1.0, 1.0], factors @ [1.0, -1.0]])
    y = X[:, 2] + np.sin(X[:, 0])
    noisy = X + sd * X.std(axis=0) * rng.normal(size=X.shape)
    frame = pd.DataFrame(noisy, columns=list("abcd")).assign(kind=np.arange(n) % 3)
    return frame, pd.Series(y + sd * y.std() * rng.normal(size=n), name="price"), X, y


def recovery(refined: Any, noisy: Any, clean: Any) -> float:
    return 1 - np.linalg.norm(refined - clean) / np.linalg.norm(noisy - clean)


@pytest.mark.parametrize("noise", [None, 0.3, (1.0, 1.0)])
def test_a_series_comes_nearer_to_its_clean_values(noise: Any) -> None:
    X, y, clean = series()
    denoiser = CalibratedDenoiser(noise, domain="series")
    refined, target = denoiser.fit_resample(X, y)
    assert recovery(refined["temp"], X["temp"], clean[:, 0]) > 0.3
    pd.testing.assert_series_equal(target, refined["temp"])
    assert denoiser.noise_.source == ("estimated" if noise is None else "given")
    assert denoiser.weights_.shape == (400, 4)
    assert denoiser.prediction_error_.shape == (4,)


def test_a_table_of_known_noise_comes_nearer_and_a_column_of_few_values_stays() -> None:
    X, y, clean, clean_y = table()
    denoiser = CalibratedDenoiser(0.3, random_state=0)
    refined, target = denoiser.fit_resample(X, y)
    assert recovery(refined[list("abcd")], X[list("abcd")], clean) > 0.1
    assert recovery(target, y, clean_y) > 0.1
    pd.testing.assert_series_equal(refined["kind"], X["kind"].astype(float))
    assert denoiser.noise_.X[4] == 0.0
    assert denoiser.weights_.shape == (300, 6)


def test_a_table_of_unknown_noise_stays_and_its_bounds_are_told() -> None:
    X, y, *_ = table()
    denoiser = CalibratedDenoiser(random_state=0)
    refined, target = denoiser.fit_resample(X, y)
    np.testing.assert_array_equal(refined, X)
    np.testing.assert_array_equal(target, y)
    assert denoiser.noise_.source == "unknown"
    assert 0.0 < denoiser.bounds_.y < 2.0 * 0.3 * y.std()
    # Columns that follow from each other: their noise can be told.
    assert (denoiser.bounds_.X[:4] < 0.9 * X.std().to_numpy()[:4]).all()


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_without_noise_the_data_come_back_bit_for_bit(domain: str) -> None:
    X, y = series()[:2] if domain == "series" else table()[:2]
    X = X.astype(float)
    denoiser = CalibratedDenoiser(0, domain=domain, random_state=0)
    refined, target = denoiser.fit_resample(X, y)
    pd.testing.assert_frame_equal(refined, X, check_exact=True)
    pd.testing.assert_series_equal(target, y, check_exact=True)
    others, _ = denoiser.denoise(X.iloc[:80], y.iloc[:80])
    pd.testing.assert_frame_equal(others, X.iloc[:80], check_exact=True)


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_units_do_not_matter(domain: str) -> None:
    X, y = series()[:2] if domain == "series" else table()[:2]
    units = 10.0 ** np.arange(-6, -6 + 3 * X.shape[1], 3)
    unit = units[0] if domain == "series" else 1e-5
    denoiser = CalibratedDenoiser(0.2, domain=domain, random_state=0)
    refined, target = clone(denoiser).fit_resample(X, y)
    other, other_target = clone(denoiser).fit_resample(X * units, y * unit)
    np.testing.assert_allclose((other / units).sub(refined) / X.std(), 0.0, atol=1e-6)
    np.testing.assert_allclose((other_target / unit - target) / y.std(), 0.0, atol=1e-6)


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_rows_that_it_has_not_seen_are_refined_too(domain: str) -> None:
    if domain == "series":
        X, y, clean = series(800)
        clean_y = clean[:, 0]
    else:
        X, y, _, clean_y = table(800)
    denoiser = CalibratedDenoiser(0.3, domain=domain, random_state=0)
    denoiser.fit(X.iloc[:500], y.iloc[:500])
    _, target = denoiser.denoise(X.iloc[500:], y.iloc[500:])
    assert recovery(target, y.iloc[500:], clean_y[500:]) > 0.1


def test_a_single_step_is_refined_too() -> None:
    X, y, _ = series()
    denoiser = CalibratedDenoiser(domain="series").fit(X, y)
    refined, target = denoiser.denoise(X.iloc[:1], y.iloc[:1])
    assert np.isfinite(refined).all(axis=None)
    assert target.iloc[0] == refined["temp"].iloc[0]


def test_gross_errors_are_replaced_only_where_asked_for() -> None:
    X, _, clean = series(800, sd=0.02)
    spoilt = X["temp"].to_numpy().copy()
    spoilt[::37] += 40.0
    X["temp"] = spoilt
    kept, mended = (
        CalibratedDenoiser(gross_errors=gross, domain="series").fit_resample(X, X["temp"])[1]
        for gross in (False, True)
    )
    assert recovery(mended, spoilt, clean[:, 0]) > 0.8
    assert recovery(kept, spoilt, clean[:, 0]) < 0.3


@pytest.mark.parametrize(
    ("noise", "domain", "message"),
    [
        (-0.1, "tabular", "noise has to be a finite number of at least 0"),
        ("10%", "tabular", "noise has to be a finite number"),
        ((1.0, 2.0, 3.0), "tabular", r"a pair \(X, y\), got 3 values"),
        ([0.1, 0.2], "tabular", "noise has 2 values, but X has 5 columns"),
        (
            {"a": 1.0, "rooms": 2.0},
            "tabular",
            "names 'rooms', but the columns and the target are 'a', 'b', ",
        ),
        (1e101, "series", "has to be a finite number of at least 0 and below 1e\\+100"),
        ({"a": np.nan}, "tabular", "the noise of a has to be a finite number"),
        ({"temp": 1.0, "price": 2.0}, "series", "names 'price'"),
        (([1.0, 0.0, 0.0], 2.0), "series", "noise is 1 in column 0 of X and 2 in the target"),
    ],
)
def test_a_noise_that_cannot_be_is_refused(noise: Any, domain: str, message: str) -> None:
    X, y = series()[:2] if domain == "series" else table()[:2]
    with pytest.raises(ValueError, match=message):
        CalibratedDenoiser(noise, domain=domain).fit(X, y)


def test_noise_by_name_is_in_the_units_of_the_data() -> None:
    X, y, *_ = table()
    denoiser = CalibratedDenoiser({"a": 0.2, "kind": 0.5, "price": 0.4}, random_state=0).fit(X, y)
    np.testing.assert_array_equal(denoiser.noise_.X, [0.2, 0.0, 0.0, 0.0, 0.5])
    assert denoiser.noise_.y == 0.4
    tied = CalibratedDenoiser({"temp": 2.0}, domain="series").fit(*series()[:2])
    assert tied.noise_.y == 2.0
    assert list(tied.noise_.X) == [2.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("columns", "noise"),
    [
        ([2, 0, 1], {0: 2.0}),
        (["a", 0, ("b", 1)], {0: 2.0}),
        (["a", "b", "c"], pd.Series({"b": 2.0})),
        (["a", "b", "c"], (pd.Series({"b": 2.0}), 0.0)),
        (["a", "b", "c"], pd.Series([0.0, 2.0, 0.0])),
    ],
)
def test_noise_by_name_is_that_of_the_column_called_so(columns: list[Any], noise: Any) -> None:
    X, y, _ = series()
    X.columns = pd.Index(columns, tupleize_cols=False)
    denoiser = CalibratedDenoiser(noise, domain="series").fit(X, y)
    assert list(denoiser.noise_.X) == [0.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("columns", "target"), [("aab", "y"), ("abc", "a"), ("aab", "a")], ids=["X", "y", "both"]
)
def test_a_name_of_several_columns_tells_no_noise(columns: str, target: str) -> None:
    X, y, *_ = table(30)
    X = X[list("abc")].set_axis(list(columns), axis=1)
    with pytest.raises(ValueError, match=r"names 'a', but [23] of the columns and the target are"):
        CalibratedDenoiser({"a": 1.0}, random_state=0).fit(X, y.rename(target))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"random_state": -1}, "random_state has to be an integer of at least 0, got -1"),
        ({"domain": "image"}, "domain has to be one of 'tabular', 'series'"),
        ({"combine": "sum"}, "combine has to be one of"),
        ({"gross_errors": True}, "gross_errors are looked for in a series alone"),
        ({"half_windows": 3}, r"half_windows has to be a sequence, such as \(3,\), got 3"),
        ({"half_windows": ()}, "half_windows has to name at least one"),
        ({"half_windows": (0,)}, "half_windows has to be an integer of at least 1"),
        ({"domain": "series"}, "70 steps is too short: at least 71"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any], message: str) -> None:
    X, y, _ = series(70)
    with pytest.raises(ValueError, match=message):
        CalibratedDenoiser(**parameters).fit(X, y)


@pytest.mark.parametrize(
    ("domain", "noise"), [("tabular", None), ("tabular", 0.2), ("series", None)]
)
def test_a_target_refined_for_training_comes_nearer(domain: str, noise: float | None) -> None:
    if domain == "series":
        X, y, clean = series()
        clean_y = clean[:, 0]
    else:
        X, y, _, clean_y = table()
    before = X.copy()
    target = CalibratedDenoiser(noise, domain=domain, random_state=0).refine_target(X, y)
    assert isinstance(target, pd.Series)
    assert recovery(target, y, clean_y) > 0.05
    pd.testing.assert_frame_equal(X, before)
