"""From a composed Hydra config to plain, checked settings.

No ``DictConfig`` goes deeper than this module. A component (dataset, noise, denoiser, regressor)
is named by ``_target_``; its constructor's annotated signature is the schema of its other keys.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.names import why_no_name

# Constructor parameters that a run fills in for every component; they are not keys of a component.
CONTEXT = frozenset({"domain", "window_size", "horizon", "random_state", "device", "progress"})

# Parameters that say how work is done, not what comes out.
NOT_IDENTITY = frozenset({"n_jobs"})


class ConfigError(ValueError):
    """A key or value of the config is wrong; the message is one sentence for the user."""


@dataclass(frozen=True)
class Component:
    """A dataset, noise, denoiser or regressor as the config names it.

    Attributes
    ----------
    label
        The name that tables print.
    target
        Dotted path of the class.
    params
        Every constructor argument that is a config key, defaults filled in.
    """

    label: str
    target: str
    params: dict[str, Any]

    @property
    def cls(self) -> type:
        """The class that `target` names."""
        return import_target(self.target, self.label)

    def build(self, **context: Any) -> Any:
        """Construct the component; context arguments are passed where its signature has them."""
        known = _signature(self.cls)
        return self.cls(**self.params, **{k: v for k, v in context.items() if k in known})

    def under(self, protocol: str) -> Component:
        """Return the component as a protocol wants it, where its class makes a difference.

        A class says so in `by_protocol`: parameter to protocol to the value that None stands for.
        """
        choices: Mapping[str, Mapping[str, Any]] = getattr(self.cls, "by_protocol", {})
        chosen = {name: of.get(protocol) for name, of in choices.items()}
        open_ = {k: v for k, v in chosen.items() if self.params[k] is None}
        return replace(self, params=self.params | open_)

    def identity(self) -> dict[str, Any]:
        """What of this component decides its results: class, parameters and revision.

        A class may declare ``neutral``: the value of a parameter that was added later under which
        the result is what it was before. Such a parameter is left out, so that records made
        without it stay valid.
        """
        neutral: Mapping[str, Any] = getattr(self.cls, "neutral", {})
        params = {
            k: v
            for k, v in self.params.items()
            if k not in NOT_IDENTITY and not (k in neutral and _same(v, neutral[k]))
        }
        return {"target": self.target, "params": params, "revision": self.cls.revision}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Profile:
    """A cost profile: bounds on rows and on parameters such as epochs.

    Attributes
    ----------
    name
        Printed beside every table.
    max_rows
        Tables keep a random sample of this size in file order, series their first rows; None keeps
        all. A number for both, or one per domain.
    max_columns
        Inputs kept of the widest sets, a random sample in file order; None keeps all.
    caps
        Parameter name to the largest value that any denoiser or regressor may use; under the name
        of a denoiser or regressor, what counts for that one instead.
    """

    name: str = "paper"
    max_rows: int | dict[str, int] | None = None
    max_columns: int | None = None
    caps: dict[str, float | dict[str, float]] | None = None

    def rows_of(self, domain: str) -> int | None:
        """The most rows of a dataset of a domain."""
        return self.max_rows.get(domain) if isinstance(self.max_rows, dict) else self.max_rows

    def bounded(self, label: str, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a component, none above its cap."""
        caps = self.caps or {}
        own = caps.get(label)
        for_all = {name: cap for name, cap in caps.items() if not isinstance(cap, dict)}
        largest = for_all | (own if isinstance(own, dict) else {})
        capped = {
            name: type(params[name])(min(params[name], cap))
            for name, cap in largest.items()
            if params.get(name) is not None
        }
        return params | capped


@dataclass(frozen=True)
class Settings:
    """One run: one corruption and what is done with it."""

    dataset: Component
    noise: Component
    denoiser: tuple[Component, ...]
    regressor: tuple[Component, ...]
    protocol: tuple[str, ...]
    profile: Profile
    seed: int
    seeds_per_domain: dict[str, int] | None
    target: Literal["as_is", "permuted"]
    window_size: int
    horizon: int
    device: str | None
    results: Path
    name: str | None
    report: tuple[str, ...] | None
    missing_data: Literal["fail", "leave_out"]


def config_dir() -> Path:
    """Folder of the Hydra config: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def import_target(path: str, key: str) -> type:
    """Import the class that a dotted path names, or raise a ConfigError that names the key."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {first_line(error)}"
        raise ConfigError(f"{key}._target_: cannot import {path!r} ({why})") from error
    if not inspect.isclass(found):
        raise ConfigError(f"{key}._target_: {path!r} is not a class")
    return found


def to_settings(config: DictConfig) -> Settings:
    """Check a composed config and turn it into plain settings.

    Parameters
    ----------
    config
        What Hydra composed, without the ``hydra`` node.

    Returns
    -------
    Settings
        Plain dataclasses and built-in types only.

    Raises
    ------
    ConfigError
        For an unknown key (with the nearest known one), a missing one or a value of the wrong type.
    """
    try:
        raw: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key or 'config'}: {first_line(error)}") from error
    _refuse_unknown(raw, [*(f.name for f in fields(Settings)), "vary"], "", "the config")
    # An empty list of options leaves no key at all.
    raw = {"denoiser": None, "regressor": None, "vary": None} | raw
    missing = [f.name for f in fields(Settings) if f.name not in raw]
    if missing:
        raise ConfigError(f"{missing[0]}: required, but not in the config")
    from experiments.vary import variants

    profile = _profile(raw["profile"])
    return Settings(
        dataset=_checked(_component(raw["dataset"], "dataset", label_key="name"), "dataset"),
        noise=_checked(_component(raw["noise"], "noise"), "noise"),
        denoiser=tuple(
            _checked(component, f"denoiser.{component.label}")
            for component in variants(
                raw["vary"], _components(raw["denoiser"], "denoiser", profile)
            )
        ),
        regressor=_components(raw["regressor"], "regressor", profile),
        protocol=_protocols(raw["protocol"]),
        profile=profile,
        seed=_natural(raw["seed"], "seed", least=0),
        seeds_per_domain=coerce(raw["seeds_per_domain"], dict[str, int] | None, "seeds_per_domain"),
        target=coerce(raw["target"], Literal["as_is", "permuted"], "target"),
        window_size=_natural(raw["window_size"], "window_size"),
        horizon=_natural(raw["horizon"], "horizon"),
        device=coerce(raw["device"], str | None, "device"),
        results=Path(coerce(raw["results"], str, "results")).absolute(),
        name=_name(raw["name"]),
        report=report_names(raw["report"]),
        missing_data=coerce(raw["missing_data"], Literal["fail", "leave_out"], "missing_data"),
    )


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


def report_names(raw: Any) -> tuple[str, ...] | None:
    """The outputs that the key ``report`` names, or None for the standard ones.

    Raises
    ------
    ConfigError
        If it is no list of names, or there is no output of a name.
    """
    from experiments.outputs import OUTPUTS

    names = coerce(raw, list[str] | None, "report")
    for name in names or ():
        if name not in OUTPUTS:
            raise ConfigError(f"report: no such output {name!r}; {did_you_mean(name, OUTPUTS)}")
    return None if names is None else tuple(dict.fromkeys(names))


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its type where it has none."""
    try:
        lines = str(error).strip().splitlines()
    except Exception as problem:
        return f"its message cannot be made ({type(problem).__name__})"
    return (lines or [type(error).__name__])[0]


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known key, or all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"


def _same(value: Any, other: Any) -> bool:
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


def _natural(value: Any, key: str, least: int = 1) -> int:
    number = coerce(value, int, key)
    if number < least:
        raise ConfigError(f"{key}: must be at least {least}, not {number}")
    return number


def _refuse_unknown(raw: Mapping[str, Any], known: Iterable[str], prefix: str, where: str) -> None:
    known = list(known)
    for key in raw:
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such key in {where}; {did_you_mean(key, known)}")


def schema_of(cls: type) -> dict[str, tuple[Any, Any]]:
    """The parameters of a component that are keys of its config, as (annotation, default)."""
    return {k: v for k, v in _signature(cls).items() if k not in CONTEXT}


@cache
def _signature(cls: type) -> dict[str, tuple[Any, Any]]:
    """Parameter name to (annotation, default) of a constructor."""
    hints = typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    parameters = list(inspect.signature(cls).parameters.values())
    return {p.name: (hints.get(p.name, Any), p.default) for p in parameters}


def _component(
    raw: Any, key: str, label_key: str | None = None, profile: Profile | None = None
) -> Component:
    if not isinstance(raw, dict) or "_target_" not in raw:
        raise ConfigError(f"{key}: needs `_target_`, the dotted path of a class")
    given = dict(raw)
    target = coerce(given.pop("_target_"), str, f"{key}._target_")
    cls = import_target(target, key)
    label = str(given.pop(label_key, cls.__name__)) if label_key else key.rpartition(".")[2]
    schema = schema_of(cls)
    _refuse_unknown(given, schema, f"{key}.", cls.__name__)
    params = {}
    for name, (annotation, default) in schema.items():
        if name in given:
            params[name] = coerce(given[name], annotation, f"{key}.{name}")
        elif default is inspect.Parameter.empty:
            raise ConfigError(f"{key}.{name}: required by {cls.__name__}, but not in the config")
        else:
            params[name] = list(default) if isinstance(default, tuple) else default
    return Component(label, target, profile.bounded(label, params) if profile else params)


def _checked(component: Component, key: str) -> Component:
    """Let a class refuse values that its annotations allow."""
    try:
        built = component.build()
        # What scikit-learn's rules keep out of the constructor of a denoiser is checked here.
        getattr(built, "check_config", lambda: None)()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {first_line(error)}") from error
    return component


def _components(raw: Any, key: str, profile: Profile) -> tuple[Component, ...]:
    if not isinstance(raw, dict) or not raw:
        raise ConfigError(f"{key}: name at least one, for example `{key}=[{_example(key)}]`")
    return tuple(_component(v, f"{key}.{k}", profile=profile) for k, v in raw.items())


def _example(key: str) -> str:
    return {"denoiser": "identity,denograd", "regressor": "ridge,knn"}[key]


def _profile(raw: Any) -> Profile:
    if not isinstance(raw, dict):
        raise ConfigError("profile: must be a mapping with name, max_rows, max_columns and caps")
    _refuse_unknown(raw, [f.name for f in fields(Profile)], "profile.", "a profile")
    values: dict[str, Any] = {"name": "paper", "max_rows": None, "max_columns": None} | raw
    max_columns = values["max_columns"]
    return Profile(
        name=coerce(values["name"], str, "profile.name"),
        max_rows=_max_rows(values["max_rows"]),
        max_columns=None if max_columns is None else _natural(max_columns, "profile.max_columns"),
        caps=_caps(values.get("caps")),
    )


def _name(raw: Any) -> str | None:
    name: str | None = coerce(raw, str | None, "name")
    why_not = None if name is None else why_no_name(name)
    if why_not is not None:
        raise ConfigError(f"name: {why_not}")
    return name


def _max_rows(raw: Any) -> int | dict[str, int] | None:
    key = "profile.max_rows"
    if isinstance(raw, dict):
        _refuse_unknown(raw, ["tabular", "series"], f"{key}.", "the domains")
        return {domain: _natural(n, f"{key}.{domain}", least=50) for domain, n in raw.items()}
    return None if raw is None else _natural(raw, key, least=50)


def _caps(raw: Any) -> dict[str, float | dict[str, float]] | None:
    caps = coerce(raw, dict[str, Any] | None, "profile.caps")
    return caps and {
        name: coerce(
            cap, dict[str, float] if isinstance(cap, dict) else float, f"profile.caps.{name}"
        )
        for name, cap in caps.items()
    }


def _protocols(raw: Any) -> tuple[str, ...]:
    from experiments.protocols import PROTOCOLS

    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not names:
        raise ConfigError(f"protocol: name at least one of {', '.join(PROTOCOLS)}")
    for name in names:
        if name not in PROTOCOLS:
            hint = did_you_mean(str(name), PROTOCOLS)
            raise ConfigError(f"protocol: no such protocol {name!r}; {hint}")
    return tuple(dict.fromkeys(names))
