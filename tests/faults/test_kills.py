"""Sweeps that are killed again and again while cells are in flight end as if they had not been."""

import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from experiments.store.long_table import read_long_table
from experiments.store.rows import COSTS
from experiments.store.store import Store
from tests.faults.processes import of_folder, until, worker_of
from tests.support.command import LAUNCHERS, Command

SWEEP = (
    *("-m", "dataset=friedman,seasonal", "dataset.n=300", "seed=0,1", "name=mine"),
    *("denoiser=[identity,pca,denograd]", "regressor=[ridge,knn,xgboost]", "protocol=held_out"),
    *("denoiser.denograd.backbone_epochs=2", "denoiser.denograd.max_epochs=3"),
)
POLITE = {signal.SIGINT, signal.SIGTERM}


def strike(command: Command, process: subprocess.Popen[str], draw: random.Random) -> str:
    """Kill the command in one of the ways in which that happens."""
    how = draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, *POLITE])
    workers = [pid for pid in of_folder(command.results) if pid != process.pid]
    victim = (
        draw.choice(["command", "worker", "any", "all"]) if how == signal.SIGKILL else "command"
    )
    try:
        if victim == "all" or (how == signal.SIGINT and draw.random() < 0.5):
            os.killpg(process.pid, how)
        elif victim == "worker":
            os.kill(worker_of(process.pid) or process.pid, how)
        elif victim == "any" and workers:
            os.kill(draw.choice(workers), how)
        else:
            os.kill(process.pid, how)
    except ProcessLookupError:
        pass
    return how.name


def table(results: Path):
    long = read_long_table(results, "mine")
    # What it cost differs from run to run; what comes out may not.
    return long[[column for column in long.columns if not column.startswith(COSTS)]]


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("kills", [3, pytest.param(110, marks=pytest.mark.endurance)])
def test_a_sweep_that_is_killed_ends_as_if_nothing_had_been(tmp_path, launcher, kills):
    sweep = (*SWEEP, *LAUNCHERS[launcher])
    whole = Command(tmp_path / "whole")
    whole.folder.mkdir()
    status, _, err = whole.run(*sweep)
    assert status == 0, err
    expected = table(whole.results)
    assert len(expected) == 4 * 3 * 3
    draw = random.Random(f"{launcher} {kills}")
    struck: Counter[str] = Counter()
    rounds = 0
    while struck.total() < kills:
        rounds += 1
        command = Command(tmp_path / f"round {rounds}")
        command.folder.mkdir()
        while not attempt(command, sweep, draw, struck, spare=struck.total() >= kills):
            pass
        pd.testing.assert_frame_equal(table(command.results), expected, check_exact=True)
    print(f"{launcher}: {struck.total()} kills in {rounds} sweeps: {dict(struck)}")


def attempt(
    command: Command,
    sweep: tuple[str, ...],
    draw: random.Random,
    struck: Counter[str],
    spare: bool,
) -> bool:
    """Run a sweep until it ends or is killed; whether it ended."""
    journals = command.results / "runs" / "journals"
    known = set(journals.glob("*"))
    process = command.start(*sweep)
    until(lambda: process.poll() is not None or any(map(has_begun, {*journals.glob("*")} - known)))
    try:
        process.wait(timeout=None if spare else draw.uniform(0, 1.5))
    except subprocess.TimeoutExpired:
        struck[strike(command, process, draw)] += 1
    _, err = process.communicate(timeout=240)
    assert process.returncode in (0, -9, -2, -15, 1, 130), err
    until(lambda: of_folder(command.results) == [])
    store = Store(command.results)
    assert {record["status"] for record in store.records()} <= {"ok"}
    assert store.damage == {}
    return process.returncode == 0


def has_begun(journal: Path) -> bool:
    """Whether a cell is in flight, or was."""
    try:
        return '"begun"' in journal.read_text()
    except FileNotFoundError:
        return False
