"""When the Makefile installs, from where, and what it says when it cannot."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.surroundings import outside_of_make

ROOT = Path(__file__).parents[1]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that make takes for an installed environment; dry runs need no more."""
    folder = tmp_path / "venv"
    folder.mkdir()
    (folder / ".installed").touch()
    return folder


def make(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout."""
    return subprocess.run(
        ["make", *map(str, arguments)],
        cwd=ROOT, env=outside_of_make(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def plan(*arguments: str | Path) -> str:
    """What make would run."""
    done = make("--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_alone_lists_what_it_can_do() -> None:
    listed = make().stdout
    for target in ("reproduce", "test", "lint", "docs", "report", "benchmark", "clean"):
        assert f"make {target} " in listed
    for variable in ("EXPERIMENT", "JOBS", "ARGS", "PYTHON", "TORCH_INDEX", "DENOGRAD_DATA"):
        assert f"{variable}=" in listed


def test_nothing_is_installed_twice(installed: Path) -> None:
    assert "pip install" not in plan("test", f"VENV={installed}")


@pytest.mark.parametrize("newer", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed(installed: Path, newer: str) -> None:
    changed = (ROOT / newer).stat().st_mtime
    os.utime(installed / ".installed", (changed - 1, changed - 1))
    assert "pip install" in plan("test", f"VENV={installed}")


def test_torch_alone_comes_from_its_index(tmp_path: Path) -> None:
    steps = plan("install", f"VENV={tmp_path}/new", "TORCH_INDEX=https://example.org/cpu")
    torch, rest = (step for step in steps.split("pip install")[1:])
    assert "--no-deps --index-url https://example.org/cpu" in torch
    assert "'^torch=='" in torch
    assert "--index-url" not in rest


def test_the_index_of_torch_is_remembered(installed: Path) -> None:
    (installed / ".torch-index").write_text("https://example.org/cpu\n")
    assert "pip install" not in plan("install", f"VENV={installed}")
    os.utime(installed / ".installed", (0, 0))
    again = plan("install", f"VENV={installed}")
    assert "--index-url https://example.org/cpu" in again
    assert "--force-reinstall" not in again


def test_another_index_replaces_torch(installed: Path) -> None:
    (installed / ".torch-index").write_text("https://example.org/cpu\n")
    other = plan("install", f"VENV={installed}", "TORCH_INDEX=https://example.org/gpu")
    assert "--index-url https://example.org/gpu" in other
    assert "--force-reinstall" in other


def test_an_unsupported_interpreter_is_refused(tmp_path: Path) -> None:
    done = make("install", f"VENV={tmp_path}/new", "PYTHON=/bin/false")
    assert done.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13 found as /bin/false." in done.stderr
    assert not (tmp_path / "new").exists()


def test_choices_reach_the_commands(installed: Path) -> None:
    steps = plan("reproduce", f"VENV={installed}", "EXPERIMENT=real", "JOBS=7", "ARGS=seed=3")
    assert "experiment=real" in steps
    assert "hydra.launcher.n_jobs=7 seed=3" in steps
    assert "experiments report --experiment real" in steps
    assert "-n 7" in plan("test", f"VENV={installed}", "JOBS=7")
