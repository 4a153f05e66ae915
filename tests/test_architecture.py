"""The arrows between the rooms, and imports that a fast command line must not pay for."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "denograd": {"hydra", "omegaconf", "experiments", "baselines", "conf"},
    "baselines": {"hydra", "omegaconf", "experiments", "conf"},
    "experiments": {"tests"},
}
HEAVY = {
    "torch",
    "sklearn",
    "scipy",
    "xgboost",
    "PyEMD",
    "matplotlib",
    "pandas",
    "pywt",
    "filterpy",
}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every import in a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = path.relative_to(ROOT).parts[0]
            yield node.lineno, inside if node.level else (node.module or "").partition(".")[0]
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value).partition(".")[0]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {package}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, package in imported(path)
        if package in FORBIDDEN[room]
    ]
    assert wrong == []


def test_the_rooms_do_meet() -> None:
    """The check above would pass on empty folders."""
    for room, uses in (("baselines", "denograd"), ("experiments", "denograd")):
        files = (ROOT / room).rglob("*.py")
        assert any(package == uses for path in files for _, package in imported(path))


def test_the_page_names_every_module_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`(?:\w+/)?(\w+\.py)`", page))
    modules = {path.name for room in FORBIDDEN for path in (ROOT / room).glob("*.py")} - {
        "__init__.py"
    }
    singles = {path.name for path in (ROOT / "baselines").glob("*.py")}
    nested = {path.name for path in ROOT.glob("*/*/*.py")}
    assert modules - singles <= named
    assert named <= modules | nested | {"test_architecture.py"}


def test_the_command_line_imports_nothing_heavy() -> None:
    code = "import sys, experiments.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert set(done.stdout.split()) & HEAVY == set()


def test_the_library_does_not_need_the_benchmark() -> None:
    """`import denograd` must work where only the library's own dependencies are installed."""
    code = (
        "import sys\n"
        "for name in ('hydra', 'omegaconf', 'experiments', 'baselines', 'matplotlib', 'xgboost'):\n"
        "    sys.modules[name] = None\n"
        "import denograd\n"
        "print(denograd.DenoGrad.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.stdout.strip() == "DenoGrad", done.stderr
