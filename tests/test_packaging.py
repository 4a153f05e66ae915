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

    def test_its_commands_work_in_an_environment_of_their_own(
        self, wheel: Path, tmp_path: Path
    ) -> None:
        home, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
        elsewhere.mkdir()
        rows = (f"{i**0.5},{i * 7 % 99 / 3},{i**0.5 + i * 7 % 99}\n" for i in range(99))
        (elsewhere / "data.csv").write_text("".join(["a,b,y\n", *rows]))
        unset = {"PYTHONPATH", "DENOGRAD_RESULTS"}
        environment = {k: v for k, v in os.environ.items() if k not in unset}

        def run(*command: object) -> str:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=elsewhere, env=environment | {"OMP_NUM_THREADS": "1"},
                capture_output=True, text=True, timeout=240,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout

        run(sys.executable, "-m", "venv", "--without-pip", home)
        python = home / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
        run(*pip, "--no-index", "--no-deps", wheel)
        # What it depends on is borrowed; the checkout, which may be installed beside it, is not.
        (site,) = (home / "lib").glob("python*/site-packages")
        borrowed = Path(pytest.__file__).parents[1]
        (site / "borrowed.pth").write_text(f"{borrowed}\n")

        where = "import experiments.settings.schema as c; print(c.config_dir())"
        assert run(python, "-c", where).strip() == str(site / "experiments" / "conf")
        assert "usage: denograd" in run(home / "bin" / "denograd", "clean", "--help")
        run(home / "bin" / "denograd", "clean", "data.csv", "--target", "y", "--noise", "10%")
        assert (elsewhere / "data.cleaned.csv").is_file()
        assert "dataset: " in run(python, "-m", "experiments", "--help")
        few = "dataset=csv dataset.file=data.csv dataset.target=y denoiser=identity regressor=ridge"
        run(python, "-m", "experiments", *few.split())
        assert "identity" in run(python, "-m", "experiments", "report")
        assert (elsewhere / "results" / "all" / "report.html").is_file()


def lower_bounds() -> dict[str, Version]:
    """The least version of what the library and the benchmark need, and of the file formats."""
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["parquet"]]
    return {
        normalised(requirement.name): Version(bound.version)
        for requirement in map(Requirement, lines)
        for bound in requirement.specifier
        if bound.operator == ">="
    }


def test_the_lowest_versions_are_the_bounds_of_the_project() -> None:
    lines = (ROOT / "constraints-lowest.txt").read_text().split()
    lowest = {normalised(name): Version(v) for name, v in (line.split("==") for line in lines)}
    # Of xgboost both builds have one version.
    bounds = {k: v for k, v in lower_bounds().items() if k != "xgboost"}
    assert lowest == bounds
