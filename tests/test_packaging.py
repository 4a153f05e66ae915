"""What is shipped: the packages, their configuration, and a command that runs anywhere."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import denograd

ROOT = Path(__file__).parents[1]
ROOMS = ("denograd", "baselines", "experiments")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def python_packages() -> set[str]:
    """Every folder of the three rooms that can be imported, by its dotted name."""
    folders = (path.parent for room in ROOMS for path in (ROOT / room).rglob("__init__.py"))
    return {".".join(folder.relative_to(ROOT).parts) for folder in folders}


def constraints() -> dict[str, str]:
    """Version by name of `constraints.txt`, names normalised."""
    pairs = (line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    return {normalised(name): version for name, version in pairs}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_is_listed() -> None:
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == python_packages() | {
        "experiments.conf"
    }


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


@pytest.mark.parametrize("extra", ["core", "dev"])
def test_direct_requirements_are_pinned_within_their_bounds(extra: str) -> None:
    project = PYPROJECT["project"]
    lines = project["dependencies"] if extra == "core" else project["optional-dependencies"][extra]
    pins = constraints()
    for requirement in map(Requirement, lines):
        assert normalised(requirement.name) in pins, f"{requirement.name} is not pinned"
        assert Version(pins[normalised(requirement.name)]) in requirement.specifier


def test_the_configuration_is_a_package_in_an_editable_install_too() -> None:
    import experiments.conf

    assert (Path(experiments.conf.__path__[0]) / "config.yaml").is_file()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that no build folder appears in the checkout."""
    source = tmp_path_factory.mktemp("source") / "project"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in (*ROOMS, "conf"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skipped)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", out, source], check=True, timeout=300)
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.slow
class TestWheel:
    def test_carries_name_and_version(self, wheel: Path) -> None:
        assert wheel.name.startswith(f"denograd_repro-{denograd.__version__}-py3-none-any")

    def test_ships_every_module_and_every_config_file_and_nothing_else(self, wheel: Path) -> None:
        shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        code = {
            str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")
        }
        conf = {
            str(Path("experiments", path.relative_to(ROOT)))
            for pattern in ("*.yaml", "__init__.py")
            for path in (ROOT / "conf").rglob(pattern)
        }
        page = {
            str(path.relative_to(ROOT))
            for suffix in ("html", "css", "js")
            for path in (ROOT / "experiments" / "report" / "page").rglob(f"*.{suffix}")
        }
        assert shipped == code | conf | page | {"denograd/py.typed"}

    def test_the_command_answers_away_from_the_checkout(self, wheel: Path, tmp_path: Path) -> None:
        target, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
        elsewhere.mkdir()
        zipfile.ZipFile(wheel).extractall(target)
        where = "import experiments.settings.schema as c; print(c.config_dir())"
        environment = os.environ | {"PYTHONPATH": str(target)}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert run("-c", where).strip() == str(target / "experiments" / "conf")
        answer = run("-m", "experiments", "--help")
        assert "dataset: " in answer
        assert "denograd" in answer
