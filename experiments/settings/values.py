"""Values of a config, held to annotations; a key that nobody knows is an error."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union

from experiments.words import did_you_mean


class ConfigError(ValueError):
    """A key or value of the config is wrong; the message is one sentence for the user."""


def coerce(value: Any, annotation: Any, key: str) -> Any:
    """Return `value` as the annotation wants it, or raise a ConfigError that names the key.

    Knows int, float (also from an int), str, bool, None, Literal, unions, list, tuple and dict.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        for option in arguments:
            try:
                return coerce(value, option, key)
            except ConfigError:
                continue
    elif origin is Literal:
        if value in arguments:
            return value
    elif origin in (list, tuple) and isinstance(value, list):
        if origin is list or arguments[1:] == (Ellipsis,):
            kinds = [arguments[0]] * len(value)
        else:
            kinds = list(arguments)
        if len(kinds) == len(value):
            pairs = zip(value, kinds, strict=True)
            return [coerce(item, kind, f"{key}[{i}]") for i, (item, kind) in enumerate(pairs)]
    elif origin is dict and isinstance(value, dict):
        return {k: coerce(v, arguments[1], f"{key}.{k}") for k, v in value.items()}
    elif annotation in (None, types.NoneType):
        if value is None:
            return None
    elif annotation is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{key}: must be a finite number, not {value}")
    elif annotation is Any or (isinstance(annotation, type) and type(value) is annotation):
        return value
    raise ConfigError(f"{key}: must be {_describe(annotation)}, not {value!r}")


def same(value: Any, other: Any) -> bool:
    """Whether two values of a parameter are equal and of one type, so that 1 is not True."""
    return type(value) is type(other) and bool(value == other)


def _describe(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, arguments))
    if origin in (Union, types.UnionType):
        # What a config cannot say, such as an instance, is no help.
        plain = [o for o in arguments if getattr(o, "__module__", "builtins") == "builtins"]
        return " or ".join(_describe(option) for option in plain)
    if origin is dict:
        return "a mapping"
    if annotation in (None, types.NoneType):
        return "null"
    named = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    return named.get(annotation, str(annotation))


def natural(value: Any, key: str, least: int = 1) -> int:
    """A whole number of at least `least`."""
    number = coerce(value, int, key)
    if number < least:
        raise ConfigError(f"{key}: must be at least {least}, not {number}")
    return number


def refuse_unknown(raw: Mapping[str, Any], known: Iterable[str], prefix: str, where: str) -> None:
    """Raise a ConfigError for a key that is not known, with the nearest one that is."""
    known = list(known)
    for key in raw:
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such key in {where}; {did_you_mean(key, known)}")
