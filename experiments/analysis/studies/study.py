"""A study: the rows of a long table by the settings that vary in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Entry, Metric, t_interval_over_datasets
from experiments.analysis.studies.knobs import UNSET, knob, order_of
from experiments.analysis.view import DOMAIN_ORDER, View
from experiments.words import sentence

#: Untouched test rows say more than refined ones: they come first.
TELLING_ORDER = ("held_out", "published")

#: How the form of a dataset is told apart where it has no parameter for it.
_NOT_KNOBS = ("class", "file", "revision", "target")


@dataclass(frozen=True)
class Setting:
    """The values of the parameters that vary.

    Attributes
    ----------
    values
        Value by parameter; None also where the class's own default is meant.
    """

    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """A name that no other setting has."""
        return ", ".join(f"{key}={value!r}" for key, value in self.values.items())

    @property
    def label(self) -> str:
        """The values in print."""
        return self.label_of(self.values)

    def label_of(self, keys: Iterable[str]) -> str:
        """Some of the values in print."""
        return ", ".join(filter(None, (knob(key).say(self.values[key]) for key in keys)))

    def is_published(self, domain: str, keys: Iterable[str] | None = None) -> bool:
        """Whether every value (of these parameters) is the published one for a domain."""
        chosen = self.values if keys is None else keys
        return all(knob(key).published_on(domain) == self.values[key] for key in chosen)


class Panel(NamedTuple):
    """A quantity under a protocol: a row of a figure, a table.

    The protocol is empty where it is itself what varies.
    """

    metric: Metric
    protocol: str

    @property
    def title(self) -> str:
        """Name of the quantity and of the protocol."""
        return f"{self.metric.title}, {self.protocol}" if self.protocol else self.metric.title


class Difference(NamedTuple):
    """Mean difference of a statistic between two settings over seeds, then datasets.

    The interval is Student's over the seeds of these datasets; None where one has a single seed.
    """

    mean: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


Blocks = dict[tuple[str, str], dict[int, float]]


@dataclass(frozen=True)
class Study:
    """The rows of a long table by dataset and setting.

    Attributes
    ----------
    rows
        Rows of denoisers that are no controls; ``dataset`` without the parameters that vary,
        ``denoiser`` the name of the setting, and where protocols are what varies, an empty
        ``protocol``.
    keys
        The parameters that vary.
    settings
        Their values, in order.
    """

    rows: pd.DataFrame
    keys: tuple[str, ...]
    settings: tuple[Setting, ...]

    @property
    def title(self) -> str:
        """What is varied, for headings."""
        titles = [knob(key).title for key in self.keys]
        return sentence(" and ".join(filter(None, [", ".join(titles[:-1]), titles[-1]])))

    @property
    def word(self) -> str:
        """What the setting is called that the others are compared with."""
        words = [knob(key).word for key in self.keys]
        return next((word for word in words if word != "published"), "published")

    @cached_property
    def domains(self) -> dict[str, str]:
        """Domain of every dataset, tables before series."""
        columns = self.rows["domain"], self.rows["dataset"]
        pairs = {(str(domain), str(name)) for domain, name in zip(*columns, strict=True)}
        order = [*DOMAIN_ORDER, *sorted({domain for domain, _ in pairs} - set(DOMAIN_ORDER))]
        listed = sorted(pairs, key=lambda pair: (order.index(pair[0]), pair[1]))
        return {name: domain for domain, name in listed}

    @property
    def datasets(self) -> list[str]:
        """Datasets, tables before series."""
        return list(self.domains)

    @cached_property
    def protocols(self) -> list[str]:
        """Protocols, that of untouched test rows first; one empty name where they are varied."""
        names = {str(name) for name in self.rows["protocol"]}
        return [
            *(name for name in TELLING_ORDER if name in names),
            *sorted(names.difference(TELLING_ORDER)),
        ]

    @cached_property
    def panels(self) -> list[Panel]:
        """What is shown: Imp% under every protocol, what happened to the data under the first."""
        of_data = (
            aggregate.RECOVERY_X,
            aggregate.RECOVERY_Y,
            aggregate.SWD,
        )
        panels = [Panel(aggregate.IMP, protocol) for protocol in self.protocols]
        panels += [Panel(metric, self.protocols[0]) for metric in of_data]
        return [panel for panel in panels if self.blocks(panel)]

    def blocks(self, panel: Panel) -> Blocks:
        """The statistic by (dataset, setting) and seed, averaged over regressors."""
        if panel not in self._blocks:
            self._blocks[panel] = self._averaged(panel)
        return self._blocks[panel]

    @cached_property
    def _blocks(self) -> dict[Panel, Blocks]:
        return {}

    def _averaged(self, panel: Panel) -> Blocks:
        rows = self.rows[(self.rows["protocol"] == panel.protocol) & (self.rows["status"] == "ok")]
        columns = [rows[name] for name in ("dataset", "denoiser", "seed")]
        found: dict[tuple[str, str], dict[int, list[float]]] = {}
        for dataset, name, seed, value in zip(*columns, panel.metric.statistic(rows), strict=True):
            if not math.isnan(value):
                of_seed = found.setdefault((str(dataset), str(name)), {})
                of_seed.setdefault(int(seed), []).append(float(value))
        return {
            key: {seed: float(np.mean(values)) for seed, values in of_seed.items()}
            for key, of_seed in found.items()
        }

    def entry(self, panel: Panel, dataset: str, setting: Setting) -> Entry | None:
        """What is known of a setting on a dataset, None where nothing is recorded."""
        if panel.metric.name not in self._summaries:
            self._summaries[panel.metric.name] = aggregate.summarise(self.rows, panel.metric)
        return self._summaries[panel.metric.name].get((panel.protocol, dataset, setting.name))

    @cached_property
    def _summaries(self) -> dict[str, aggregate.Summary]:
        return {}

    def mean(self, panel: Panel, setting: Setting, datasets: Sequence[str]) -> float | None:
        """Mean of the statistic over seeds, then datasets; None unless all datasets have it."""
        means = []
        for dataset in datasets:
            of_seed = self.blocks(panel).get((dataset, setting.name))
            if not of_seed:
                return None
            means.append(float(np.mean(list(of_seed.values()))))
        mean = float(np.mean(means)) if means else math.nan
        return None if math.isnan(mean) else mean

    def difference(
        self, panel: Panel, one: Setting, other: Setting, datasets: Sequence[str]
    ) -> Difference | None:
        """The statistic of one setting minus that of another; None unless all datasets have it."""
        blocks = self.blocks(panel)
        groups = []
        for dataset in datasets:
            a = blocks.get((dataset, one.name), {})
            b = blocks.get((dataset, other.name), {})
            groups.append(np.array([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]))
        if not groups or not all(len(of) and np.isfinite(of).all() for of in groups):
            return None
        mean = float(np.mean([of.mean() for of in groups]))
        return Difference(mean, *t_interval_over_datasets(groups), sum(map(len, groups)))

    def published(self, datasets: Sequence[str]) -> Setting | None:
        """The published setting, if it is one of these, and the same for all datasets."""
        domains = {self.domains[name] for name in datasets}
        for setting in self.settings:
            if all(setting.is_published(domain) for domain in domains):
                return setting
        return None

    def groups(self) -> list[tuple[str, list[str]]]:
        """Tables and series, each with its name; what helps one often harms the other."""
        domains = list(dict.fromkeys(self.domains.values()))
        if len(domains) == 1:
            return [("", self.datasets)]
        titles = {"tabular": "Tables", "series": "Series"}
        return [
            (titles.get(domain, domain), [d for d in self.datasets if self.domains[d] == domain])
            for domain in domains
        ]

    def values_of(self, key: str) -> list[Any]:
        """The values of a parameter, in order."""
        return _unique(setting.values[key] for setting in self.settings)

    def is_numeric(self, key: str) -> bool:
        """Whether a parameter has nothing but numbers for values."""
        values = self.values_of(key)
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def study_of(views: Sequence[View]) -> Study | None:
    """The study that the views of a long table are; None where nothing varies in them."""
    if not views:
        return None
    rows = pd.concat([view.rows for view in views], ignore_index=True)
    rows = rows[rows["kind"] != "control"].reset_index(drop=True)
    described = [_described(row) for row in rows.to_dict("records")]
    of_dataset: dict[str, dict[str, set[str]]] = {}
    for name, params in described:
        for key, value in params.items():
            of_dataset.setdefault(name, {}).setdefault(key, set()).add(repr(value))
    varied = {
        key
        for seen in of_dataset.values()
        for key, values in seen.items()
        if len(values) > 1 and key != "protocol"
    }
    protocols = set(rows["protocol"])
    by_protocol = len(protocols) > 1 and not varied - {"denoiser"}
    keys = sorted(varied | ({"protocol"} if by_protocol else set()), key=order_of)
    if not keys:
        return None
    settings = [Setting({key: params.get(key) for key in keys}) for _, params in described]
    rows["dataset"] = [name for name, _ in described]
    rows["denoiser"] = [setting.name for setting in settings]
    if by_protocol:
        rows["protocol"] = ""
    unique = {setting.name: setting for setting in settings}
    return Study(rows, tuple(keys), tuple(sorted(unique.values(), key=_order)))


def _described(row: Mapping[Any, Any]) -> tuple[str, dict[str, Any]]:
    """A row's dataset, and the value of everything that may vary."""
    params = {
        "protocol": str(row["protocol"]),
        "denoiser": row["denoiser_name"],
        "noise": row["noise_name"],
        "level": float(row["level"]),
        **row["noise_differs"],
        **row["dataset_differs"],
        **row["denoiser_differs"],
    }
    return row["dataset_name"], {
        key: value for key, value in params.items() if key not in _NOT_KNOBS
    }


def _order(setting: Setting) -> tuple[Any, ...]:
    """Numbers in their order, published words first, None last."""
    return tuple(_rank(key, value) for key, value in setting.values.items())


def _rank(key: str, value: Any) -> tuple[int, float, str]:
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 1, float(value), ""
    published = knob(key).published
    first = isinstance(published, Mapping) and value in published.values()
    is_published = published is not UNSET and not isinstance(published, Mapping)
    return (0 if first or (is_published and value == published) else 2), 0.0, str(value)


def _unique(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
