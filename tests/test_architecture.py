"""The arrows between the rooms, and imports that a fast command line must not pay for."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
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


def runtime(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement but those below ``if TYPE_CHECKING``, which are never run."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"):
            yield child
            yield from runtime(child)


def imports(
    path: Path, statements: Callable[[ast.AST], Iterator[ast.AST]] = ast.walk
) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that a file imports, wherever in it."""
    for node in statements(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join(filter(None, (*above, node.module)))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def packages(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every import in a file."""
    return ((line, name.partition(".")[0]) for line, name in imports(path))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {package}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, package in packages(path)
        if package in FORBIDDEN[room]
    ]
    assert wrong == []


def test_the_rooms_do_meet() -> None:
    """The check above would pass on empty folders."""
    for room, uses in (("baselines", "denograd"), ("experiments", "denograd")):
        files = (ROOT / room).rglob("*.py")
        assert any(package == uses for path in files for _, package in packages(path))


#: The rooms of the benchmark, and what each may import beside the ground floor; plug-ins are for
#: `runner` and `commands` alone.
ROOMS: dict[str, set[str]] = {
    "settings": set(),
    "store": {"settings"},
    "runner": {"settings", "store"},
    "analysis": set(),
    "report": {"analysis"},
    "commands": {"settings", "store", "runner", "analysis", "report"},
}
PLUG_INS: dict[str, set[str]] = {"datasets": set(), "noise": {"datasets"}, "regressors": set()}
GROUND = {"seeds", "metrics", "words", "files"}


def rooms_imported(path: Path) -> Iterator[str]:
    """The rooms and plug-ins of the benchmark that a file imports, wherever in it."""
    names = (name for _, name in imports(path))
    return (name.split(".")[1] for name in names if name.startswith("experiments."))


@pytest.mark.parametrize("room", [*ROOMS, *PLUG_INS])
def test_arrows_between_the_rooms_of_the_benchmark(room: str) -> None:
    allowed = GROUND | {room} | (ROOMS | PLUG_INS)[room]
    if room in ("runner", "commands"):
        allowed |= PLUG_INS.keys()
    files = sorted((ROOT / "experiments" / room).rglob("*.py"))
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in rooms_imported(path)
        if name not in allowed
    }
    assert files
    assert wrong == set()


def test_the_ground_floor_stands_on_itself() -> None:
    found = {
        f"{name} imports {other}"
        for name in GROUND
        for other in rooms_imported(ROOT / "experiments" / f"{name}.py")
        if other not in GROUND
    }
    assert found == set()
    there = {path.stem for path in (ROOT / "experiments").glob("*.py")}
    assert there == GROUND | {"__init__", "__main__"}


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in FORBIDDEN:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_no_imports_go_in_a_circle() -> None:
    """Imports within functions count too: a circle that they hide is one all the same."""
    known = modules()
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        found = (other for _, other in imports(path, runtime))
        modules_of = {other if other in known else other.rpartition(".")[0] for other in found}
        graph[name] = (modules_of & known.keys()) - {name}
    TopologicalSorter(graph).prepare()


def test_the_page_names_every_room_and_no_other() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    for package, names in (("experiments", [*ROOMS, *PLUG_INS]), ("denograd", [])):
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert folders >= set(names)
        for folder in folders:
            assert f"`{folder}/`" in page, f"{package}/{folder} is not in ARCHITECTURE.md"
    for named in set(re.findall(r"`((?:\w+/)+)`", page)) - {"runs/"}:
        assert any(path.is_dir() for path in ROOT.glob(f"*/**/{named}")) or (ROOT / named).is_dir()


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
