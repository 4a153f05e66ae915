"""From a composed Hydra config to plain, checked settings.

No ``DictConfig`` goes deeper than this module. A component (dataset, noise, denoiser, regressor)
is named by ``_target_``; its constructor's annotated signature is the schema of its other keys.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from experiments.settings.parts import part_of
from experiments.settings.schema import (
    KINDS,
    OPTIONS,
    PROTOCOL_NAMES,
    Component,
    Profile,
    Settings,
    config_dir,
    import_target,
    schema_of,
    schema_of_denoiser,
)
from experiments.settings.values import ConfigError, coerce, natural, refuse_unknown
from experiments.settings.vary import in_readings, variants
from experiments.words import did_you_mean, first_line, why_no_name

#: For the files of ``conf/``: what tables call a file.
OmegaConf.register_new_resolver("stem", lambda file: Path(file).name.split(".")[0], replace=True)


def to_settings(config: DictConfig) -> Settings:
    """Check a config without its ``hydra`` node and turn it into plain settings.

    An unknown key (with the nearest known one), a missing one or a value of the wrong type is a
    ConfigError.
    """
    try:
        raw: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise ConfigError(f"{error.full_key}: has no value; add {error.full_key}=...") from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key or 'config'}: {first_line(error)}") from error
    refuse_unknown(raw, [*(f.name for f in fields(Settings)), "vary", "reading"], "", "the config")
    # An empty list of options leaves no key at all.
    raw = dict.fromkeys(("denoiser", "regressor", "vary", "reading")) | raw
    missing = [f.name for f in fields(Settings) if f.name not in raw]
    if missing:
        raise ConfigError(f"{missing[0]}: required, but not in the config")
    profile = _profile(raw["profile"])
    dataset = _checked(_component(raw["dataset"], "dataset", label_key="name"), "dataset")
    denoisers = variants(raw["vary"], _components(raw["denoiser"], "denoiser", profile))
    domain = getattr(dataset.build(), "domain", "")
    settings = Settings(
        dataset=dataset,
        noise=_checked(_component(raw["noise"], "noise"), "noise"),
        denoiser=tuple(
            _checked(component, f"denoiser.{component.label}")
            for component in in_readings(raw["reading"], denoisers, domain)
        ),
        regressor=_components(raw["regressor"], "regressor", profile),
        protocol=_protocols(raw["protocol"]),
        profile=profile,
        seed=natural(raw["seed"], "seed", least=0),
        seeds_per_domain=coerce(raw["seeds_per_domain"], dict[str, int] | None, "seeds_per_domain"),
        costly_on_controls=coerce(raw["costly_on_controls"], bool, "costly_on_controls"),
        target=coerce(raw["target"], Literal["as_is", "permuted"], "target"),
        scored_rows=coerce(raw["scored_rows"], Literal["test", "validation"], "scored_rows"),
        window_size=natural(raw["window_size"], "window_size"),
        horizon=natural(raw["horizon"], "horizon"),
        device=coerce(raw["device"], str | None, "device"),
        results=Path(coerce(raw["results"], str, "results")).absolute(),
        cache=Path(coerce(raw["cache"], str, "cache")).absolute(),
        cache_gb=_gigabytes(raw["cache_gb"]),
        split_by=coerce(
            raw["split_by"], Literal["protocol", "denoiser", "regressor"] | None, "split_by"
        ),
        part=coerce(raw["part"], str | None, "part"),
        only_failed=coerce(raw["only_failed"], bool, "only_failed"),
        redo_before=_time(raw["redo_before"]),
        name=name_of(raw["name"]),
        report=report_names(raw["report"]),
        stand_ins=stand_ins(raw["stand_ins"]),
        missing_data=coerce(raw["missing_data"], Literal["fail", "leave_out"], "missing_data"),
    )
    if settings.only_failed and settings.redo_before:
        raise ConfigError("only_failed, redo_before: what failed is tried anew anyway; choose one")
    return part_of(settings)


def report_names(raw: Any) -> tuple[str, ...] | None:
    """The outputs that the key ``report`` names, or None for the standard ones."""
    names = coerce(raw, list[str] | None, "report")
    known = output_names()
    for name in names or ():
        if name not in known:
            raise ConfigError(f"report: no such output {name!r}; {did_you_mean(name, known)}")
    return None if names is None else tuple(dict.fromkeys(names))


def stand_ins(raw: Any) -> tuple[str, ...]:
    """The experiments that the key ``stand_ins`` names."""
    names = coerce(raw, list[str], "stand_ins")
    known = {file.stem for file in (config_dir() / "experiment").glob("*.yaml")}
    for name in names:
        if name not in known:
            raise ConfigError(f"stand_ins: no experiment {name!r}; {did_you_mean(name, known)}")
    return tuple(names)


def output_names() -> set[str]:
    """What a report can write, by the names of its modules; none of them is imported for it."""
    report = Path(__file__).parents[1] / "report"
    files = [*report.glob("tables/*.py"), *report.glob("figures/*.py")]
    return {file.stem for file in files if not file.stem.startswith("_")}


def _component(
    raw: Any, key: str, label_key: str | None = None, profile: Profile | None = None
) -> Component:
    if not isinstance(raw, dict) or "_target_" not in raw:
        raise ConfigError(f"{key}: needs `_target_`, the dotted path of a class")
    given = dict(raw)
    target = coerce(given.pop("_target_"), str, f"{key}._target_")
    cls = import_target(target, key)
    label = str(given.pop(label_key, cls.__name__)) if label_key else key.rpartition(".")[2]
    kind, options = getattr(cls, "kind", "method"), {}
    schema = known = schema_of(cls)
    if key.startswith("denoiser."):
        if "kind" in given:
            kind = coerce(given.pop("kind"), Literal[KINDS], f"{key}.kind")
        known = schema_of_denoiser(cls)
        options = {
            name: coerce(given.pop(name), known[name][0], f"{key}.{name}")
            for name in OPTIONS
            if name in given
        }
    refuse_unknown(given, known, f"{key}.", cls.__name__)
    params = {}
    for name, (annotation, default) in schema.items():
        if name in given:
            params[name] = coerce(given[name], annotation, f"{key}.{name}")
        elif default is inspect.Parameter.empty:
            raise ConfigError(f"{key}.{name}: required by {cls.__name__}, but not in the config")
        else:
            params[name] = list(default) if isinstance(default, tuple) else default
    bounded = profile.bounded(label, params) if profile else params
    return Component(label, target, bounded, kind, options)


def _checked(component: Component, key: str) -> Component:
    """Let a class refuse values that its annotations allow."""
    try:
        built = component.build()
        # What scikit-learn's rules keep out of the constructor of a denoiser is checked here.
        getattr(built, "check_config", lambda: None)()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {first_line(error)}") from error
    if "row_order" in component.options and not getattr(component.cls, "uses_row_order", True):
        name = component.cls.__name__
        raise ConfigError(f"{key}.row_order: leave it out, {name} does not depend on the order")
    return component


def _components(raw: Any, key: str, profile: Profile) -> tuple[Component, ...]:
    if not isinstance(raw, dict) or not raw:
        example = {"denoiser": "identity,denograd", "regressor": "ridge,knn"}[key]
        raise ConfigError(f"{key}: name at least one, for example `{key}=[{example}]`")
    return tuple(_component(v, f"{key}.{k}", profile=profile) for k, v in raw.items())


def _profile(raw: Any) -> Profile:
    if not isinstance(raw, dict):
        raise ConfigError(
            "profile: must be a mapping with name, max_rows, max_columns, caps and caps_of"
        )
    refuse_unknown(raw, [f.name for f in fields(Profile)], "profile.", "a profile")
    values: dict[str, Any] = {"name": "paper", "max_rows": None, "max_columns": None} | raw
    max_columns = values["max_columns"]
    return Profile(
        name=coerce(values["name"], str, "profile.name"),
        max_rows=_max_rows(values["max_rows"]),
        max_columns=None if max_columns is None else natural(max_columns, "profile.max_columns"),
        caps=coerce(values.get("caps"), dict[str, float] | None, "profile.caps"),
        caps_of=_caps_of(values.get("caps_of")),
    )


def name_of(raw: Any) -> str | None:
    """The name of the experiment, if it has one that can be the name of a file."""
    name: str | None = coerce(raw, str | None, "name")
    if name is not None and (why_not := why_no_name(name)):
        raise ConfigError(f"name: {why_not}")
    return name


def _time(raw: Any) -> str | None:
    """A time as records have it; such texts are in the order of the times."""
    text: str | None = coerce(raw, str | None, "redo_before")
    if text is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        raise ConfigError(f"redo_before: must be such as 2026-11-26T12:00:00Z, not {text!r}")
    return text


def _gigabytes(raw: Any) -> float:
    bound: float = coerce(raw, float, "cache_gb")
    if bound < 0:
        raise ConfigError(f"cache_gb: must not be negative, not {bound:g}; 0 keeps nothing")
    return bound


def _max_rows(raw: Any) -> int | dict[str, int] | None:
    key = "profile.max_rows"
    if isinstance(raw, dict):
        refuse_unknown(raw, ["tabular", "series"], f"{key}.", "the domains")
        return {domain: natural(n, f"{key}.{domain}", least=50) for domain, n in raw.items()}
    return None if raw is None else natural(raw, key, least=50)


def _caps_of(raw: Any) -> dict[str, dict[str, float]] | None:
    caps = coerce(raw, dict[str, Any] | None, "profile.caps_of")
    return caps and {
        name: coerce(own, dict[str, float], f"profile.caps_of.{name}") for name, own in caps.items()
    }


def _protocols(raw: Any) -> tuple[str, ...]:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not names:
        raise ConfigError(f"protocol: name at least one of {', '.join(PROTOCOL_NAMES)}")
    for name in names:
        if name not in PROTOCOL_NAMES:
            hint = did_you_mean(str(name), PROTOCOL_NAMES)
            raise ConfigError(f"protocol: no such protocol {name!r}; {hint}")
    return tuple(dict.fromkeys(names))
