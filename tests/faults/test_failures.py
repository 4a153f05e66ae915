"""Whatever way a component fails, there is a record of it and the others go on."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from experiments.commands import status
from experiments.datasets.friedman import Friedman
from experiments.runner.corruption import corrupt
from experiments.runner.protocols import PROTOCOLS
from experiments.runner.resources import Stages
from experiments.settings.values import ConfigError
from experiments.store.long_table import read_long_table
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, double
from tests.support.doubles import Misshapen, SeriesOnly
from tests.support.following import run_job, run_noted

REASONS = {
    "exit": "SystemExit: 0",
    "exit_with_words": "SystemExit: good bye",
    "memory": "MemoryError: MemoryError",
    "base": "BaseException: no Exception",
    "recursion": "RecursionError: too deep",
    "unspeakable": "UnspeakableError: its message cannot be made",
    "stop": "StopIteration: StopIteration",
    "lines": "ValueError: first line",
}


@pytest.fixture
def run(settings_of):
    """Run a small corruption with some more components; its long table."""

    def run(*overrides):
        settings = settings_of(*SMALL, "protocol=held_out", *overrides)
        notes = run_noted(settings)
        table = read_long_table(settings.results)
        assert len(notes.statuses) == len(table)
        assert status.main(["--results", str(settings.results)]) == int("failed" in notes.statuses)
        return table.set_index(["denoiser", "regressor"])

    return run


UNSCORABLE = {
    "missing": r"contains NaN, .* column y \(60\)",
    "overflow": r"metrics.grid.noisy\|noisy\|noisy is inf, not a finite number",
    "one": r"must predict one value per row, shape \(60,\), not \(1,\)",
    "square": r"must predict one value per row, shape \(60,\), not \(60, 60\)",
    "more": r"must predict one value per row, shape \(60,\), not \(61,\)",
}
LAYOUTS = {
    "one_row": r"refined table of Misshapen must have the shape \(210, 10\), not \(1, 10\)",
    "one_column": r"must have the shape \(210, 10\), not \(210, 1\)",
    "one_target": r"refined target of Misshapen must have the shape \(210,\), not \(1,\)",
    "fewer_rows": r"not \(209, 10\)",
    "more_columns": r"not \(210, 11\)",
    "column_target": r"refined target of Misshapen must have the shape \(210,\), not \(210, 1\)",
    "float32": r"must have the dtype float64, not float32",
    "objects": r"must have the dtype float64, not object",
    "complex": r"must have the dtype float64, not complex128",
    "lists": r"must be an array, not list",
    "table_alone": r"must return refined \(X, y\), not ndarray",
}


DOUBLES = [
    ("denoiser", "Fails", REASONS),
    ("denoiser", "Misshapen", LAYOUTS),
    ("regressor", "FailsToPredict", REASONS | UNSCORABLE),
]


@pytest.mark.parametrize(
    ("kind", "name", "how", "reason"),
    [(kind, name, how, of[how]) for kind, name, of in DOUBLES for how in of],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_a_component_that_fails_leaves_its_reason_and_the_others_go_on(
    run, kind, name, how, reason
):
    table = run(*double(kind, name, how=how))

    failed = (name.lower(), "ridge") if kind == "denoiser" else ("identity", name.lower())
    assert table.status["identity", "ridge"] == "ok"
    assert table.status[failed] == "failed"
    assert re.search(reason, table.reason[failed]), table.reason[failed]
    assert np.isnan(table.imp[failed])


@pytest.mark.parametrize("how", LAYOUTS)
def test_the_library_refuses_it_too(how):
    X = np.random.default_rng(0).normal(size=(210, 10))

    with pytest.raises((TypeError, ValueError), match=LAYOUTS[how]):
        Misshapen(how).fit_resample(X, X[:, 0])


class Duck:
    """A denoiser that shares no base class: the benchmark has to look for itself."""

    fits_on = "train"

    def __init__(self, result):
        self.result = result

    def fit(self, X, y, X_val=None, y_val=None):
        return self

    def denoise(self, X, y):
        return self.result(X, y)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda X, y: (X[:1], y), r"refined table of Duck must have the shape \(210, 10\)"),
        (lambda X, y: (X, y[:1]), r"refined target of Duck must have the shape \(210,\)"),
        (lambda X, y: (X.astype("float32"), y), "float32"),
        (lambda X, y: (X * np.nan, y), "NaN"),
        (lambda X, y: (X, y * np.inf), "infinite values"),
    ],
)
def test_a_denoiser_of_any_class_is_held_to_the_interface(settings_of, result, message):
    held_out = PROTOCOLS["held_out"]
    scaled = held_out.scale(corrupt(settings_of(*SMALL)))

    with pytest.raises((TypeError, ValueError), match=message):
        held_out.denoise(Duck(result), scaled, Stages())


def test_a_component_that_cannot_say_whether_it_applies(run, monkeypatch):
    def fail(self, dataset):
        raise SystemExit(0)

    monkeypatch.setattr(SeriesOnly, "why_skip", fail)
    table = run(*double("denoiser", "SeriesOnly"))

    assert table.status["identity", "ridge"] == "ok"
    assert table.status["seriesonly", "ridge"] == "failed"


@pytest.mark.parametrize("error", [ValueError("no such file"), MemoryError(), SystemExit(0)])
def test_a_dataset_that_cannot_be_loaded(settings_of, monkeypatch, capsys, error):
    """No cell of it can have a record: what is not known is the fingerprint of its data."""
    settings = settings_of(*SMALL, "protocol=held_out")

    def fail(self):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(Friedman, "load", fail)
        assert run_job(settings, monkeypatch)[-1]["error"]

    (record,) = Store(settings.results).records()
    assert record["status"] == "failed"
    assert record["reason"].startswith(type(error).__name__)
    assert "fail" in record["traceback"]
    assert status.main(["--results", str(settings.results)]) == 1
    assert "failed: friedman: " in capsys.readouterr().out
    assert read_long_table(settings.results).empty

    assert run_job(settings, monkeypatch)[-1]["error"] is None
    assert {r["status"] for r in Store(settings.results).records()} == {"ok"}


def test_a_failure_of_set_up_is_in_the_listing(settings_of, monkeypatch):
    settings = settings_of("dataset=seasonal", "profile.max_rows=60", "window_size=48")

    events = run_job(settings, monkeypatch)

    ((path, labels),) = events[0]["entries"].items()
    assert path.startswith("seasonal/corruption-")
    assert "denoiser" not in labels
    assert Path(settings.results, "runs", "records", path).exists()


def test_ctrl_c_is_no_failure(run, monkeypatch):
    monkeypatch.setattr("tests.support.doubles.failure_of", lambda how: KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        run(*double("denoiser", "Fails"))


def test_no_metric_that_is_not_finite_meets_json(run, monkeypatch):
    monkeypatch.setattr("experiments.runner.compute.mean_correlation", lambda *_: float("nan"))
    table = run()

    assert table.status["identity", "ridge"] == "failed"
    assert "metrics.rho is nan, not a finite number" in table.reason["identity", "ridge"]


def test_an_import_that_exits_is_a_mistake_in_the_config(settings_of, tmp_path, monkeypatch):
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(os.fspath(tmp_path))

    with pytest.raises(ConfigError, match=r"cannot import 'leaves\.Denoiser'"):
        settings_of(*SMALL, "+denoiser.x={_target_:leaves.Denoiser}")
