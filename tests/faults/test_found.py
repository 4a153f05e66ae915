"""What a tester found from outside, each held by the test that failed."""

import gzip
import json
import os

import numpy as np
import pytest

from baselines.pca import PCADenoiser
from denograd.checks import check_layout
from experiments.commands import report, status
from experiments.files import StoreError
from experiments.regressors.ridge import RidgeRegressor
from experiments.runner.run import leave
from experiments.settings.command_line import check_command_line
from experiments.settings.schema import Component
from experiments.settings.values import ConfigError
from experiments.store.archive import Archive
from experiments.store.records import DamagedError, check_record, identity, seal
from experiments.store.store import Store
from experiments.words import first_line
from tests.experiments.conftest import SMALL, compose_settings, double
from tests.support.command import Command
from tests.support.following import enlist, run_noted
from tests.support.records import KEY, METRICS, SCORE, outcome


class Twice(PCADenoiser):
    """Another class than its parent, whatever file it stands in."""


def test_two_classes_of_one_file_are_two_components(monkeypatch):
    monkeypatch.setattr(Twice, "__module__", "baselines.pca")
    monkeypatch.setattr("baselines.pca.Twice", Twice, raising=False)

    names = {Component("x", f"baselines.pca.{c}", {}).name for c in ("PCADenoiser", "Twice")}

    assert names == {"pca", "baselines.pca.Twice"}


def test_a_class_of_a_module_of_its_own_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "alone.py").write_text("class Mine: revision = 1")
    monkeypatch.syspath_prepend(os.fspath(tmp_path))

    assert Component("x", "alone.Mine", {}).name == "alone.Mine"


def test_a_failure_takes_no_place_of_what_is_finished(tmp_path):
    store = Store(tmp_path)
    store.write(SCORE, outcome(metrics=METRICS))

    leave(store, SCORE, {"status": "failed", "reason": "no", "traceback": ""})

    assert store.status(SCORE) == "ok"


def test_a_cell_that_fails_alone_is_told_and_counted(settings_of, tmp_path, capsys):
    flag = tmp_path / "broken"
    broken = double("denoiser", "Broken", log=flag)
    settings = settings_of(*SMALL, "protocol=held_out", "cache_gb=0", *broken)
    run_noted(settings)
    (cell,) = settings.results.glob("runs/records/*/held_out/broken-[0-9a-f]*[0-9a-f].json")
    cell.write_text("5")
    flag.touch()

    assert "failed" in run_noted(settings).statuses
    assert status.main(["--results", str(settings.results)]) == 1
    assert "failed: friedman held_out broken: ArithmeticError" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["U", "c", "b"])
def test_predictions_that_are_no_numbers(kind):
    class Odd(RidgeRegressor):
        def _predict(self, X):
            return np.zeros(len(X)).astype({"U": str, "c": complex, "b": bool}[kind])

    model = Odd().fit(np.eye(4), np.arange(4.0))
    with pytest.raises(TypeError, match=r"Odd must predict numbers, not .* of shape"):
        model.predict(np.eye(4))


@pytest.mark.parametrize("kind", [np.ma.masked_array, np.matrix])
def test_arrays_that_hide_something_are_no_arrays(kind):
    values = kind(np.zeros((3, 2)))
    with pytest.raises(TypeError, match="must be an array, not"):
        check_layout(values, (3, 2), "the refined table")


def test_labels_of_a_listing_that_cannot_be_those_of_the_record(tmp_path, capsys):
    store = Store(tmp_path)
    store.write(KEY, outcome())
    enlist(store, "mine", [KEY])
    listing = tmp_path / "runs" / "experiments" / "mine.jsonl"
    entry = json.loads(listing.read_text())
    for labels in ({}, entry["labels"] | {"seed": 7}, entry["labels"] | {"level": None}):
        listing.write_text(json.dumps(entry | {"labels": labels}))
        assert status.main(["--results", str(tmp_path), "--experiment", "mine"]) == 1
        assert "labels." in capsys.readouterr().err
        assert Store(tmp_path).listed("mine")[0]["labels"] == KEY.labels


def test_a_folder_of_records_may_lie_elsewhere(tmp_path):
    store = Store(tmp_path / "results")
    store.write(KEY, outcome())
    records = tmp_path / "results" / "runs" / "records"
    (records / "data").rename(tmp_path / "elsewhere")
    (records / "data").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(records)

    assert len(list(store.records())) == 1


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "it is no regular file"),
        (os.mkdir, "it is no regular file"),
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.write_bytes(b"no gzip"), "Not a gzipped file"),
        (
            lambda path: path.write_bytes(gzip.compress(b"a,b\n1,2\n")),
            "no line is whole; no JSON",
        ),
    ],
    ids=["pipe", "folder", "empty", "no gzip", "no records"],
)
def test_what_is_no_archive_is_refused_at_once(tmp_path, make, why):
    path = tmp_path / "records.jsonl.gz"
    make(path)

    with pytest.raises(StoreError, match=rf"records\.jsonl\.gz: cannot be read \({why}"):
        Archive.read(path)


def test_one_byte_that_is_no_text_damages_its_line_alone(tmp_path):
    path = tmp_path / "records.jsonl.gz"
    store = Store(tmp_path)
    store.write(KEY, outcome())
    record = dict(next(store.records()))
    line = json.dumps(seal(record | {"experiments": {}})).encode()
    path.write_bytes(gzip.compress(line + b"\n\xff" + line + b"\n"))

    found = Archive.read(path)

    assert (len(found), len(found.damage)) == (1, 1)


def test_damage_is_named_where_the_report_has_nothing_else(tmp_path, capsys):
    (tmp_path / "records.jsonl.gz").write_bytes(b"no gzip")

    assert report.main(["--results", str(tmp_path), "--experiment", "mine"]) == 2
    assert "records.jsonl.gz: damaged and left out" in capsys.readouterr().err


def test_a_config_without_a_dataset_is_damage(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, outcome())
    record = next(store.records())
    config = {key: value for key, value in record["config"].items() if key != "dataset"}
    with pytest.raises(DamagedError, match="names no dataset"):
        check_record(seal(record | {"config": config, "identity": identity(config)}))


def test_a_text_that_cannot_be_written_is_said_otherwise():
    assert first_line(ValueError("a\udc80b")) == "a?b"


def test_a_message_that_exits_is_none():
    class Rude(Exception):  # noqa: N818
        def __str__(self):
            raise SystemExit(0)

    assert first_line(Rude()) == "its message cannot be made (SystemExit)"


def test_a_sweep_over_names_is_refused():
    with pytest.raises(ConfigError, match="name: one run has one name"):
        check_command_line(["name=a,b"], multirun=True)


def test_a_thread_that_is_left_behind_keeps_no_command(tmp_path):
    command = Command(tmp_path)

    status, _, err = command.run(*SMALL, *double("denoiser", "LeavesAThread"), "protocol=held_out")

    assert status == 0, err
    assert "2 computed" in err


def test_without_its_callback_a_run_is_no_success(tmp_path):
    status, _, err = Command(tmp_path).run(*SMALL, "~hydra.callbacks.follow")

    assert status == 1
    assert "nothing was heard of any job" in err


def test_two_archivings_at_once_are_both_kept(tmp_path):
    results = tmp_path / "results"
    for name in ("a", "b"):
        run_noted(compose_settings(results, *SMALL, f"name={name}", "protocol=held_out"))
    command = Command(tmp_path)

    running = [
        command.start("--allow-dirty", "--experiment", name, command="archive") for name in "ab"
    ]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err

    assert Archive.read(results / "records.jsonl.gz").experiments == ["a", "b"]
