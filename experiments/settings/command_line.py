"""Checking a command line before anything is launched: a slip costs a second, not a sweep."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.settings.composer import Composer, refuse_lists
from experiments.settings.schema import config_dir
from experiments.settings.values import ConfigError
from experiments.words import did_you_mean, why_no_name

#: Members of Hydra's own groups that come with an extra of this project.
_EXTRAS = {
    "optuna": "tune",
    "joblib": "parallel",
    "submitit_local": "slurm",
    "submitit_slurm": "slurm",
    "ray": "ray",
}
#: Of what Hydra sweeps with by itself.
BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


def check_command_line(overrides: Sequence[str], multirun: bool) -> None:
    """Compose every distinct setting of a command line and check it against the schema.

    Of a sweep, the first job is checked, and each further value of each swept key beside it: the
    sum of the values, not their product. An experiment file may ask for a sweep too. The
    ConfigError for a slip is one sentence that names the key.
    """
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        for key in ("report", "stand_ins"):
            if any(override.key_or_group == key for override in _parse(overrides)):
                raise ConfigError(
                    f"{key}: a run writes no report; say it in conf/experiment/NAME.yaml, where "
                    "`python -m experiments report --experiment NAME` looks it up"
                )
        fixed, swept = _split(overrides)
        # What is no list of values is for another sweeper than Hydra's own to draw from.
        first = [values[0] for values in swept.values() if values]
        base = _compose([*fixed, *first])
        multirun = multirun or str(base.hydra.mode) == "RunMode.MULTIRUN"
        if swept and not multirun:
            raise ConfigError(f"{next(iter(swept))}: several values need -m (--multirun)")
        if "name" in swept:
            raise ConfigError("name: one run has one name; several would share its records anyway")
        drawn = [key for key, values in swept.items() if not values]
        of_basic = base.hydra.sweeper._target_ == BASIC_SWEEPER
        if of_basic and drawn:
            raise ConfigError(f"{drawn[0]}: only a search draws values, such as experiment=tune")
        if base.scored_rows == "validation" and not of_basic:
            _refuse_other_keys(_swept_keys(base, swept))
        composer = Composer(_compose, GlobalHydra.instance().config_loader())
        jobs = [first]
        if multirun and of_basic:
            jobs = _one_at_a_time(_swept_keys(base, swept))
        for lines in jobs:
            composer.settings([*fixed, *lines])


def _refuse_other_keys(keys: Iterable[str]) -> None:
    """Refuse a search over anything but parameters of a denoiser: the easiest data would win."""
    for key in keys:
        if not key.startswith("denoiser."):
            raise ConfigError(
                f"{key}: a search is over parameters of a denoiser, such as denoiser.denograd.nrr; "
                f"give one {key}, and run a search for each"
            )


def sweep_size(config: DictConfig) -> int | None:
    """The number of jobs of a sweep, or None where the sweeper decides as it goes."""
    if config.hydra.sweeper._target_ != BASIC_SWEEPER:
        n_trials: int | None = config.hydra.sweeper.get("n_trials")
        return n_trials
    _, swept = _split(config.hydra.overrides.task)
    return math.prod(len(values) for values in _swept_keys(config, swept).values())


def _swept_keys(config: DictConfig, swept: dict[str, list[str]]) -> dict[str, list[str]]:
    """Swept keys of the experiment file and of the command line, which overrides the former."""
    params = config.hydra.sweeper.get("params") or {}
    lines = [f"{key}={value}" for key, value in params.items()]
    of_file = {}
    for override in _parse(lines):
        of_file[override.key_or_group] = _values(override)
    fixed = {o.key_or_group for o in _parse(config.hydra.overrides.task)}
    return {key: v for key, v in of_file.items() if key not in fixed} | swept


def _one_at_a_time(swept: dict[str, list[str]]) -> list[list[str]]:
    first = {key: values[0] for key, values in swept.items()}
    others = [first | {key: value} for key, values in swept.items() for value in values[1:]]
    return [list(lines.values()) for lines in (first, *others)]


def _split(overrides: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    fixed, swept = [], {}
    for override in _parse(overrides):
        if override.is_sweep_override():
            swept[override.key_or_group] = _values(override)
        else:
            fixed.append(str(override.input_line))
    return fixed, swept


def _parse(overrides: Sequence[str]) -> list[Override]:
    # It lists the options of a group, for `glob`.
    loader = GlobalHydra.instance().config_loader()
    parser = OverridesParser.create(config_loader=loader)
    found = []
    for text in overrides:
        try:
            found += parser.parse_overrides([text])
        except HydraException as error:
            raise ConfigError(_unreadable(text)) from error
    return found


def _unreadable(override: str) -> str:
    """One sentence for what Hydra's grammar has no place for."""
    key, is_pair, value = (part.strip() for part in override.partition("="))
    if not is_pair:
        return f"{override!r} is no override: write key=value, for example seed=1"
    plain = f"{key}={value}"
    if plain != override and re.fullmatch(r"[\w./@+~-]+=[\w.,+-]*", plain, flags=re.ASCII):
        return f"{override!r} is no override: write it without spaces, {plain}"
    if key == "name" and (why := why_no_name(value)):
        return f"name: {why}"
    return (
        f"{key}: {value!r} cannot be read; where it is meant as text, quote it twice: "
        f"""'{key}="{value}"'"""
    )


def _values(override: Override) -> list[str]:
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        return []
    values = [f"{key}={value}" for value in override.sweep_string_iterator()]
    if not values:
        raise ConfigError(f"{key}: no option fits {override.value()}")
    return values


def _compose(overrides: Sequence[str]) -> DictConfig:
    try:
        found = compose("config", overrides=list(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(sentence(error)) from error
    refuse_lists(found.hydra.runtime.choices)
    return found


def sentence(error: Exception) -> str:
    """One sentence for the user out of Hydra's paragraph."""
    text = str(error)
    if found := re.search(r"Could not override '([^']+)'", text):
        key = found[1]
        parent, _, name = key.rpartition(".")
        cause = error.__cause__
        siblings: list[str] = []
        node = getattr(cause, "parent_node", None)
        if node is not None and OmegaConf.is_dict(node):
            siblings = [str(k) for k in node]
        where = parent or "the config"
        return f"{key}: no such key in {where}; {did_you_mean(name, siblings)}"
    if found := re.search(r"Could not (?:find|load) '([^']+)/([^'/]*)'", text):
        group, name = found.groups()
        if group.startswith("hydra/") and name in _EXTRAS:
            return (
                f"{group}: {name!r} needs an extra: pip install 'denograd-repro[{_EXTRAS[name]}]'"
            )
        options = re.findall(r"^\t(\S+)$", text, flags=re.MULTILINE)
        # Of a member of a list Hydra does not tell them.
        options = options or sorted(file.stem for file in (config_dir() / group).glob("*.yaml"))
        return f"{group}: there is no {name!r}; {did_you_mean(name, options)}"
    return " ".join(text.split())
