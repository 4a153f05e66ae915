"""Finding the plug-ins of a package, as contract tests do."""

import importlib
import inspect
import pkgutil
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
