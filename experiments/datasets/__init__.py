"""The datasets of the benchmark, one per file; `discover` finds them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.datasets.base import Dataset


def discover() -> dict[str, type[Dataset]]:
    """Return every dataset class of this package by its name, sorted by name.

    One that has to be told what to read is none by itself, and left out.
    """
    from experiments.datasets.base import Dataset

    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            own = cls.__module__ == module.__name__
            if own and issubclass(cls, Dataset) and not inspect.isabstract(cls) and _complete(cls):
                found[cls.name] = cls
    return dict(sorted(found.items()))


def _complete(cls: type) -> bool:
    """Whether a class can be constructed without arguments."""
    parameters = inspect.signature(cls).parameters.values()
    return all(parameter.default is not inspect.Parameter.empty for parameter in parameters)
