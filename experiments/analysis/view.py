"""The rows of one condition of a long table, with the orders in which things are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Condition, Metric, Summary
from experiments.analysis.labels import labelled
from experiments.analysis.skill import without_skill
from experiments.words import MARK

PROTOCOL_ORDER = ("published", "held_out")


DOMAIN_ORDER = ("tabular", "series")


# Errors without a denoiser, and their columns of the long table.
REFERENCES = {"(before)": "mse_before", "(ceiling)": "mse_ceiling"}


@dataclass(frozen=True)
class View:
    """The rows of one condition, with the orders in which tables show things.

    Attributes
    ----------
    condition
        What holds for all rows.
    rows
        Rows of the long table, labelled by `experiments.analysis.labels.labelled`.
    domain
        "tabular" or "series" where the rows are those of one domain by choice; empty for all.
    gated
        Rows of regressors that decide themselves whether to train on a refined target: compared
        with those inside them (column ``refines``) and with nobody else.
    """

    condition: Condition
    rows: pd.DataFrame
    domain: str = ""
    gated: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __str__(self) -> str:
        chosen = {"": "", "tabular": "tables only, ", "series": "series only, "}
        return f"{chosen[self.domain]}{self.condition}"

    @cached_property
    def protocols(self) -> list[str]:
        """Protocols, the published one first."""
        return _ordered(self.rows["protocol"], PROTOCOL_ORDER)

    @cached_property
    def domains(self) -> list[str]:
        """Domains, tables before series."""
        return _ordered(self.rows["domain"], DOMAIN_ORDER)

    @cached_property
    def datasets(self) -> list[str]:
        """Datasets, tables before series."""
        domains = dict(zip(self.rows["dataset"], self.rows["domain"], strict=True))
        return sorted(domains, key=lambda name: (self.domains.index(str(domains[name])), name))

    @cached_property
    def dataset_names(self) -> dict[str, str]:
        """Datasets as reasons call them, by their labels."""
        return dict(zip(self.rows["dataset"], self.rows["dataset_name"], strict=True))

    @cached_property
    def regressors(self) -> list[str]:
        """Regressors by name."""
        return sorted({str(name) for name in self.rows["regressor"].dropna()})

    @cached_property
    def methods(self) -> list[str]:
        """Denoisers that are no controls: `ranked`, then `variants`."""
        return [*self.ranked, *self.variants]

    @cached_property
    def ranked(self) -> list[str]:
        """Methods that are ranked; DenoGrad first, by name."""
        return self._denoisers("method")

    @cached_property
    def variants(self) -> list[str]:
        """Methods as they might rather be: shown and not ranked, since published ones are."""
        return self._denoisers("variant")

    @cached_property
    def controls(self) -> list[str]:
        """Denoisers without skill, by name."""
        return self._denoisers("control")

    def _denoisers(self, kind: str) -> list[str]:
        rows = self.rows[self.rows["kind"] == kind]
        names = dict(zip(rows["denoiser"], rows["denoiser_name"], strict=True))
        return sorted(names, key=lambda label: (names[label] != "denograd", label))

    @cached_property
    def dataset_notes(self) -> dict[str, str]:
        """What to know of a dataset beside its errors, where the long table says something."""
        if "note" not in self.rows:
            return {}
        told = self.rows[self.rows["note"].fillna("") != ""].drop_duplicates(["dataset", "note"])
        notes: dict[str, str] = {}
        for dataset, note in sorted(zip(told["dataset"], told["note"], strict=True)):
            notes[dataset] = f"{notes[dataset]} {note}" if dataset in notes else str(note)
        return notes

    def summary(self, metric: Metric) -> Summary:
        """One entry per protocol × dataset × denoiser."""
        if metric.name not in self._summaries:
            self._summaries[metric.name] = aggregate.summarise(self.rows, metric)
        return self._summaries[metric.name]

    @cached_property
    def _summaries(self) -> dict[str, Summary]:
        return {}

    def ranked_summary(self, metric: Metric) -> Summary:
        """What is ranked: of Imp%, that of regressors with skill alone."""
        return (self._skilled if metric is aggregate.IMP else self).summary(metric)

    @cached_property
    def _skilled(self) -> View:
        return replace(self, rows=self.rows[~self.rows["null"]])

    @cached_property
    def null(self) -> dict[tuple[str, str], list[str]]:
        """Regressors without skill, by protocol and dataset."""
        rows = self.rows[self.rows["null"]]
        return {
            (str(protocol), str(dataset)): sorted(set(of))
            for (protocol, dataset), of in rows.groupby(["protocol", "dataset"])["regressor"]
        }

    def imp_of(self, regressor: str) -> Summary:
        """Imp% of one regressor; null where it has no skill."""
        return {
            (protocol, dataset, denoiser): replace(entry, mean=None, status="null")
            if regressor in self.null.get((protocol, dataset), ()) and entry.mean is not None
            else entry
            for (protocol, dataset, denoiser), entry in self.of_regressor(regressor)
            .summary(aggregate.IMP)
            .items()
        }

    def of_regressor(self, regressor: str) -> View:
        """The rows of one regressor."""
        if regressor not in self._by_regressor:
            rows = self.rows[self.rows["regressor"] == regressor]
            self._by_regressor[regressor] = View(self.condition, rows, self.domain)
        return self._by_regressor[regressor]

    @cached_property
    def _by_regressor(self) -> dict[str, View]:
        return {}

    def unmarked(self) -> View:
        """The same without the mark behind a label, which tables explain and nothing else does."""
        names = self.rows["denoiser"].str.removesuffix(MARK)
        return replace(self, rows=self.rows.assign(denoiser=names))

    def of_domain(self, domain: str) -> View:
        """The rows of one domain."""
        return View(self.condition, self.rows[self.rows["domain"] == domain], domain)

    def with_domains(self) -> list[View]:
        """The view itself, and one per domain where there are several."""
        parts = [self.of_domain(domain) for domain in self.domains]
        return [self, *(parts if len(parts) > 1 else [])]


def views(long: pd.DataFrame) -> list[View]:
    """One view per condition of a long table (profile, target, noise, level), in a fixed order.

    Regressors that are for the other domain than a dataset's are left out.

    Raises
    ------
    ValueError
        If the table lacks a column, or two rows stand for the same piece of work.
    """
    aggregate.check_columns(long)
    long = aggregate.suited(labelled(long))
    aggregate.check_distinct(long)
    long = long.assign(null=without_skill(long))
    gated = long["refines"].notna() if "refines" in long else pd.Series(False, index=long.index)
    beside = dict(aggregate.conditions(long[gated]))
    return [
        View(condition, rows, gated=beside.get(condition, rows[:0]))
        for condition, rows in aggregate.conditions(long[~gated])
    ]


def error_summary(view: View) -> Summary:
    """Errors per denoiser, and those without one under the names of `REFERENCES`."""
    rows = view.rows[view.rows["status"] == "ok"]
    run = ["protocol", "dataset", "seed", "regressor"]
    references = [
        rows.assign(mse_after=rows[column], denoiser=label).dropna(subset="mse_after")
        for label, column in REFERENCES.items()
        if column in rows
    ]
    references = [part.sort_values("denoiser").drop_duplicates(run) for part in references]
    return aggregate.summarise(pd.concat([view.rows, *references]), aggregate.MSE)


def _ordered(values: Iterable[object], first: Sequence[str]) -> list[str]:
    names = sorted({str(value) for value in values})
    return [name for name in first if name in names] + [n for n in names if n not in first]
