"""`python -m experiments data`: list, fetch, check."""

import dataclasses
import hashlib
import subprocess
import sys

import pytest

from experiments.commands import data
from experiments.datasets import discover
from experiments.datasets.files import CACHE_VARIABLE, DATA_VARIABLE
from experiments.datasets.lattice_physics import LatticePhysics
from experiments.datasets.parkinsons import Parkinsons

CONTENT = (
    b"subject#,age,sex,test_time,motor_UPDRS,total_UPDRS\n1,72,0,5.6,28.1,34.3\n2,60,1,1,2,3\n"
)


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def small_parkinsons(own, monkeypatch):
    """A two-row file in its place, which the dataset expects."""
    (own / "parkinsons").mkdir()
    (own / "parkinsons" / Parkinsons.files[0].name).write_bytes(CONTENT)
    file = dataclasses.replace(Parkinsons.files[0], sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(Parkinsons, "files", (file,))
    monkeypatch.setattr(Parkinsons, "published_shape", (2, 4))
    return own / "parkinsons" / file.name


def test_list_shows_every_dataset_with_shape_licence_and_source(small_parkinsons, capsys):
    assert data.main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert set(lines) == set(discover())
    for name, cls in discover().items():
        dataset = cls()
        assert f"{dataset.shape[0]:,} x {dataset.shape[1]} " in lines[name]
        assert dataset.licence in lines[name]
        assert dataset.source in lines[name]
    assert " yes " in lines["parkinsons"]
    assert " no, fetch " in lines["ett"]
    assert " no, by hand " in lines["ecl"]
    assert " generated " in lines["quartic"]


def test_check_compares_sums_and_shape(small_parkinsons, capsys):
    assert data.main(["check", "parkinsons"]) == 0
    out = capsys.readouterr().out
    assert Parkinsons.files[0].sha256 in out
    assert "2 rows x 4 columns after cleaning, as expected" in out


def test_check_finds_a_damaged_file(small_parkinsons, capsys):
    small_parkinsons.write_bytes(CONTENT.replace(b"72", b"73"))
    assert data.main(["check"]) == 1
    assert "wrong: " in capsys.readouterr().out


def test_check_finds_another_shape(small_parkinsons, monkeypatch, capsys):
    monkeypatch.setattr(Parkinsons, "published_shape", (3, 4))
    assert data.main(["check", "parkinsons"]) == 1
    assert "parkinsons: the cleaned table has 2 rows × 4 columns, the published one 3 rows" in (
        capsys.readouterr().out
    )


def test_check_says_when_there_is_no_sum_to_compare_with(own, capsys):
    (own / "lattice_physics").mkdir()
    line = " ".join(["1.5"] * 41) + "\n"
    (own / "lattice_physics" / LatticePhysics.files[0].name).write_text(line * 24_000)
    assert data.main(["check", "lattice_physics"]) == 0
    assert "(nothing to compare with)" in capsys.readouterr().out


def test_missing_files_fail_only_when_asked_for(small_parkinsons, capsys):
    assert data.main(["check"]) == 0
    out = capsys.readouterr().out
    assert "Run: python -m experiments data fetch ett" in out
    assert data.main(["check", "ecl"]) == 1
    assert "missing: ecl: ECL.csv is not here. Get it by hand" in capsys.readouterr().out


def test_check_never_downloads(monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("check must not use the network")

    monkeypatch.setattr("pooch.retrieve", no_network)
    assert data.main(["check", "ett", "parkinsons"]) == 1


def test_fetch_takes_what_is_here_fetches_the_rest_and_explains_by_hand(
    small_parkinsons, monkeypatch, capsys
):
    fetched = []

    def fetch(name, file):
        fetched.append(name)
        return small_parkinsons

    monkeypatch.setattr("experiments.datasets.files.fetch", fetch)
    assert data.main(["fetch", "parkinsons", "ett", "quartic"]) == 0
    assert fetched == ["ett"]
    out = capsys.readouterr().out
    assert f"parkinsons: here: {small_parkinsons}" in out
    assert "ett: fetched: " in out
    assert "quartic: generated, nothing to fetch" in out


def test_fetch_by_hand_fails_when_asked_for(capsys):
    assert data.main(["fetch", "house_prices"]) == 1
    out = capsys.readouterr().out
    assert "missing: house_prices: kc_house_data.csv is not here" in out
    assert "kaggle.com" in out


def test_unknown_dataset_is_refused_with_a_hint(capsys):
    with pytest.raises(SystemExit) as caught:
        data.main(["list", "parkinson"])
    assert caught.value.code == 2
    assert "did you mean parkinsons?" in capsys.readouterr().err


def test_help_shows_examples():
    command = [sys.executable, "-m", "experiments", "data", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "python -m experiments data fetch parkinsons ett" in done.stdout
    assert DATA_VARIABLE in done.stdout
