"""The key ``vary``: one denoiser of a config as many, that differ in some of its parameters.

They belong to one job, so that the noisy data, the regressors fitted on them and the backbones that
settings have in common are shared. All keep the denoiser's label; the long table tells them apart.
The key ``reading`` does likewise with named bundles of values for several denoisers at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from experiments.settings.schema import Component, schema_of_denoiser
from experiments.settings.values import ConfigError, coerce
from experiments.words import did_you_mean

EXAMPLE = "vary: {denograd: {nrr: [0.01, 0.1]}}"


def variants(raw: Any, denoisers: Sequence[Component]) -> tuple[Component, ...]:
    """Put in the place of every varied denoiser all its variants, in order, each once.

    `raw` maps a denoiser to the values of some of its parameters, as `EXAMPLE` does: every
    combination of them is a variant. A list of such values stands for the variants of all its
    items. None or empty varies nothing. A value is taken as it is, whatever the profile caps.
    """
    if raw is None:
        return tuple(denoisers)
    if not isinstance(raw, Mapping):
        raise ConfigError(f"vary: must be a mapping such as `{EXAMPLE}`, not {raw!r}")
    labels = [component.label for component in denoisers]
    for label in raw:
        if label not in labels:
            raise ConfigError(f"vary.{label}: no such denoiser here; {did_you_mean(label, labels)}")
    found: list[Component] = []
    for component in denoisers:
        if component.label not in raw:
            found.append(component)
            continue
        for params in _blocks(raw[component.label], component):
            variant = component.changed(params)
            if variant not in found:
                found.append(variant)
    return tuple(found)


def _blocks(raw: Any, component: Component) -> Iterator[dict[str, Any]]:
    """The varied parameters of each variant."""
    key = f"vary.{component.label}"
    if not isinstance(raw, list):
        yield from _products(raw, key, component)
        return
    if not raw:
        raise ConfigError(f"{key}: an empty list varies nothing; leave the key out")
    for number, block in enumerate(raw):
        yield from _products(block, f"{key}[{number}]", component)


def _products(raw: Any, key: str, component: Component) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, Mapping) or not raw:
        raise ConfigError(f"{key}: must map parameters to lists, as in `{EXAMPLE}`, not {raw!r}")
    columns = []
    for name, values in raw.items():
        annotation = _annotation(component, name, key)
        if not isinstance(values, list) or not values:
            raise ConfigError(f"{key}.{name}: must be a list of one or more values, not {values!r}")
        columns.append([coerce(v, annotation, f"{key}.{name}[{i}]") for i, v in enumerate(values)])
    for chosen in product(*columns):
        yield dict(zip(raw, chosen, strict=True))


def _annotation(component: Component, name: str, key: str) -> Any:
    """What values a parameter or option of a denoiser takes."""
    schema = schema_of_denoiser(component.cls)
    if name not in schema:
        hint = did_you_mean(str(name), schema)
        raise ConfigError(f"{key}.{name}: no such key in {component.cls.__name__}; {hint}")
    return schema[name][0]


def in_readings(raw: Any, denoisers: Sequence[Component], domain: str) -> tuple[Component, ...]:
    """Put in the place of every denoiser the different forms that readings want it in.

    `raw` maps a reading to denoisers, and those to values of some of their parameters and options;
    all else stays as it is. A form that readings share comes once, and knows them. None or empty
    reads every denoiser as it stands. A value is taken as it is, whatever the profile caps.
    """
    if not raw:
        return tuple(component.on(domain) for component in denoisers)
    labels = [component.label for component in denoisers]
    for reading, wanted in raw.items():
        if not isinstance(wanted, Mapping):
            raise ConfigError(f"reading.{reading}: must map denoisers to values, not {wanted!r}")
        for label, values in wanted.items():
            key = f"reading.{reading}.{label}"
            if label not in labels:
                raise ConfigError(f"{key}: no such denoiser here; {did_you_mean(label, labels)}")
            if not isinstance(values, Mapping):
                raise ConfigError(f"{key}: must map parameters to values, not {values!r}")
    found: list[Component] = []
    for component in denoisers:
        forms = {
            reading: _read(component, wanted.get(component.label, {}), f"reading.{reading}").on(
                domain
            )
            for reading, wanted in raw.items()
        }
        for form in forms.values():
            if form not in found:
                readings = tuple(name for name, of in forms.items() if of == form)
                found.append(replace(form, readings=readings))
    return tuple(found)


def _read(component: Component, values: Mapping[str, Any], reading: str) -> Component:
    key = f"{reading}.{component.label}"
    return component.changed(
        {
            name: coerce(value, _annotation(component, name, key), f"{key}.{name}")
            for name, value in values.items()
        }
    )
