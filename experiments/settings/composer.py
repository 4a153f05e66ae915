"""Configs of a sweep, composed once per choice of groups: what else differs is a value.

Composing takes Hydra as long as a hundred jobs take whose values are put into what was composed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, open_dict

from experiments.settings.compose import to_settings
from experiments.settings.schema import Settings
from experiments.settings.values import ConfigError

#: Groups of which a run has one member, with an example of a sweep over two.
_ONE = {
    "dataset": "quartic,friedman",
    "noise": "gaussian,drift",
    "profile": "quick,cpu",
    "experiment": "ablation_eta,ablation_tau",
}


class Composer:
    """The configs and settings of jobs, by their overrides.

    What Hydra refuses is its exception, what the schema refuses a ConfigError.

    Parameters
    ----------
    compose
        Lets Hydra compose overrides, its own node included.
    loader
        Knows the groups.
    """

    def __init__(self, compose: Callable[[list[str]], DictConfig], loader: ConfigLoader) -> None:
        self._compose = compose
        self._is_group = cache(lambda key: bool(loader.get_group_options(key)))
        parser = OverridesParser.create(config_loader=loader)
        self._parse = cache(lambda text: parser.parse_overrides([text])[0])
        self._whole: dict[tuple[str, ...], DictConfig] = {}
        self._without_hydra: dict[tuple[str, ...], DictConfig] = {}

    def config(self, overrides: Sequence[str]) -> DictConfig:
        """The config of a job as Hydra composes it."""
        choice, values = self._divided(overrides)
        config = copy.deepcopy(self._whole[choice])
        ConfigLoaderImpl._apply_overrides_to_config(values, config)
        of_task = [o for o in map(self._parse, overrides) if not o.is_hydra_override()]
        config.hydra.overrides.task = [override.input_line for override in of_task]
        config.hydra.job.override_dirname = get_overrides_dirname(
            of_task, **config.hydra.job.config.override_dirname
        )
        return config

    def settings(self, overrides: Sequence[str]) -> Settings:
        """The settings of a job, checked."""
        choice, values = self._divided(overrides)
        if choice not in self._without_hydra:
            refuse_lists(self._whole[choice].hydra.runtime.choices)
            self._without_hydra[choice] = without_hydra(self._whole[choice])
        # Each job of this choice sets what the one before it has set.
        config = self._without_hydra[choice]
        ConfigLoaderImpl._apply_overrides_to_config(values, config)
        return to_settings(config)

    def _divided(self, overrides: Sequence[str]) -> tuple[tuple[str, ...], list[Override]]:
        """What jobs have in common of which the config was composed, and the values beside it."""
        parsed = [self._parse(text) for text in overrides]
        values = self._values(parsed)
        choice = tuple(
            override.key_or_group if override in values else str(override.input_line)
            for override in parsed
        )
        if choice not in self._whole:
            self._whole[choice] = self._compose(list(overrides))
        return choice, values

    def _values(self, overrides: Sequence[Override]) -> list[Override]:
        """Those that give a key of the config a value, whatever the others say."""
        keys = [override.key_or_group for override in overrides]
        return [
            override
            for override in overrides
            if override.type is OverrideType.CHANGE
            and override.package is None
            # Mappings are merged.
            and not isinstance(override.value(), dict)
            and not override.is_hydra_override()
            and not self._is_group(override.key_or_group)
            and sum(_overlap(key, override.key_or_group) for key in keys) == 1
        ]


def _overlap(key: str, other: str) -> bool:
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def without_hydra(config: DictConfig) -> DictConfig:
    """A copy of a composed config without Hydra's own node."""
    config = copy.deepcopy(config)
    with open_dict(config):
        del config["hydra"]
    return config


def refuse_lists(choices: Mapping[str, Any]) -> None:
    """Refuse several members of a group of which a run has one: Hydra would merge them.

    Parameters
    ----------
    choices
        Hydra's ``runtime.choices``, in which a group of several has no place.

    Raises
    ------
    ConfigError
        That names the group, and how to run each.
    """
    for group, example in _ONE.items():
        if group not in choices:
            raise ConfigError(
                f"{group}: a run has one; for a run of each, separate them by commas without "
                f"brackets: -m {group}={example}"
            )
