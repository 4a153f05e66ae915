"""Wherever jobs run, and whatever ends them there, the numbers are those of one quiet process."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.conftest import double
from tests.faults.processes import of_folder, until
from tests.faults.test_kills import table
from tests.slurm.one_node import PROGRAMS
from tests.support.command import ROOT, Command

#: Set where a missing Slurm is a failure, not a reason to skip.
REQUIRED = "DENOGRAD_REQUIRE_SLURM"
#: What the page on clusters tells to type, by launcher.
PAGE = (ROOT / "docs" / "scale.rst").read_text().replace("\\\n", "")
COMMANDS = {
    (re.findall(r"hydra/launcher=(\w+)", line) or ["basic"])[0]: shlex.split(line)
    for line in re.findall(r"python -m experiments (-m .*profile=quick.*)", PAGE)
}
#: On less data; the last score of each of two cells may have to wait.
SMALL = (
    *("dataset.n=300", "protocol=held_out", "denoiser=[identity,denograd]", "name=mine"),
    *("regressor=[ridge,xgboost]", "denoiser.denograd.max_epochs=3"),
)
#: The shortest limit that Slurm has, and a signal that comes up to 30 s earlier than it says, but
#: once the process has started.
LIMIT = {"submitit_slurm": ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=10")}
#: Not in every environment.
PLUGINS = {"submitit_local": "submitit", "submitit_slurm": "submitit", "ray": "ray"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slurm() -> Iterator[str]:
    """The path of the configuration of a Slurm of one node."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    unless = pytest.fail if os.environ.get(REQUIRED) else pytest.skip
    if missing := [program for program in PROGRAMS if not shutil.which(program, path=path)]:
        unless(
            f"needs {', '.join(missing)} (Debian: apt-get install slurmctld slurmd slurmdbd "
            "slurm-client munge mariadb-server)"
        )
    node = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "slurm" / "one_node.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PATH": path},
        text=True,
        # Ctrl-C ends the tests, and their end this.
        start_new_session=True,
    )
    try:
        config = node.stdout.readline().strip()
        if not config:
            unless(f"Slurm does not start: {node.stderr.read()}")
        yield config
    finally:
        node.communicate()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a folder makes jobs wait: one path, since it is part of what they compute."""
    return tmp_path_factory.mktemp("waits") / "waiting"


@pytest.fixture
def waiting(gate: Path) -> Iterator[Path]:
    """While this folder is there, jobs wait, each with the number of its process in it."""
    gate.mkdir()
    yield gate
    shutil.rmtree(gate, ignore_errors=True)


@pytest.fixture(scope="module")
def small(gate: Path) -> tuple[str, ...]:
    """What makes a command of the page quick, and lets its jobs wait."""
    return (*SMALL, *double("regressor", "Waits", while_exists=gate))


@pytest.fixture(scope="module")
def expected(small: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What a sweep gives in one process that nothing disturbs."""
    command = Command(tmp_path_factory.mktemp("quiet"))
    status, _, err = command.run(*COMMANDS["basic"], *small)
    assert status == 0, err
    return table(command.results)


@pytest.fixture(params=[name for name in COMMANDS if name != "basic"])
def launcher(request: pytest.FixtureRequest, command: Command) -> Iterator[str]:
    """A launcher that this machine has, ready for the command."""
    name = request.param
    needed = name == "submitit_slurm" and os.environ.get(REQUIRED)
    if name in PLUGINS and not needed:
        pytest.importorskip(f"hydra_plugins.hydra_{PLUGINS[name]}_launcher")
    if name == "ray":
        # It leaves files there.
        command.variables |= {"HOME": str(command.folder), "RAY_USAGE_STATS_ENABLED": "0"}
    if name == "submitit_slurm":
        command.variables["SLURM_CONF"] = request.getfixturevalue("slurm")
    # Without its Slurm a command would wait for ever, should these tests be killed.
    command.prefix = ("timeout", "400")
    yield name
    for process in of_folder(command.results):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def sweep(launcher: str, small: tuple[str, ...]) -> tuple[str, ...]:
    """The command of the page, made quick."""
    return (*COMMANDS[launcher], *small)


def test_a_job_that_is_killed_or_hits_its_limit_changes_no_bit(
    command, launcher, sweep, waiting, expected
):
    process = command.start(*sweep, *LIMIT.get(launcher, ()))
    until(lambda: len([*waiting.iterdir()]) == 2 or process.poll() is not None)
    victim, *_ = waiting.iterdir()
    os.kill(int(victim.name), signal.SIGKILL)
    if launcher == "submitit_slurm":
        # The other is requeued at its limit.
        until(lambda: len([*waiting.iterdir()]) == 3, seconds=240)
    kept = command.records()
    shutil.rmtree(waiting)
    _, err = process.communicate(timeout=120)

    assert process.returncode == (0 if launcher == "ray" else 1), err
    if launcher != "ray":
        died = {"submitit_slurm": r"job \d+_\d, FAILED", "submitit_local": r"job \d+, \w+"}
        assert re.search(
            rf"a worker died \({died.get(launcher, '.+')}\) while at (friedman|quartic) ", err
        )
    assert "failed" not in err
    assert kept

    status, _, err = command.run(*sweep)

    assert status == 0, err
    assert kept.items() <= command.records().items()
    pd.testing.assert_frame_equal(table(command.results), expected, check_exact=True)
    until(lambda: of_folder(command.results) == [])


@pytest.mark.parametrize("launcher", ["submitit_local", "submitit_slurm"], indirect=True)
def test_jobs_of_a_command_that_is_interrupted_are_cancelled(command, launcher, sweep, waiting):
    process = command.start(*sweep)
    until(lambda: len([*waiting.iterdir()]) == 2 or process.poll() is not None)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "interrupted: what was finished is kept" in err
    until(lambda: of_folder(command.results) == [])
