"""What holds for every dataset, found by discovery, and the synthetic ones in particular."""

import inspect

import numpy as np
import pandas as pd
import pytest

from experiments.datasets import discover
from experiments.datasets.base import DataTable, SyntheticDataset
from experiments.datasets.friedman import Friedman
from experiments.datasets.paraboloid import Paraboloid
from experiments.datasets.parkinsons import Parkinsons
from experiments.datasets.quartic import Quartic
from experiments.datasets.seasonal import Seasonal
from tests.support.discovery import lacks

DATASETS = discover()
SYNTHETIC = [name for name, cls in DATASETS.items() if issubclass(cls, SyntheticDataset)]


def test_all_datasets_of_the_benchmark_are_found():
    assert set(DATASETS) >= {
        "daily_climate", "ecl", "ett", "friedman", "house_prices", "lattice_physics",
        "microsoft_stock", "paraboloid", "parkinsons", "quartic", "rt_iot2022", "seasonal",
        "support2", "wth",
    }  # fmt: skip


@pytest.mark.parametrize("name", DATASETS)
def test_facts_are_there(name):
    dataset = DATASETS[name]()
    assert dataset.name == name
    assert dataset.domain in ("tabular", "series")
    for fact in (dataset.title, dataset.target, dataset.source, dataset.licence, dataset.__doc__):
        assert isinstance(fact, str)
        assert fact
    assert dataset.revision >= 1
    assert dataset.split == ("chronological" if dataset.domain == "series" else "random")
    assert all(size > 0 for size in dataset.shape)


@pytest.mark.parametrize("name", sorted(set(DATASETS) - set(SYNTHETIC)))
def test_raw_files_say_where_they_come_from(name):
    assert DATASETS[name].files
    for file in DATASETS[name].files:
        assert file.sha256 is None or (len(file.sha256) == 64 and int(file.sha256, 16))
        assert "https://" in file.how_to_get
        assert file.url is None or file.url.startswith("https://")
        assert (file.member is not None) == bool(file.url and file.url.endswith(".zip"))


def test_parkinsons_can_be_split_by_person():
    assert Parkinsons(split="grouped").split == "grouped"


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_data_are_always_the_same(name):
    first, second = DATASETS[name]().load(), DATASETS[name]().load()
    pd.testing.assert_frame_equal(first.X, second.X)
    pd.testing.assert_series_equal(first.y, second.y)
    assert first.shape == DATASETS[name]().shape
    assert first.domain == DATASETS[name].domain


def check_rows(cls):
    parameter = inspect.signature(cls).parameters.get("n")
    assert parameter is not None and isinstance(parameter.default, int), lacks(  # noqa: PT018
        cls,
        "the number of its rows",
        "`n: int = 1_000` into its constructor, and in its file in conf/",
    )


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_data_have_as_many_rows_as_wanted(name):
    check_rows(DATASETS[name])


def test_a_dataset_without_a_number_of_rows_is_told_so():
    class Newcomer(Friedman):
        def __init__(self, n_features: int = 10) -> None: ...

    with pytest.raises(AssertionError, match=r"test_datasets\.py: Newcomer lacks .*write `n: int"):
        check_rows(Newcomer)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_fingerprint_tells_parameters_apart(name):
    cls = DATASETS[name]
    assert cls(n=500).fingerprint() == cls(n=500).fingerprint() == cls(n=500).load().fingerprint
    assert cls(n=500).fingerprint() != cls(n=501).fingerprint()
    assert cls(n=500).load().shape == cls(n=500).shape


def test_fingerprints_of_generators_differ():
    prints = {DATASETS[name](n=500).fingerprint() for name in SYNTHETIC}
    assert len(prints) == len(SYNTHETIC)


def test_fingerprint_changes_with_the_revision(monkeypatch):
    before = Quartic().fingerprint()
    monkeypatch.setattr(Quartic, "revision", Quartic.revision + 1)
    assert Quartic().fingerprint() != before


# The points of the quartic are equidistant: more of them are closer together.
@pytest.mark.parametrize("name", sorted({*SYNTHETIC} - {"quartic"}))
def test_first_rows_do_not_depend_on_n(name):
    few, many = DATASETS[name](n=100).load(), DATASETS[name](n=250).load()
    pd.testing.assert_frame_equal(few.X, many.X.head(100))
    pd.testing.assert_series_equal(few.y, many.y.head(100))


@pytest.mark.parametrize("name", SYNTHETIC)
def test_n_is_checked(name):
    with pytest.raises(ValueError, match=r"n must be at least [12], not 0"):
        DATASETS[name](n=0)


def test_quartic_values():
    table = Quartic().load()
    assert table.shape == (10_001, 2)
    assert table.X["x"].iloc[[0, -1]].tolist() == [-5.0, 5.0]
    # x⁴ − x³ − 20x² − 20x + 6 by hand at −5, 0 and 5.
    np.testing.assert_allclose(table.y.iloc[[0, 5_000, 10_000]], [356.0, 6.0, -94.0], atol=1e-9)


def test_paraboloid_values():
    table = Paraboloid().load()
    np.testing.assert_allclose(table.y, (table.X**2).sum(axis=1))
    assert table.X.min().min() >= -5
    assert table.X.max().max() <= 5


def test_friedman_agrees_with_scikit_learn(monkeypatch):
    from sklearn.datasets import make_friedman1

    table = Friedman().load()
    assert table.X.shape == (5_000, 10)
    X, y = make_friedman1(n_samples=5_000, random_state=0)

    class SamePoints:
        def uniform(self, size):
            return X.reshape(size)

    monkeypatch.setattr("experiments.datasets.friedman.rng_for", lambda *names: SamePoints())
    np.testing.assert_allclose(Friedman().load().y, y)


def test_friedman_needs_the_columns_that_it_uses():
    with pytest.raises(ValueError, match="n_features must be at least 5, not 4"):
        Friedman(n_features=4)


def test_seasonal_repeats_daily_and_weekly():
    table = Seasonal().load()
    assert table.domain == "series"
    assert table.X.columns[0] == "target"
    for column in table.X:
        values = table.X[column].to_numpy()
        spectrum = np.abs(np.fft.rfft(values - values.mean()))
        # 3,000 steps hold 125 days: the daily wave stands out at frequency 125.
        assert spectrum[125] > 10 * np.median(spectrum)
        for lag, least in ((24, 0.6), (168, 0.4)):
            assert np.corrcoef(values[:-lag], values[lag:])[0, 1] > least


def test_seasonal_target_follows_its_drivers():
    table = Seasonal().load()
    drivers = table.X.drop(columns="target").to_numpy()

    def unexplained(inputs, y):
        inputs = np.column_stack([inputs, np.ones(len(inputs))])
        return np.var(y - inputs @ np.linalg.lstsq(inputs, y, rcond=None)[0]) / np.var(y)

    y = table.y.to_numpy()
    own_past = y[:-24, None]
    with_drivers = np.column_stack([own_past, drivers[:-24]])
    assert unexplained(with_drivers, y[24:]) < 0.9 * unexplained(own_past, y[24:])


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "y": [5.0, 6.0]})


def test_table_counts_the_target_once():
    assert DataTable.tabular(FRAME, "y").shape == (2, 3)
    assert DataTable.series(FRAME, "y").shape == (2, 3)


def test_series_has_its_target_first():
    table = DataTable.series(FRAME, "b")
    assert list(table.X.columns) == ["b", "a", "y"]
    assert table.y.tolist() == [3.0, 4.0]


def test_table_numbers_its_rows_anew():
    assert list(DataTable.tabular(FRAME.iloc[1:], "y").X.index) == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": FRAME[["a"]].iloc[:0], "y": FRAME["y"].iloc[:0]}, "needs rows and columns"),
        ({"X": FRAME[["a", "a"]]}, r"unique, but these occur twice: \['a'\]"),
        ({"X": FRAME[["a"]].astype(int)}, "column 'a' is int64"),
        ({"y": FRAME["y"].astype("float32")}, "column 'y' is float32"),
        ({"X": FRAME[["a"]].replace(2.0, np.nan)}, "column 'a' holds 1 missing or infinite"),
        ({"y": FRAME["y"].replace(5.0, np.inf)}, "column 'y' holds 1 missing or infinite"),
        ({"y": FRAME["y"].iloc[:1]}, r"X \(2 rows\) and y \(1 rows\)"),
        ({"groups": np.array([1])}, "groups has 1 entries for 2 rows"),
        ({"observed": np.array([True] * 3)}, "observed has 3 entries for 2 rows"),
        ({"categorical": ("z",)}, r"X does not have: \['z'\]"),
        ({"domain": "series"}, "needs its target 'y' as column 0"),
    ],
)
def test_table_refuses_what_a_dataset_must_not_hold(change, message):
    with pytest.raises(ValueError, match=message):
        DataTable(**({"X": FRAME[["a"]], "y": FRAME["y"]} | change))
