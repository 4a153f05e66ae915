"""The table that most tests of the command clean."""

from pathlib import Path

import pytest

from tests.denograd.clean.toys import table


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data.csv"
    table().to_csv(path, index=False)
    return path
