"""Processes that die, are stopped, or work beside each other in one folder."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from experiments.store.records import path_of
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, double
from tests.faults.processes import of_folder, until, worker_of
from tests.support.command import LAUNCHERS, Command

SWEEP = ("-m", *SMALL, "protocol=held_out", "seed=0,1,2")


def scores(command: Command) -> dict[str, dict]:
    return {path_of(r["config"]): r["metrics"] for r in Store(command.results).records()}


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("death", ["Leaves", "Dies"])
def test_a_worker_that_dies_is_seen_said_and_survived(command, tmp_path, death, launcher):
    flag = tmp_path / "flag"
    flag.touch()
    sweep = (*SWEEP, *LAUNCHERS[launcher], *double("regressor", death, while_exists=flag))

    status, _, err = command.run(*sweep)

    assert status == 1
    last = err.splitlines()[-1]
    assert last.startswith("experiments: a worker died" if launcher == "joblib" else "experiments:")
    assert re.search(rf" while at .*friedman held_out identity {death.lower()}", last), last
    kept = command.records()
    if launcher == "basic":
        how = "was killed by SIGKILL" if death == "Dies" else "left with status 0"
        assert f"the working process {how} while at friedman" in last
        assert len(kept) == 2, "the cell and its first score were kept"
    assert "what was finished is kept, and the same command continues" in last
    assert "Traceback" not in err
    assert of_folder(command.results) == []
    if launcher == "basic":
        # Another worker is killed whatever it has in hand, a file half written too.
        assert list((command.results / "runs" / "records").rglob(".*")) == []

    flag.unlink()
    status, _, err = command.run(*sweep)

    assert status == 0, err
    assert len(scores(command)) == 3 * 3
    assert kept.items() <= command.records().items()


def test_a_worker_without_memory_leaves_a_record(command, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()

    hungry = double("regressor", "Hungry", while_exists=flag)
    status, _, err = command.run(*SWEEP, *LAUNCHERS["joblib"], *hungry)

    assert status == 1
    assert "3 computed, 3 failed" in err
    of = {r["status"]: r for r in command.records().values()}
    assert "MemoryError" in of["failed"]["reason"]


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("victim", ["the command", "the working process"])
def test_no_process_outlives_a_command_that_is_killed(command, launcher, victim):
    sweep = (*SWEEP, *LAUNCHERS[launcher], *double("regressor", "Slow", seconds=100))
    process = command.start(*sweep)
    until(lambda: command.records())
    worker = worker_of(process.pid)
    assert worker is not None

    os.kill(process.pid if victim == "the command" else worker, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == (-9 if victim == "the command" else 1)
    if victim == "the working process":
        assert "the working process was killed by SIGKILL" in err
    until(lambda: of_folder(command.results) == [])
    kept = command.records()
    command.run(*SWEEP)
    assert kept.items() <= command.records().items()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_impatient_second_signal_ends_it_at_once(command, how):
    process = command.start(*SWEEP, *double("denoiser", "Stubborn"))
    until(lambda: (command.folder / "stubborn").exists())

    for _ in range(2):
        os.kill(process.pid, how)
        time.sleep(0.5)
    _, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert "interrupted: what was finished is kept" in err
    assert of_folder(command.results) == []


def test_two_runs_in_one_folder_count_for_themselves(command, tmp_path):
    """One that fails and one that does not, under one name and at the same time."""
    flag = tmp_path / "flag"
    flag.touch()
    name = ("name=mine", *double("regressor", "Slow", seconds=0.5))
    good = command.start(*SWEEP, *name)
    bad = command.start(*SWEEP, *name, *double("denoiser", "Broken", log=flag))

    _, err_of_good = good.communicate(timeout=120)
    _, err_of_bad = bad.communicate(timeout=120)

    assert (good.returncode, bad.returncode) == (0, 1), err_of_good + err_of_bad
    assert "failed" not in err_of_good
    assert "3 corruptions in" in err_of_good
    assert "6 failed" in err_of_bad
    assert "3 corruptions in" in err_of_bad
    assert list((command.results / "runs" / "journals").iterdir()) == []


@pytest.mark.parametrize("n", [2, 4])
def test_equal_sweeps_at_once_end_as_one(command, tmp_path, n):
    sweep = (*SWEEP, "name=mine", "denoiser=[identity,pca]", "regressor=[ridge,knn]")
    alone = Command(tmp_path / "alone")
    alone.folder.mkdir()
    assert alone.run(*sweep)[0] == 0

    running = [command.start(*sweep) for _ in range(n)]
    ends = [(process.communicate(timeout=240)[1], process.returncode) for process in running]

    assert [status for _, status in ends] == [0] * n, ends
    assert scores(command) == scores(alone)
    assert Store(command.results).labels("mine") == Store(alone.results).labels("mine")


def test_a_report_and_an_archiving_while_a_sweep_runs(command):
    sweep = (*SWEEP, "name=mine", *double("regressor", "Slow", seconds=1))
    process = command.start(*sweep)
    until(lambda: len(command.records()) > 2)

    for name in ("report", "archive", "status"):
        named = ("--allow-dirty", "--experiment", "mine") if name == "archive" else ()
        status, _, err = command.run(*named, command=name)
        # Before its first corruption is done, a sweep has no listing yet.
        assert status == 0 or "was never run" in err, err
        assert "Traceback" not in err
    _, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    assert len(scores(command)) == 3 * 3


def test_a_clock_that_is_set_back(command, tmp_path):
    """Every process of the second run lives a year before the first."""
    sweep = (*SWEEP, "name=mine")
    assert command.run(*sweep)[0] == 0
    kept = command.records()
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n"
        "now = time.time\n"
        "time.time = lambda: now() - 365 * 24 * 3600\n"
        "local = time.localtime\n"
        "time.localtime = lambda s=None: local(time.time() if s is None else s)\n"
    )
    command.variables["PYTHONPATH"] = os.pathsep.join(
        [str(tmp_path), str(Path(__file__).parents[2])]
    )

    status, _, err = command.run(*sweep, "regressor=[ridge,knn]")

    assert status == 0, err
    assert "3 computed, 3 already there" in err
    assert kept.items() <= command.records().items()


def test_a_dataset_file_that_changes_between_runs(command, tmp_path, monkeypatch):
    """Its records are other work: nothing of the old file is taken for a result of the new one."""
    run = ("-m", *double_of_a_file(tmp_path), *SMALL[2:], "protocol=held_out", "seed=0,1")
    (tmp_path / "data.csv").write_text(rows(0))
    assert command.run(*run)[0] == 0
    before = command.records()

    (tmp_path / "data.csv").write_text(rows(1))
    status, _, err = command.run(*run)

    assert status == 0
    assert "2 computed" in err
    assert "already" not in err
    after = command.records()
    assert before.items() < after.items()
    assert len(after) == 2 * len(before)

    (tmp_path / "data.csv").unlink()
    status, _, err = command.run(*run)
    assert status == 1
    assert "data.csv" in err
    assert before.items() < command.records().items()


def rows(seed: int) -> str:
    return "".join(f"{i},{(i * 7 + seed) % 13},{i % 5}\n" for i in range(120))


def double_of_a_file(folder: Path) -> tuple[str, ...]:
    target = "tests.support.doubles.OfAFile"
    return ("dataset=friedman", f"dataset._target_={target}", f"+dataset.path={folder}/data.csv")
