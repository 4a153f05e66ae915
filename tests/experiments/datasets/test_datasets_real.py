"""The cleaned real tables agree with the published shapes and figures."""

import os

import numpy as np
import pytest

from experiments.datasets import discover, files
from experiments.datasets.microsoft_stock import MicrosoftStock
from experiments.datasets.rt_iot2022 import RTIoT2022
from experiments.datasets.wth import WTH

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not os.environ.get(files.DATA_VARIABLE),
        reason=f"set {files.DATA_VARIABLE} to the folder with the real files",
    ),
]

# Target, rows, columns with the target, its mean and sample standard deviation, and the sum of the
# means of all columns, from the published preparation of the same raw files.
PUBLISHED = {
    "house_prices": ("price", 21_436, 19, 540529.28718, 367689.296471, 674681.947504),
    "parkinsons": ("total_UPDRS", 5_875, 20, 29.018942, 10.700283, 210.613971),
    "rt_iot2022": ("active.avg", 117_915, 82, 152640.742229, 1646670.737557, 57676352.514232),
    "support2": ("age", 8_579, 33, 62.652012, 15.624566, 61835.012765),
    "daily_climate": ("meantemp", 1_576, 4, 25.221918, 7.345014, 1103.159587),
    "ett": ("OT", 17_420, 7, 13.324672, 8.566946, 32.046856),
    "microsoft_stock": ("Close", 2_192, 5, 107.425427, 56.666392, 30372416.04049),
    "wth": ("WetBulbCelsius", 35_064, 12, 1.026081, 6.898354, 349.113241),
}


def load(dataset):
    for file in dataset.files:
        if files.find(dataset.name, file) is None:
            pytest.skip(f"{file.name} is not in the folder that {files.DATA_VARIABLE} names")
    return dataset.load()


@pytest.mark.parametrize("name", PUBLISHED)
def test_shape_and_figures_are_the_published_ones(name):
    dataset = discover()[name]()
    table = load(dataset)
    target, n_rows, n_columns, mean, sd, sum_of_means = PUBLISHED[name]
    assert table.shape == dataset.shape == (n_rows, n_columns)
    assert table.y.name == dataset.target == target
    assert table.y.mean() == pytest.approx(mean, abs=6e-7, rel=1e-10)
    assert table.y.std(ddof=1) == pytest.approx(sd, abs=6e-7, rel=1e-10)
    means = table.X.mean().sum() + (table.y.mean() if table.domain == "tabular" else 0)
    assert means == pytest.approx(sum_of_means, abs=6e-7, rel=1e-10)
    assert table.fingerprint == dataset.fingerprint()


@pytest.mark.parametrize("name", PUBLISHED)
def test_columns_that_stand_for_categories_hold_codes(name):
    table = load(discover()[name]())
    for column in table.categorical:
        values = table.X[column].to_numpy()
        assert np.array_equal(values, np.round(values)), column
        assert values.min() < values.max(), column
    binary = {c for c in table.X if table.X[c].isin([0.0, 1.0]).all()}
    counts = {"rt_iot2022": {c for c in binary if "flag_count" in c or "pkts" in c}}
    assert binary - counts.get(name, set()) <= set(table.categorical)


def test_parkinsons_persons_and_twins():
    table = load(discover()["parkinsons"]())
    assert len(np.unique(table.groups)) == 42
    keys = table.X[["test_time"]].assign(person=table.groups)
    assert keys.duplicated(keep=False).sum() == 4_904


def test_microsoft_stock_days_without_trade():
    published, forward = load(MicrosoftStock()), load(MicrosoftStock(fill="forward"))
    for table in (published, forward):
        assert (~table.observed).sum() == 681
        assert table.shape == (2_192, 5)
    np.testing.assert_array_equal(published.X[published.observed], forward.X[forward.observed])
    distinct = published.X[["Open", "High", "Low", "Close", "Volume"]].nunique().tolist()
    assert distinct == [2064, 2052, 2049, 2037, 2192]


def test_daily_climate_keeps_the_repeated_day():
    table = load(discover()["daily_climate"]())
    assert table.X.index.duplicated().sum() == 1


def test_rt_iot2022_target_is_one_row_or_its_logarithm():
    y = load(RTIoT2022()).y.to_numpy()
    squares = (y - y.mean()) ** 2
    assert squares.max() / squares.sum() == pytest.approx(0.6, abs=0.05)
    np.testing.assert_allclose(load(RTIoT2022(log1p=True)).y, np.log1p(y))


def test_wth_can_predict_visibility():
    table = load(WTH(target="Visibility"))
    assert table.X.columns[0] == table.y.name == "Visibility"
    assert table.shape == (35_064, 12)
