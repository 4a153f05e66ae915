"""The datasets of the benchmark, one per file; `discover` finds them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.datasets.base import Dataset


def discover() -> dict[str, type[Dataset]]:
    """Return every dataset class of this package by its name, sorted by name."""
    from experiments.datasets.base import Dataset

    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            own = cls.__module__ == module.__name__
            if own and issubclass(cls, Dataset) and not inspect.isabstract(cls):
                found[cls.name] = cls
    return dict(sorted(found.items()))
