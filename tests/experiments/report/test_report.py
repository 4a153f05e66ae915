"""The report's command and the files it writes."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.commands import report
from experiments.files import StoreError
from experiments.report import writing
from experiments.store import long_table
from tests.support.long_tables import benchmark, make


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out of a test that is about something else: they take most of the time."""
    monkeypatch.setattr(writing, "_write_pictures", lambda *_: [])


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """A long table that takes the place of the store's records."""
    table = benchmark()
    monkeypatch.setattr(long_table, "read_long_table", lambda *_: table)
    return table


def test_every_file_is_there_and_listed(tmp_path: Path) -> None:
    written = writing.write_report(benchmark(), tmp_path / "new" / "folder")
    assert sorted(written) == sorted((tmp_path / "new" / "folder").iterdir())
    names = {path.name for path in written}
    kinds = ("imp", "imp_by_regressor", "mse", "swd", "rho", "recovery", "ranks", "pairs")
    assert {f"{kind}.{suffix}" for kind in kinds for suffix in ("md", "tex", "csv")} <= names
    figures = {f"{name}_quick_gaussian_0.1" for name in ("imp_vs_swd", "cd_imp")}
    assert {f"{name}.{suffix}" for name in figures for suffix in ("png", "pdf")} <= names
    index = written[0]
    assert index.name == "README.md"
    text = index.read_text(encoding="utf-8")
    assert all(f"({path.name})" in text for path in written[1:])
    assert all(path.stat().st_size > 0 for path in written)


@pytest.mark.usefixtures("no_figures")
def test_the_index_says_what_was_run(tmp_path: Path) -> None:
    long = make(
        {"seed": 0},
        {"seed": 3, "dataset": "wine"},
        {"denoiser": "dae", "status": "failed", "reason": "ValueError: boom\ntraceback"},
        {"denoiser": "identity", "kind": "control"},
        {"denoiser": "kf", "status": "skipped", "reason": "rows have no order"},
    )
    text = writing.write_report(long, tmp_path, "make report")[0].read_text(encoding="utf-8")
    for line in (
        "Made by `make report`.",
        "### Gaussian noise of level 0.1, profile quick",
        "- datasets: friedman (seeds 0), wine (seeds 3)",
        "- protocols: published",
        "- methods: dae, kf, pca",
        "- controls: identity",
        "- regressors: ridge",
        "  - 1 failed, dae on friedman: ValueError: boom",
        "  - 1 skipped, kf on friedman: rows have no order",
    ):
        assert line in text.splitlines()
    assert "- runs: 3 ok, 1 failed, 1 skipped" in text


@pytest.mark.usefixtures("no_figures")
def test_csv_files_hold_every_condition(tmp_path: Path) -> None:
    writing.write_report(benchmark(levels=(0.0, 0.1)), tmp_path)
    text = (tmp_path / "imp.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["level"] for line in lines} == {"0", "0.1"}
    (found,) = [
        line
        for line in lines
        if (line["level"], line["denoiser"], line["dataset"], line["protocol"])
        == ("0.1", "shrink_target", "mean", "published")
    ]
    assert found["value"] == "75"


@pytest.mark.usefixtures("no_figures")
def test_the_long_table_is_written_as_it_is_and_gives_the_same_bytes_again(tmp_path: Path) -> None:
    rows = {"dataset": "b", "denoiser": "dae", "status": "failed", "reason": "boom"}
    long = pd.concat([benchmark(levels=(0.0, 0.1)), make(rows)], ignore_index=True)
    first = writing.write_report(long, tmp_path / "a")
    again = pd.read_csv(tmp_path / "a" / "long.csv", dtype={"identity": str})
    assert list(again.columns) == list(long.columns)
    pd.testing.assert_series_equal(again["mse_after"], long["mse_after"], check_exact=True)
    second = writing.write_report(again, tmp_path / "b")
    assert [path.name for path in first] == [path.name for path in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.usefixtures("no_figures")
def test_tables_of_nothing_are_left_out(tmp_path: Path) -> None:
    names = {path.name for path in writing.write_report(make({}), tmp_path)}
    assert "imp.md" in names
    assert "ranks.md" not in names
    assert "pairs.md" not in names


def test_a_report_of_failures_only(tmp_path: Path) -> None:
    long = make({"status": "failed", "reason": "boom"})
    written = writing.write_report(long, tmp_path)
    assert "failed" in (tmp_path / "imp.md").read_text(encoding="utf-8")
    assert not [path for path in written if path.suffix == ".png"]


@pytest.mark.usefixtures("records", "no_figures")
def test_the_command_prints_the_main_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert report.main(["--results", str(tmp_path), "--experiment", "quick"]) == 0
    printed = capsys.readouterr().out
    assert "Imp% (higher is better): gaussian noise of level 0.1, profile quick" in printed
    assert "shrink_target" in printed
    assert max(map(len, printed.split("\n\n")[1].splitlines())) <= 70
    assert printed.splitlines()[-1].endswith(f"start with {tmp_path / 'quick' / 'README.md'}")
    assert (tmp_path / "quick" / "imp.tex").exists()


@pytest.mark.usefixtures("records", "no_figures")
def test_all_records_go_to_a_folder_of_their_own(tmp_path: Path) -> None:
    assert report.main(["--results", str(tmp_path)]) == 0
    assert (tmp_path / "all" / "README.md").exists()
    assert report.main(["--results", str(tmp_path), "--out", str(tmp_path / "paper")]) == 0
    assert (tmp_path / "paper" / "README.md").exists()


@pytest.mark.usefixtures("records", "no_figures")
def test_a_terminal_without_unicode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    assert report.main(["--results", str(tmp_path)]) == 0
    sys.stdout.flush()
    assert b"100(1 ? exp(m))" in printed.getvalue()


def test_no_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--results", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("experiments report: no records below")
    assert "python -m experiments" in message


def test_an_experiment_that_was_never_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(results: Path, experiment: str, command: str) -> pd.DataFrame:
        raise StoreError(f"no run of an experiment called {experiment!r}")

    monkeypatch.setattr(long_table, "read_long_table", read)
    assert report.main(["--results", str(tmp_path), "--experiment", "nope"]) == 2
    assert "called 'nope'" in capsys.readouterr().err


def test_labels_that_clash_are_an_error_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_table, "read_long_table", lambda *_: make({}, {}))
    assert report.main(["--results", str(tmp_path)]) == 2
    assert "repeat another one's work" in capsys.readouterr().err


def test_help_has_examples_and_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "experiments", "report", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "--experiment quick" in done.stdout
    assert "pandas" not in done.stderr
    assert "matplotlib" not in done.stderr
