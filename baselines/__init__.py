"""What DenoGrad is compared with: one denoiser per file, found by its place in this folder."""

import importlib
import inspect
import pkgutil

from denograd.base import BaseDenoiser


def discover() -> dict[str, type[BaseDenoiser]]:
    """Return the denoiser of every module of this package, by module name.

    Raises
    ------
    TypeError
        When a module does not define exactly one public denoiser.
    """
    found: dict[str, type[BaseDenoiser]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        classes = [
            member
            for name, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, BaseDenoiser)
            and member.__module__ == module.__name__
            and not name.startswith("_")
        ]
        if len(classes) != 1:
            raise TypeError(
                f"{module.__name__} must define exactly one public denoiser, found {len(classes)}"
            )
        found[module_info.name] = classes[0]
    return found
