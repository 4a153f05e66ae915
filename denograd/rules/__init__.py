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


def make_rule(name: str, domain: str | None = None, /, **arguments: Any) -> Rule:
    """The rule of this name with the arguments that are not None.

    Parameters
    ----------
    name : str
        One of `rules()`.
    domain : {"table", "series"}, optional
        What is refined; where it is given, arguments without effect on it are refused too.
    **arguments
        Fields of the rule.

    Raises
    ------
    TypeError
        For an argument that no rule has.
    ValueError
        For one that has no effect under this rule or on such data, or a wrong value.
    """
    cls = rule_class(name)
    given = {key: value for key, value in arguments.items() if value is not None}
    for key in arguments:
        if not any(key in rule.arguments() for rule in rules().values()):
            raise TypeError(f"transform has no argument {key!r}.")
    for where, known in (("", cls.arguments()), (f" on a {domain}", cls.arguments(domain))):
        idle = [key for key in given if key not in known]
        if idle:
            raise ValueError(
                f"{', '.join(idle)} has no effect under the rule {name!r}{where}; its arguments "
                f"are {', '.join(known)}."
            )
    return cls(**given)
