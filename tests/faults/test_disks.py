"""Disks that are full or read-only, folders without permission, files in the place of folders."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.store.store import Store
from tests.experiments.conftest import SMALL
from tests.support.command import LAUNCHERS, Command

RUN = (*SMALL, "protocol=held_out", "name=mine")
MANY = ("-m", *RUN, f"seed={','.join(map(str, range(12)))}")
COMMANDS = {
    "": MANY,
    "report": ("--experiment", "mine"),
    "archive": ("--allow-dirty", "--experiment", "mine"),
}


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def disk(command: Command) -> Iterator[Path]:
    """The results folder as a disk of its own, of one megabyte."""
    command.results.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(command.results))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nobody but root may mount a disk")
    yield command.results
    subprocess.run(["umount", str(command.results)], check=True)


@pytest.fixture
def without_privileges(command: Command) -> Command:
    """The command held to the permissions of files, even if the tests are run by root."""
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root cannot give up its privileges without setpriv")
        command.prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    return command


def refused(command: Command, name: str, *arguments: str) -> str:
    """Run a command that has to end with status 1 and one sentence; the sentence."""
    status, _, err = command.run(*arguments, command=name)
    assert status == 1, err
    assert "Traceback" not in err
    assert "Logging error" not in err
    told = [line for line in err.splitlines() if line.startswith("experiments")]
    assert len(told) == 1, err
    assert "corruption" in err or err.splitlines() == told
    return told[0]


def fill(disk: Path, free: int = 0) -> Path:
    """Leave no more than some bytes on a disk."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - free)))
    return filler


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_disk_that_becomes_full(disk, command, launcher):
    # Hydra's own files of a job take four pages, its records two.
    filler = fill(disk, free=160_000)

    told = refused(command, "", *MANY, *LAUNCHERS[launcher])

    assert "cannot write: No space left on device" in told
    assert "the same command continues once that is mended" in told
    kept = command.records()
    assert 0 < len(kept) < 24
    store = Store(command.results)
    assert len(list(store.records())) == len(kept)
    assert store.damage == {}
    assert not list((disk / "runs" / "records").rglob(".*"))
    filler.unlink()
    status, _, err = command.run(*MANY)
    assert status == 0, err
    assert kept.items() <= command.records().items()
    assert len(command.records()) == 24


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_is_full_from_the_start(disk, command, name):
    if name:
        assert command.run(*RUN)[0] == 0
    fill(disk)
    before = {path: path.read_bytes() for path in disk.rglob("*.json*")}

    told = refused(command, name, *COMMANDS[name])

    assert "No space left on device" in told
    assert {path: path.read_bytes() for path in before} == before


def test_a_full_disk_costs_no_file_of_a_report_that_is_there(disk, command):
    assert command.run(*RUN)[0] == 0
    assert command.run("--experiment", "mine", command="report")[0] == 0
    before = {path: path.read_bytes() for path in (disk / "mine").iterdir()}
    fill(disk)

    refused(command, "report", "--experiment", "mine")

    assert {path: path.read_bytes() for path in (disk / "mine").iterdir()} == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_is_read_only(disk, command, name):
    assert command.run(*RUN)[0] == 0
    kept = command.records()
    mount("-o", "remount,ro", str(disk))

    told = refused(command, name, *COMMANDS[name])

    assert "cannot write: Read-only file system" in told
    assert command.records() == kept


@pytest.mark.parametrize("place", ["results", "results/runs", "results/runs/records/friedman"])
def test_a_file_in_the_place_of_a_folder(command, place):
    path = command.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")

    told = refused(command, "", *RUN)

    assert "cannot write: " in told
    assert str(path) in told
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["report", "status"])
def test_results_that_are_a_file_have_no_records(command, name):
    command.results.write_text("mine")

    status, _, err = command.run(command=name)

    assert status == 1
    assert "Not a directory" in err
    assert len(err.splitlines()) == 1


def test_a_folder_that_may_not_be_written_to(without_privileges):
    command = without_privileges
    command.results.mkdir(mode=0o555)

    assert "cannot write: Permission denied" in refused(command, "", *RUN)
    assert list(command.results.iterdir()) == []


def test_a_folder_that_may_not_be_read_is_named_and_the_others_count(without_privileges):
    command = without_privileges
    for dataset in ("friedman", "quartic"):
        status, _, err = command.run(f"dataset={dataset}", *SMALL[1:], "protocol=held_out")
        assert status == 0, err
    closed = command.results / "runs" / "records" / "quartic" / "held_out"
    closed.chmod(0)

    status, out, err = command.run(command="status")
    assert status == 1
    assert "2 records" in out
    assert "1 damaged" in out
    assert f"{closed}: damaged and left out: Permission denied" in err
    status, _, err = command.run(command="report")
    assert status == 0
    assert f"{closed}: damaged and left out: Permission denied" in err
    told = refused(command, "", "dataset=quartic", *SMALL[1:], "protocol=held_out")
    assert "cannot write: Permission denied" in told

    closed.chmod(0o755)
    assert command.run(command="status")[0] == 0


def test_a_command_without_a_results_folder_in_its_environment(command):
    """An empty variable is no wish to fill the present folder."""
    command.variables["DENOGRAD_RESULTS"] = ""

    assert command.run(*RUN)[0] == 0

    assert [path.name for path in command.folder.iterdir()] == ["results"]
