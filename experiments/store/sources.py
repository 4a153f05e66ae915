"""The source of a record: a hash of every project file that computes it.

Followed are the imports at the top of modules, and what a component calls by name; imports for the
sake of types compute nothing. Of a package its own file counts: the plug-ins beside it do not.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from experiments.settings.schema import class_of

_PACKAGES = ("denograd", "baselines", "experiments")
#: What every record goes through, whatever its components.
_ROOTS = ("experiments.runner.compute", "experiments.runner.scoring")
_KINDS = ("dataset", "noise", "denoiser", "regressor")


def source_of(config: dict[str, Any]) -> str:
    """Hash of the present source of what computes a record of this config."""
    return _hash_of(frozenset(roots(config)))


def roots(config: dict[str, Any]) -> Iterator[str]:
    """The modules from which everything that computes a record is reached."""
    yield from _ROOTS
    for kind in _KINDS:
        component = config.get(kind)
        if component:
            yield from _modules_of(kind, component)


def _modules_of(kind: str, component: dict[str, Any]) -> Iterable[str]:
    """The module of a component and those that it calls by name, if it is still there."""
    cls = class_of(kind, component["name"])
    if cls is None:
        return {f"{kind} {component['name']}"}
    named = getattr(cls, "modules_by_name", None)
    return {cls.__module__, *(() if named is None else named(component["params"]))}


def source_hash(modules: Iterable[str]) -> str:
    """Hash the files of modules and of all that they import from this project.

    Modules outside of the project count by name only.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(modules)):
        digest.update(module.encode())
        file = _file(module)
        # A file that was moved meanwhile must not cost a finished result its record.
        if file is not None and file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def closure(modules: Iterable[str]) -> set[str]:
    """The modules and all of this project that they reach."""
    reached: set[str] = set()
    pending = list(modules)
    while pending:
        module = pending.pop()
        if module not in reached:
            reached.add(module)
            pending.extend(_imports(module))
    return reached


_hash_of = cache(source_hash)


@cache
def _file(module: str) -> Path | None:
    if module.partition(".")[0] not in _PACKAGES:
        return None
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        # A name of a module, or a module that is gone.
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


@cache
def _imports(module: str) -> frozenset[str]:
    file = _file(module)
    if file is None:
        return frozenset()
    found: set[str] = set()
    for node in _statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in found if _file(name) is not None)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement, but for what stands below ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        yield child
        yield from _statements(child)
