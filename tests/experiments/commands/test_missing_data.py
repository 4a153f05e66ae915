"""A dataset whose file is not here: a failure, or left out where the experiment allows for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.datasets import files
from experiments.settings.schema import Settings
from tests.support.following import run_job

ABSENT = ("dataset=daily_climate", "denoiser=identity", "regressor=ridge")


@pytest.fixture
def told(
    settings_of: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Run a job for which no file can be had; what it tells of its corruption."""
    monkeypatch.setenv(files.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setenv(files.CACHE_VARIABLE, str(tmp_path / "cache"))

    def unreachable(*arguments: object) -> None:
        raise files.DownloadError("no network here")

    monkeypatch.setattr(files, "_download", unreachable)

    def run(*overrides: str) -> dict[str, Any]:
        return run_job(settings_of(*ABSENT, *overrides), monkeypatch)[-1]

    return run


@pytest.mark.parametrize("dataset", ["daily_climate", "ecl", "house_prices"])
def test_a_missing_file_is_left_out_where_that_is_allowed(told, dataset):
    event = told("missing_data=leave_out", f"dataset={dataset}")

    assert event["error"] is None
    assert event["missing"] == dataset
    assert event["summary"] == "left out: no file, see python -m experiments data list"
    assert not event["worked"]


def test_a_missing_file_is_a_failure_by_default(told):
    event = told()

    assert event["missing"] is None
    assert "DailyDelhiClimateTrain.csv" in event["error"]


def test_a_folder_that_is_not_there_is_a_slip_whatever_is_allowed(told, monkeypatch, tmp_path):
    monkeypatch.setenv(files.DATA_VARIABLE, str(tmp_path / "nowhere"))

    event = told("missing_data=leave_out")

    assert event["missing"] is None
    assert "which is not a folder" in event["error"]


def test_a_damaged_file_is_a_failure_whatever_is_allowed(told, tmp_path):
    (tmp_path / "daily_climate").mkdir()
    (tmp_path / "daily_climate" / "DailyDelhiClimateTrain.csv").write_text("not the file")

    event = told("missing_data=leave_out")

    assert event["missing"] is None
    assert "damaged or another version" in event["error"]
