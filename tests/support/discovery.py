"""Finding the plug-ins of a package, as contract tests do."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any


def concrete(package: ModuleType, base: type) -> list[Any]:
    """Every subclass of a base class that a module of the package defines and that can be built."""
    modules = (
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    )
    return [
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, base)
        and not inspect.isabstract(member)
        and member.__module__ == module.__name__
    ]


def lacks(cls: type, what: str, write: str) -> str:
    """Say what a plug-in lacks, in which file, and what to write there."""
    file = Path(inspect.getfile(cls)).relative_to(Path(__file__).parents[2])
    return f"{file}: {cls.__name__} lacks {what}; write {write}"


def draws_freely(cls: type) -> str:
    """Say that the results of a plug-in are not decided by its seed."""
    return lacks(
        cls,
        "a seed, for a second fit gives other results",
        "`random_state` into its constructor, and draw every random number from it",
    )
