"""What is done, running, failed, damaged and missing, how fast it goes, and until when."""

import os
import signal
import time

import pytest

from experiments.commands import status
from experiments.commands.journal import VARIABLE, append
from experiments.store.listing import listing_path, write_listing
from experiments.store.records import Key
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, double
from tests.faults.processes import until
from tests.support.records import KEY, METRICS, outcome

REGRESSORS = ("ridge", "knn", "xgboost", "dnn", "lstm")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "runs" / "journals" / "run.jsonl"))
    (tmp_path / "runs" / "journals").mkdir(parents=True)
    now = int(time.time())
    monkeypatch.setattr(time, "time", lambda: now)
    return Store(tmp_path)


def score(regressor: str) -> Key:
    of = {"name": regressor}
    return Key(KEY.config | {"regressor": of}, KEY.labels | {"regressor": regressor})


def write(store: Store, key: Key, hours_ago: float = 0.5, **changes: object) -> None:
    finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - hours_ago * 3600))
    metrics = METRICS if "regressor" in key.config else {"swd": 0.0, "rho": 1.0}
    done = {"metrics": metrics, "finished": finished, "seconds": {"fit": 900.0}}
    if changes.get("status") == "failed":
        del done["metrics"]
    store.write(key, {k: v for k, v in (outcome() | done | changes).items() if v is not None})


def tell(store: Store, capsys, *arguments: str) -> tuple[int, list[str]]:
    code = status.main(["--results", str(store.results), *arguments])
    return code, capsys.readouterr().out.splitlines()


def begin(key: Key, hours_ago: float) -> None:
    moment = time.time() - hours_ago * 3600
    append({"event": "begun", "path": key.path, "labels": key.labels, "time": moment})


@pytest.mark.parametrize("named", [(), ("--experiment", "mine")])
def test_every_piece_is_counted_once(store, capsys, named):
    """One each: done, failed, damaged, running, missing."""
    keys = [score(name) for name in REGRESSORS]
    listed = {key.path: key.labels for key in [KEY, *keys]}
    write_listing(listing_path(store.runs, "mine"), listed)
    write(store, KEY)
    write(store, keys[0])
    failure = {"status": "failed", "reason": "E: no", "traceback": "", "metrics": None}
    write(store, keys[1], **failure)
    write(store, keys[2])
    (store.runs / "records" / keys[2].path).write_text("{")
    begin(keys[3], hours_ago=0.125)

    code, (head, row, *rest) = tell(store, capsys, *named)

    assert code == 1
    assert " ".join(head.split()[2:]) == "done running failed skipped stale damaged missing"
    assert row.split() == ["data", "identity", "1", "1", "1", "0", "3", "1", "1"]
    running = "running: data held_out identity dnn, started 7 min 30 s ago on "
    assert any(line.startswith(running) for line in rest)
    # Two pieces of a quarter of an hour, begun 45 minutes ago: half as fast as the clock; due are
    # two, one of them half done.
    assert "1 cells and 1 results an hour in the last 45 min 00 s" in " ".join(rest)
    assert "about 33 min 45 s left" in " ".join(rest)
    assert "failed: data held_out identity knn: E: no" in rest


def test_what_was_begun_is_over_once_its_record_is_newer(store, capsys):
    """Its process may have died, and another has done it."""
    write(store, score("ridge"), hours_ago=2)
    begin(score("ridge"), hours_ago=1)
    assert any("started 1 h 00 min ago" in line for line in tell(store, capsys)[1])
    write(store, score("ridge"), hours_ago=0.5)
    assert not any("started" in line for line in tell(store, capsys)[1])


def test_a_run_without_a_name_says_what_it_comprises_too(store, capsys):
    append({"event": "due", "entries": {score("knn").path: score("knn").labels}})

    code, (_, row, *_) = tell(store, capsys)

    assert code == 0
    assert row.split()[-1] == "1"


def test_watching_ends_when_all_is_done(store, capsys, monkeypatch):
    key = score("knn")
    write_listing(listing_path(store.runs, "mine"), {key.path: key.labels})
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            write(store, key)

    monkeypatch.setattr(time, "sleep", sleep)
    code, lines = tell(store, capsys, "--watch", "0.5")

    assert code == 0
    assert slept == [0.5, 0.5]
    assert [line.split()[-1] for line in lines if line.startswith("data ")] == ["1", "1", "0"]


def test_ctrl_c_ends_watching_quietly(store, capsys, monkeypatch):
    def interrupt(seconds):
        assert seconds == 10
        raise KeyboardInterrupt

    append({"event": "due", "entries": {score("knn").path: score("knn").labels}})
    monkeypatch.setattr(time, "sleep", interrupt)

    assert tell(store, capsys, "--watch")[0] == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_watch_needs_a_time(store, capsys, seconds):
    with pytest.raises(SystemExit):
        status.main(["--results", str(store.results), f"--watch={seconds}"])
    assert "--watch" in capsys.readouterr().err


def test_a_killed_run_leaves_what_it_had_in_hand_to_the_next(command):
    slow = (*SMALL, "protocol=held_out", "name=mine")
    arguments = (*slow, *double("denoiser", "Halve", seconds=120))
    process = command.start("-m", "seed=0,1", *arguments)
    until(lambda: len(command.records()) >= 2, seconds=120)
    journals = command.results / "runs" / "journals"
    until(lambda: sum(f.read_text().count('"begun"') for f in journals.iterdir()) == 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    code, out, _ = command.run(command="status")

    assert code == 0
    rows = {line.split()[1]: line.split()[2:] for line in out.splitlines()[1:3]}
    assert rows == {
        "halve": ["0", "1", "0", "0", "0", "0", "2"],
        "identity": ["1", "0", "0", "0", "0", "0", "1"],
    }
    assert "running: friedman held_out halve, started " in out
