"""The source of a component: a hash of every project file that its module reaches by imports."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_PACKAGES = ("denograd", "baselines", "experiments")


def source_hash(modules: Iterable[str]) -> str:
    """Hash the files of modules and of all that they import from this project.

    Parameters
    ----------
    modules
        Dotted names; those outside the project count by name only.

    Returns
    -------
    str
        Sixteen hexadecimal digits; changes when any of the files changes.
    """
    reached: set[str] = set()
    pending = list(modules)
    while pending:
        module = pending.pop()
        if module not in reached:
            reached.add(module)
            pending.extend(_imports(module))
    digest = hashlib.sha256()
    for module in sorted(reached):
        digest.update(module.encode())
        for file in _files(module):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _files(module: str) -> tuple[Path, ...]:
    """The files of a module; for a package all of its own, since it may import them by name."""
    if module.partition(".")[0] not in _PACKAGES:
        return ()
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ()
    file = Path(spec.origin)
    files = sorted(file.parent.glob("*.py")) if spec.submodule_search_locations else [file]
    # A file that was moved since the process started must not cost a finished result its record.
    return tuple(path for path in files if path.exists())


@cache
def _imports(module: str) -> frozenset[str]:
    found: set[str] = set()
    for file in _files(module):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.update(_from(node.module, (alias.name for alias in node.names)))
    return frozenset(name for name in found if name.partition(".")[0] in _PACKAGES)


def _from(module: str, names: Iterable[str]) -> Iterable[str]:
    yield module
    if module.partition(".")[0] in _PACKAGES:
        for name in names:
            if importlib.util.find_spec(f"{module}.{name}") if _is_package(module) else False:
                yield f"{module}.{name}"


def _is_package(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.submodule_search_locations is not None
