"""The step rules, one per file; a module put here is found by itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from denograd.rules.base import Rule

__all__ = ["Rule", "rule_class", "rules"]


@cache
def rules() -> dict[str, type[Rule]]:
    """Every rule of this package by its name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for member in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(member) and issubclass(member, Rule) and hasattr(member, "name"):
                found[member.name] = member
    return found


def rule_class(name: str) -> type[Rule]:
    """The rule of this name.

    Raises
    ------
    ValueError
        When there is none.
    """
    try:
        return rules()[name]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, sorted(rules())))
        raise ValueError(f"There is no rule {name!r}; the rules are {known}.") from None
