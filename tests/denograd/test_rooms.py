"""The arrows between the rooms of the library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import denograd

HOME = Path(denograd.__file__).parent
FACES = {"denoiser", "estimator", "base"}
FORBIDDEN = {
    "refinement": {"rules", "training", "cleaning", "inputs", *FACES},
    "rules": {"training", "cleaning", "networks", "inputs", *FACES},
    "networks": {"rules", "training", "cleaning", "inputs", *FACES},
    "training": {"rules", "cleaning", "inputs", *FACES},
}


def imported(path: Path) -> Iterator[str]:
    """The rooms, or files outside one, that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("denograd."))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_point_one_way(room: str) -> None:
    files = sorted((HOME / room).rglob("*.py"))
    assert len(files) > 1
    wrong = [f"{f.name} imports {name}" for f in files for name in imported(f)]
    assert [line for line in wrong if line.split()[-1] in FORBIDDEN[room]] == []


def test_nothing_depends_on_the_command() -> None:
    """Only the door names `clean`, and imports it when it is called."""
    others = [f for f in HOME.rglob("*.py") if f.parts[len(HOME.parts)] not in ("cleaning",)]
    users = {f.name for f in others if "cleaning" in imported(f)}
    assert users == {"__init__.py", "__main__.py"}
