"""The step rules, one per file; a module put here is found by itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

from denograd.rules.base import Rule

__all__ = ["Rule", "make_rule", "rule_class", "rules"]


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


def make_rule(name: str, **arguments: Any) -> Rule:
    """The rule of this name with the arguments that are not None.

    Raises
    ------
    TypeError
        For an argument that no rule has.
    ValueError
        For one that has no effect under this rule, or a wrong value.
    """
    cls = rule_class(name)
    given = {key: value for key, value in arguments.items() if value is not None}
    for key in arguments:
        if not any(key in rule.arguments() for rule in rules().values()):
            raise TypeError(f"transform has no argument {key!r}.")
    idle = [key for key in given if key not in cls.arguments()]
    if idle:
        raise ValueError(
            f"{', '.join(idle)} has no effect under the rule {name!r}; its arguments are "
            f"{', '.join(cls.arguments())}."
        )
    return cls(**given)
