"""The cleaning rules on tiny files of the published formats, made here."""

import gzip
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.datasets.daily_climate import DailyClimate
from experiments.datasets.ecl import ECL
from experiments.datasets.ett import ETT
from experiments.datasets.files import DATA_VARIABLE
from experiments.datasets.house_prices import HousePrices
from experiments.datasets.lattice_physics import LatticePhysics
from experiments.datasets.microsoft_stock import MicrosoftStock
from experiments.datasets.parkinsons import Parkinsons
from experiments.datasets.rt_iot2022 import RTIoT2022
from experiments.datasets.support2 import Support2
from experiments.datasets.wth import WTH


def raw(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


PARKINSONS = """subject#,age,sex,test_time,motor_UPDRS,total_UPDRS,Jitter(Abs)
1,72,0,5.6431,28.199,34.398,3.38e-005
1,72,0,12.666,28.447,34.894,1.68e-005
7,58,1,-4.2,11.0,15.5,0.5
"""


def test_parkinsons_drops_person_and_motor_score_and_keeps_persons_as_groups():
    table = Parkinsons().parse(raw(PARKINSONS))
    assert list(table.X.columns) == ["age", "sex", "test_time", "Jitter(Abs)"]
    assert table.X["Jitter(Abs)"].tolist() == [3.38e-05, 1.68e-05, 0.5]
    assert table.y.tolist() == [34.398, 34.894, 15.5]
    assert table.groups.tolist() == [1, 1, 7]
    assert table.categorical == ("sex",)


def test_a_file_without_a_column_is_refused_by_name():
    with pytest.raises(ValueError, match="has no column 'total_UPDRS'"):
        Parkinsons().parse(raw(PARKINSONS.replace("total_UPDRS", "total")))


HOUSES = """id,date,price,waterfront,view,condition,grade,zipcode
"0000000002","20141013T000000",300000,0,0,3,7,"98178"
"0000000001","20141209T000000",538000,1,4,3,7,"98125"
"0000000002","20150401T000000",400000,0,0,3,7,"98178"
"""


def test_house_prices_keeps_the_first_sale():
    table = HousePrices().parse(raw(HOUSES))
    assert table.y.tolist() == [300000.0, 538000.0]
    assert list(table.X.columns) == ["waterfront", "view", "condition", "grade", "zipcode"]
    assert table.X["zipcode"].tolist() == [98178.0, 98125.0]
    assert set(table.categorical) == set(table.X.columns)


def test_daily_climate_keeps_the_repeated_day_in_file_order():
    header = "date,meantemp,humidity\n"
    train = raw(header + "2016-12-31,15.1,80.0\n2017-01-01,10.0,86.0\n")
    test = raw(header + "2017-01-01,15.913043478260869,85.8\n2017-01-02,18.5,77.2\n")
    table = DailyClimate().parse(train, test)
    assert table.y.tolist() == [15.1, 10.0, 15.913043478260869, 18.5]
    assert list(table.X.columns) == ["meantemp", "humidity"]
    assert table.X.index.day.tolist() == [31, 1, 1, 2]


def test_ett_puts_the_target_first():
    table = ETT().parse(
        raw("date,HUFL,OT\n2016-07-01 00:00:00,5.8,30.5\n2016-07-01 01:00:00,5.7,27\n")
    )
    assert list(table.X.columns) == ["OT", "HUFL"]
    assert table.y.tolist() == [30.5, 27.0]
    assert table.observed is None


def test_wth_reads_american_dates_and_can_predict_visibility():
    text = "date,Visibility,WetBulbCelsius\n1/2/2010 0:00,10.0,-10.3\n1/2/2010 1:00,9.0,-10.1\n"
    wet_bulb, visibility = WTH().parse(raw(text)), WTH(target="Visibility").parse(raw(text))
    assert list(wet_bulb.X.columns) == ["WetBulbCelsius", "Visibility"]
    assert wet_bulb.X.index[1] == pd.Timestamp(2010, 1, 2, 1)
    assert list(visibility.X.columns) == ["Visibility", "WetBulbCelsius"]
    assert visibility.y.tolist() == [10.0, 9.0]


STOCK = """Date,Close,Volume
4/2/2015 16:00:00,40.0,100
4/6/2015 16:00:00,44.0,500
4/7/2015 13:00:00,45.0,200
"""


def test_microsoft_stock_interpolates_days_without_trade():
    table = MicrosoftStock().parse(raw(STOCK))
    assert table.y.tolist() == [40.0, 41.0, 42.0, 43.0, 44.0, 45.0]
    assert table.X["Volume"].tolist() == [100.0, 200.0, 300.0, 400.0, 500.0, 200.0]
    assert table.observed.tolist() == [True, False, False, False, True, True]
    assert table.X.index[0] == pd.Timestamp(2015, 4, 3)


def test_microsoft_stock_filled_forward_does_not_look_ahead():
    table = MicrosoftStock(fill="forward").parse(raw(STOCK))
    assert table.y.tolist() == [40.0, 40.0, 40.0, 40.0, 44.0, 45.0]
    assert table.observed.tolist() == [True, False, False, False, True, True]


FLOW_COLUMNS = (
    ",id.orig_p,id.resp_p,proto,service,flow_duration,bwd_URG_flag_count,"
    "active.min,active.avg,idle.avg,Attack_type\n"
)
FLOWS = f"""{FLOW_COLUMNS}0,1,80,tcp,http,1.5,0,9,0.0,9,a
1,1,80,tcp,http,1.5,0,9,0.0,9,b
2,2,53,udp,dns,2.5,0,9,7.0,9,a
3,3,80,tcp,-,3.5,0,9,1.0,9,a
"""


def test_rt_iot2022_cleaning():
    table = RTIoT2022().parse(raw(FLOWS))
    assert list(table.X.columns) == [
        "id.orig_p", "id.resp_p", "flow_duration", "proto_udp", "service_dns", "service_http",
    ]  # fmt: skip
    assert table.y.tolist() == [0.0, 7.0, 1.0]  # the rows 0 and 1 differ in their label only
    assert table.X["service_http"].tolist() == [1.0, 0.0, 0.0]
    assert set(table.X.columns) - set(table.categorical) == {"flow_duration"}


def test_rt_iot2022_log_target():
    table = RTIoT2022(log1p=True).parse(raw(FLOWS))
    np.testing.assert_allclose(table.y, np.log([1.0, 8.0, 2.0]))


def test_support2_cleaning():
    header = (
        "age,death,hospdead,slos,d.time,sfdm2,sex,dzgroup,dzclass,"
        "race,ca,dnr,diabetes,dementia,edu,temp\n"
    )
    rows = [
        f"{i},{40 + i}.5,0,0,5,9,x,{['male', 'female'][i % 2]},{['A', 'B', 'C'][i % 3]},k,"
        f"{['white', 'other'][i % 2]},no,no dnr,0,{i % 2},,{36 if i else ''}\n"
        for i in range(801)
    ]
    table = Support2().parse(raw(header + "".join(rows)))
    # `edu` lacks 801 values and goes; `temp` lacks one, so the row goes.
    assert list(table.X.columns) == [
        "diabetes", "dementia", "temp", "sex_male", "dzgroup_B", "dzgroup_C", "race_white",
    ]  # fmt: skip
    assert table.shape == (800, 8)
    assert table.y.iloc[0] == 41.5
    assert set(table.X.columns) - set(table.categorical) == {"temp"}


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    return tmp_path


def test_lattice_physics_from_a_file(own_folder, monkeypatch):
    monkeypatch.setattr(LatticePhysics, "published_shape", (30, 40))
    values = np.random.default_rng(0).uniform(0.7, 5.0, size=(30, 41)).round(5)
    (own_folder / "lattice_physics").mkdir()
    lines = ("   ".join(f"{v:.5f}" for v in row) for row in values)
    (own_folder / "lattice_physics" / "raw.csv").write_text("\n".join(lines) + "\n")
    table = LatticePhysics().load()
    assert table.shape == (30, 40)
    assert table.y.name == "k-inf"
    np.testing.assert_array_equal(table.y, values[:, 0])
    np.testing.assert_array_equal(table.X, values[:, 2:])
    assert list(table.X.columns[[0, -1]]) == ["C2", "C40"]
    assert table.fingerprint == LatticePhysics().fingerprint()


def test_a_file_of_another_size_is_refused(own_folder):
    (own_folder / "lattice_physics").mkdir()
    (own_folder / "lattice_physics" / "raw.csv").write_text(" ".join(["1.5"] * 41) + "\n")
    with pytest.raises(ValueError, match=r"has 1 rows × 40 columns, the published one 24,000 rows"):
        LatticePhysics().load()


def test_real_rows_of_lattice_physics():
    sample = Path(os.environ.get(DATA_VARIABLE, "")) / "lattice_physics_sample" / "test.csv"
    if not sample.is_file():
        pytest.skip(f"{DATA_VARIABLE} names no folder with lattice_physics_sample/test.csv")
    table = LatticePhysics().parse(io.BytesIO(sample.read_bytes()))
    assert table.shape == (360, 40)
    assert table.y.between(0.8, 1.5).all()
    assert table.X.to_numpy().min() >= 0.7
    assert table.X.to_numpy().max() <= 5.0


def test_lattice_physics_with_commas_is_refused():
    with pytest.raises(ValueError, match=r"expected 41 columns separated by blanks .* found 1"):
        LatticePhysics().parse(raw("1.0,2.0\n3.0,4.0\n"))


def test_ecl_from_a_file(own_folder):
    n_rows = 6_010
    values = np.add.outer(np.arange(n_rows) % 10, np.arange(321) % 7)
    frame = pd.DataFrame(values, columns=[f"MT_{i:03d}" for i in range(321)])
    frame.insert(0, "date", pd.date_range("2012-01-01", periods=n_rows, freq="h"))
    (own_folder / "ecl").mkdir()
    frame.to_csv(own_folder / "ecl" / "ECL.csv.gz", index=False)
    table = ECL().load()
    assert table.shape == (6_000, 320) == ECL().shape
    assert list(table.X.columns[:2]) == ["MT_320", "MT_000"]
    assert "MT_182" not in table.X
    np.testing.assert_array_equal(table.y, values[:6_000, 320])
    assert table.X.index[1] == pd.Timestamp(2012, 1, 1, 1)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("day first", r"must follow each other by 1h"),
        ("beyond the twelfth", r"column date must begin with the year or the month"),
        ("shuffled", r"row 2 is of .* must follow each other by 1h"),
        ("doubled", r"row 31 is of 2012-01-02 05:00:00, the one before of 2012-01-02 05:00:00"),
    ],
)
def test_hours_that_do_not_follow_each_other_are_refused(how, said):
    times = pd.Series(pd.date_range("2012-01-01", periods=60, freq="h"))
    if how in ("day first", "beyond the twelfth"):
        start = "2012-01-01" if how == "day first" else "2012-01-11 20:00"
        times = pd.Series(pd.date_range(start, periods=60, freq="h"))
        times = times.dt.strftime("%d/%m/%Y %H:%M:%S")
    elif how == "shuffled":
        times = times.sample(frac=1, random_state=0)
    else:
        times = pd.concat([times[:30], times[29:]])
    frame = pd.DataFrame({"date": times.to_numpy(), "MT_182": 0.0, "MT_320": 1.0})
    with pytest.raises(ValueError, match=f"ecl: .*{said}"):
        ECL().parse(raw(frame.to_csv(index=False)))


def test_fingerprint_is_of_the_content_however_it_is_packed(own_folder):
    folder = own_folder / "lattice_physics"
    folder.mkdir()
    text = " ".join(["1.5"] * 41).encode() + b"\n"
    (folder / "raw.csv").write_bytes(text)
    plain = LatticePhysics().fingerprint()
    (folder / "raw.csv").unlink()
    (folder / "raw.csv.gz").write_bytes(gzip.compress(text))
    assert LatticePhysics().fingerprint() == plain
    (folder / "raw.csv.gz").write_bytes(gzip.compress(text.replace(b"1.5", b"1.6", 1)))
    assert LatticePhysics().fingerprint() != plain
