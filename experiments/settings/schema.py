"""What a run is, as plain dataclasses; no ``DictConfig`` goes deeper than the composing of it."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from experiments.settings.values import ConfigError, same
from experiments.words import first_line

# Constructor parameters that a run fills in for every component; they are not keys of a component.
CONTEXT = frozenset(
    {"domain", "window_size", "horizon", "random_state", "device", "progress", "noise"}
)

# Parameters that say how work is done or where data lie, not what comes out.
NOT_IDENTITY = frozenset({"n_jobs", "file"})

#: Names of the evaluation protocols; `experiments.runner.protocols` says what each of them does.
PROTOCOL_NAMES = ("published", "held_out", "published_train_only")


#: What a denoiser is: methods are ranked; a variant is one of them as it might rather be, a control
#: has no skill by construction.
KINDS = ("method", "variant", "control")


class Option(NamedTuple):
    """A key of every denoiser that tells the run, not the denoiser, what to do.

    Attributes
    ----------
    annotation, default
        What values it takes, and the one that changes nothing.
    domain
        Of which data it speaks; for others it counts as left out.
    """

    annotation: Any
    default: Any
    domain: str


#: What a run does around a denoiser, off by default: the refined target goes into channel 0 of a
#: series, too; a table is refined in the order in which a shuffled split leaves its rows.
OPTIONS = {
    "target_in_inputs": Option(bool, False, "series"),
    "row_order": Option(Literal["file", "after_split"], "file", "tabular"),
}

# Where components of each kind lie, one per file, and who lies elsewhere.
_HOMES = {
    "dataset": "experiments.datasets",
    "noise": "experiments.noise",
    "denoiser": "baselines",
    "regressor": "experiments.regressors",
}
_ELSEWHERE = {"denograd": "denograd.estimator"}


@dataclass(frozen=True)
class Component:
    """A dataset, noise, denoiser or regressor as the config names it.

    Tables print its `label`; `target` is the dotted path of its class; `params` are all constructor
    arguments that are config keys, defaults filled in. A denoiser is of one of the `KINDS`: its
    config says so, or its class. Its `options` are those of `OPTIONS` that are not at their
    default, its `readings` the ones that it belongs to, where a run compares several.
    """

    label: str
    target: str
    params: dict[str, Any]
    kind: str = "method"
    options: dict[str, Any] = field(default_factory=dict)
    readings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def cls(self) -> type:
        """The class that `target` names."""
        return import_target(self.target, self.label)

    def build(self, **context: Any) -> Any:
        """Construct the component; context arguments are passed where its signature has them."""
        known = _signature(self.cls)
        return self.cls(**self.params, **{k: v for k, v in context.items() if k in known})

    def changed(self, values: Mapping[str, Any]) -> Component:
        """Return the component with other values of some parameters or options."""
        options = {k: v for k, v in values.items() if k in OPTIONS}
        params = {k: v for k, v in values.items() if k not in OPTIONS}
        return replace(self, params=self.params | params, options=self.options | options)

    def on(self, domain: str) -> Component:
        """Return the component without the options that change nothing on such data."""
        telling = {
            name: value
            for name, value in self.options.items()
            if OPTIONS[name].domain == domain and value != OPTIONS[name].default
        }
        return replace(self, options=telling)

    def under(self, protocol: str) -> Component:
        """Return the component as a protocol wants it, where its class makes a difference.

        A class says so in `by_protocol`: parameter to protocol to the value that None stands for.
        """
        choices: Mapping[str, Mapping[str, Any]] = getattr(self.cls, "by_protocol", {})
        chosen = {name: of.get(protocol) for name, of in choices.items()}
        open_ = {k: v for k, v in chosen.items() if self.params[k] is None}
        return replace(self, params=self.params | open_)

    def identity(self) -> dict[str, Any]:
        """What of this component decides its results: name, parameters and revision.

        A class may declare ``neutral``: the value of a parameter that was added later under which
        the result is what it was before. Such a parameter is left out, so that records made
        without it stay valid.
        """
        neutral: Mapping[str, Any] = getattr(self.cls, "neutral", {})
        params = {
            k: v
            for k, v in self.params.items()
            if k not in NOT_IDENTITY and not (k in neutral and same(v, neutral[k]))
        }
        params |= self.options
        return {"name": self.name, "params": params, "revision": self._revision()}

    def _revision(self) -> int:
        """That of the class; one that calls others by name counts theirs in `revision_of`."""
        cls: Any = self.cls
        return cls.revision_of(self.params) if hasattr(cls, "revision_of") else cls.revision

    @property
    def name(self) -> str:
        """What identities and paths call it: its file, so that code can move.

        Any other class (of another project, or one more in a file) is called by its dotted path.
        """
        home, _, file = self.cls.__module__.rpartition(".")
        elsewhere = {module: name for name, module in _ELSEWHERE.items()}
        known = home in _HOMES.values() or self.cls.__module__ in elsewhere
        if known and _component_of(self.cls.__module__) is self.cls:
            return elsewhere.get(self.cls.__module__, file)
        return f"{self.cls.__module__}.{self.cls.__qualname__}"


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
        Parameter name to the largest value that any denoiser or regressor may use.
    caps_of
        Denoiser or regressor to caps that count for it instead.
    """

    name: str = "paper"
    max_rows: int | dict[str, int] | None = None
    max_columns: int | None = None
    caps: dict[str, float] | None = None
    caps_of: dict[str, dict[str, float]] | None = None

    def rows_of(self, domain: str) -> int | None:
        """The most rows of a dataset of a domain."""
        return self.max_rows.get(domain) if isinstance(self.max_rows, dict) else self.max_rows

    def bounded(self, label: str, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a component, none above its cap."""
        largest = (self.caps or {}) | (self.caps_of or {}).get(label, {})
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
    costly_on_controls: bool
    target: Literal["as_is", "permuted"]
    scored_rows: Literal["test", "validation"]
    window_size: int
    horizon: int
    device: str | None
    results: Path
    cache: Path
    cache_gb: float
    split_by: Literal["protocol", "denoiser", "regressor"] | None
    part: str | None
    only_failed: bool
    redo_before: str | None
    name: str | None
    report: tuple[str, ...] | None
    stand_ins: tuple[str, ...]
    missing_data: Literal["fail", "leave_out"]

    @cached_property
    def domain(self) -> str:
        """Kind of the dataset: "tabular" or "series"."""
        return str(self.dataset.build().domain)

    @cached_property
    def level(self) -> float:
        """How strong the noise is."""
        return float(self.noise.build().level)


def config_dir() -> Path:
    """Folder of the Hydra config: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


@cache
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


def schema_of(cls: type) -> dict[str, tuple[Any, Any]]:
    """The parameters of a component that are keys of its config, as (annotation, default)."""
    filled_in = CONTEXT - getattr(cls, "own_keys", frozenset())
    return {k: v for k, v in _signature(cls).items() if k not in filled_in}


def schema_of_denoiser(cls: type) -> dict[str, tuple[Any, Any]]:
    """The parameters of a denoiser, and the options that all of them have."""
    return schema_of(cls) | {name: option[:2] for name, option in OPTIONS.items()}


@cache
def _signature(cls: type) -> dict[str, tuple[Any, Any]]:
    """Parameter name to (annotation, default) of a constructor."""
    hints = typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    parameters = list(inspect.signature(cls).parameters.values())
    return {p.name: (hints.get(p.name, Any), p.default) for p in parameters}


@cache
def class_of(kind: str, name: str) -> Any:
    """The class of a component by its kind and its name in identities; None if it is gone."""
    if "." in name:
        try:
            return import_target(name, kind)
        except ConfigError:
            return None
    try:
        return _component_of(_ELSEWHERE.get(name, f"{_HOMES[kind]}.{name}"))
    except ImportError:
        return None


@cache
def _component_of(path: str) -> type | None:
    """The component of a module: its first class that has a revision and can be built."""
    module = importlib.import_module(path)
    found = (
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls) and cls.__module__ == path and hasattr(cls, "revision")
    )
    return next((cls for cls in found if not inspect.isabstract(cls)), None)
