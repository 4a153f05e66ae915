"""The key ``split_by``: a job divided into parts, which workers do side by side.

Together they do what the whole does, bit for bit; what several of them need, they share through the
cache. A part is called "2/5": the second of five.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from experiments.settings.schema import Component, Settings
from experiments.settings.values import ConfigError


def part_of(settings: Settings) -> Settings:
    """The settings with what belongs to their part alone; without a part, as they are."""
    if settings.part is None:
        return settings
    if settings.split_by is None:
        raise ConfigError(f"part: {settings.part} of what? say split_by=regressor, for example")
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", settings.part)
    number, of = map(int, found.groups()) if found else (1, 0)
    if number > of:
        raise ConfigError(f"part: must be such as 2/5, the second of five, not {settings.part!r}")
    mine = _groups(settings, settings.split_by)[number - 1 :: of]
    changed: Any = {settings.split_by: tuple(member for group in mine for member in group)}
    return replace(settings, **changed)


def parts(settings: Settings) -> list[str]:
    """The parts into which a job is divided by its key."""
    if settings.split_by is None:
        return []
    of = len(_groups(settings, settings.split_by))
    return [f"{number}/{of}" for number in range(1, of + 1)]


def _groups(settings: Settings, by: str) -> list[list[Any]]:
    """What stays together: variants of one denoiser, and denoisers that share a backbone."""
    members: Sequence[Any] = getattr(settings, by)
    groups: dict[str, list[Any]] = {}
    for member in members:
        name = member.label if isinstance(member, Component) else member
        shares = isinstance(member, Component) and callable(getattr(member.cls, "share", None))
        groups.setdefault("" if shares else name, []).append(member)
    return list(groups.values())
