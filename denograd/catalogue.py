"""Packages of plug-ins, one per public module, which are listed without importing any.

Such a package says what there is when it is called: ``denograd.rules()``.
"""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType


class Catalogue(ModuleType):
    """The class of a package that can be called.

    A package makes itself one: Python lets a module's ``__class__`` be set to a subclass.
    """

    def __call__(self) -> dict[str, str]:
        """Return in a line what each plug-in is, by its name."""
        return described(Path(self.__path__[0]), vars(self).get("JOINT", "_"))


def described(folder: Path, joint: str = "_") -> dict[str, str]:
    """Return the first line of the docstring of each plug-in in a folder, by its name.

    Parameters
    ----------
    folder : Path
        Its modules are plug-ins, but for ``base`` and those that begin with an underscore.
    joint : str
        Between the words of a name; an underscore at the end of a module's is no part of it.
    """
    return {name: _first_line(file) for name, file in named(folder, joint).items()}


def named(folder: Path, joint: str = "_") -> dict[str, Path]:
    """Return the module of each plug-in in a folder, by its name as `described` has it, unread."""
    found = sorted(file for file in folder.glob("[!_]*.py") if file.stem != "base")
    return {file.stem.rstrip("_").replace("_", joint): file for file in found}


def _first_line(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.partition("\n")[0].rstrip(".")
