"""The step rules, one per file; a module put here is found by itself.

A rule is given by its name, as an instance, or, where neither can be written (as in YAML), as a
mapping of its name and arguments: ``"gauss-newton"``, ``GaussNewton(eta_y=0.1)``,
``{"name": "gauss-newton", "eta_y": 0.1}``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from denograd.catalogue import Catalogue
from denograd.rules.base import Rule

if TYPE_CHECKING:
    from denograd.rules.calibrated import Calibrated
    from denograd.rules.gauss_newton import GaussNewton
    from denograd.rules.global_ import Global
    from denograd.rules.normalized import Normalized

__all__ = [
    "Calibrated",
    "GaussNewton",
    "Global",
    "Normalized",
    "Rule",
    "RuleLike",
    "given_arguments",
    "make_rule",
    "rule_class",
    "rules",
]

JOINT = "-"
"""Between the words of a rule's name."""

sys.modules[__name__].__class__ = Catalogue

RuleLike: TypeAlias = str | Mapping[str, Any] | Rule
"""A name, a mapping of it and arguments, or an instance."""


def __getattr__(name: str) -> Any:
    # Found in the folder, like every rule: a new one touches no file that others depend on.
    for rule in rules().values():
        if rule.__name__ == name:
            return rule
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def rules() -> dict[str, type[Rule]]:
    """Every rule of this package by its name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for member in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if inspect.isclass(member) and issubclass(member, Rule) and hasattr(member, "name"):
                found[member.name] = member
    return found


def rule_class(rule: RuleLike) -> type[Rule]:
    """The class of a rule.

    Raises
    ------
    ValueError
        When there is no rule of that name, and for a mapping without one.
    """
    if isinstance(rule, Rule):
        return type(rule)
    if isinstance(rule, Mapping):
        if "name" not in rule:
            raise ValueError(f"A rule given as a mapping needs the key 'name', got {dict(rule)}.")
        rule = rule["name"]
    if not isinstance(rule, str) or rule not in rules():
        known = ", ".join(map(repr, sorted(rules())))
        raise ValueError(f"There is no rule {rule!r}; the rules are {known}.")
    return rules()[rule]


def given_arguments(rule: RuleLike) -> dict[str, Any]:
    """What a mapping says of a rule's arguments, or where an instance differs from the defaults."""
    if isinstance(rule, Rule):
        values: dict[str, tuple[Any, Any]]
        values = {field.name: (getattr(rule, field.name), field.default) for field in fields(rule)}
        # Arguments may be arrays, which `!=` compares one by one.
        return {n: value for n, (value, own) in values.items() if not np.array_equal(value, own)}
    if isinstance(rule, Mapping):
        return {key: value for key, value in rule.items() if key != "name" and value is not None}
    return {}


def make_rule(rule: RuleLike, domain: str | None = None, /, **arguments: Any) -> Rule:
    """The rule with the arguments that are not None.

    Parameters
    ----------
    rule : str, mapping or Rule
        One of `rules()`, alone or with arguments of its own.
    domain : {"tabular", "series"}, optional
        What is refined; where it is given, arguments without effect on it are refused too.
    **arguments
        Fields of the rule; an instance takes none.

    Raises
    ------
    TypeError
        For an argument that no rule has.
    ValueError
        For one that has no effect under this rule or on such data, that is given twice or beside
        an instance, and for a wrong value.
    """
    cls, own = rule_class(rule), given_arguments(rule)
    given = {key: value for key, value in arguments.items() if value is not None}
    _refuse_unknown(cls, {**own, **arguments})
    if isinstance(rule, Rule) and given:
        raise ValueError(
            f"{', '.join(given)} has no effect beside an instance of a rule: make it an argument "
            f"of {cls.__name__}."
        )
    if twice := [key for key in given if key in own]:
        raise ValueError(f"{', '.join(twice)} is given twice: inside the rule and beside it.")
    _refuse_idle(cls, domain, own | given)
    return rule if isinstance(rule, Rule) else cls(**own, **given)


def _refuse_unknown(cls: type[Rule], given: Mapping[str, Any]) -> None:
    for key in given:
        if not any(key in known.arguments() for known in (cls, *rules().values())):
            raise TypeError(
                f"There is no argument {key!r}; those of the rule {cls.name!r} are "
                f"{', '.join(cls.arguments())}."
            )


def _refuse_idle(cls: type[Rule], domain: str | None, given: Mapping[str, Any]) -> None:
    for where, known in (("", cls.arguments()), (f" on {domain} data", cls.arguments(domain))):
        idle = [key for key in given if key not in known]
        if idle:
            raise ValueError(
                f"{', '.join(idle)} has no effect under the rule {cls.name!r}{where}; its "
                f"arguments are {', '.join(known)}."
            )
