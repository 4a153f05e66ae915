"""The benchmark's tables, as pure functions of the long table.

Sane variants and controls stand below rules in every table and are never ranked. What failed or was
skipped is shown as such, never as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from experiments import aggregate
from experiments.aggregate import Condition, Entry, Metric, Summary
from experiments.layout import ABSENT, Cell, Column, Row, Section, Table, number

PROTOCOL_ORDER = ("published", "held_out")
DOMAIN_ORDER = ("tabular", "series")
SANE = "sane variants, not ranked"
CONTROLS = "controls, not ranked"
# Errors without a denoiser, and their columns of the long table.
REFERENCES = {"(before)": "mse_before", "(ceiling)": "mse_ceiling"}
PARTIAL = "†"
MSE_NOTE = (
    "in squared standard deviations of the target. Before: trained on the noisy data. Ceiling: "
    "trained on the clean data. The protocols take their errors against different targets."
)


@dataclass(frozen=True)
class View:
    """The rows of one condition, with the orders in which tables show things.

    Attributes
    ----------
    condition
        What holds for all rows.
    rows
        Rows of the long table.
    domain
        "tabular" or "series" where the rows are those of one domain by choice; empty for all.
    """

    condition: Condition
    rows: pd.DataFrame
    domain: str = ""

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
    def regressors(self) -> list[str]:
        """Regressors by name."""
        return sorted({str(name) for name in self.rows["regressor"].dropna()})

    @cached_property
    def methods(self) -> list[str]:
        """Denoisers that are no controls: `ranked`, then `sane`."""
        return [*self.ranked, *self.sane]

    @cached_property
    def ranked(self) -> list[str]:
        """Methods that are ranked: all but the sane variants; the method itself first, by name."""
        return [name for name in self._denoisers(controls=False) if not aggregate.is_sane(name)]

    @cached_property
    def sane(self) -> list[str]:
        """Sane variants, by name."""
        return [name for name in self._denoisers(controls=False) if aggregate.is_sane(name)]

    @cached_property
    def controls(self) -> list[str]:
        """Denoisers without skill, by name."""
        return self._denoisers(controls=True)

    def _denoisers(self, controls: bool) -> list[str]:
        is_control = self.rows["is_control"].astype(bool)
        names = {str(name) for name in self.rows.loc[is_control == controls, "denoiser"]}
        return sorted(names, key=lambda name: (not name.startswith("denograd"), name))

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

    def of_regressor(self, regressor: str) -> View:
        """The rows of one regressor."""
        if regressor not in self._by_regressor:
            rows = self.rows[self.rows["regressor"] == regressor]
            self._by_regressor[regressor] = View(self.condition, rows, self.domain)
        return self._by_regressor[regressor]

    @cached_property
    def _by_regressor(self) -> dict[str, View]:
        return {}

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
    aggregate.check_long_table(long)
    return [
        View(condition, rows) for condition, rows in aggregate.conditions(aggregate.suited(long))
    ]


def metric_table(view: View, metric: Metric) -> Table:
    """A metric per dataset × denoiser, with both protocols side by side.

    Parameters
    ----------
    view
        The rows of one condition.
    metric
        What to show.

    Returns
    -------
    Table
        Mean over seeds, then regressors; the last group averages over datasets. Intervals are
        Student's over seeds, where there are two or more.
    """
    over = "seeds, then regressors" if metric.per_regressor else "seeds"
    if metric is aggregate.IMP:
        how = (
            f"Imp% = 100(1 − exp(m)), m the mean of log(MSE after / MSE before) over {over}; "
            "the last columns average m over datasets too."
        )
    else:
        how = f"Mean over {over}; the last columns average over datasets too."
    summary = view.summary(metric)
    return _dataset_table(view, metric, summary, how, lambda row: sections_of(view, row))


def error_table(view: View) -> Table:
    """Errors after each denoiser, below those without one: on noisy and on clean training data."""
    summary = error_summary(view)
    names = [label for label in REFERENCES if any(key[2] == label for key in summary)]
    return _dataset_table(
        view,
        aggregate.MSE,
        summary,
        f"Geometric mean over seeds, regressors and, in the last columns, datasets; {MSE_NOTE}",
        lambda row: (
            Section("", tuple(row(name) for name in names)),
            *sections_of(view, row, "methods"),
        ),
    )


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


def _dataset_table(
    view: View,
    metric: Metric,
    summary: Summary,
    how: str,
    sections: Callable[[Callable[[str], Row]], tuple[Section, ...]],
) -> Table:
    def row(denoiser: str) -> Row:
        entries = [
            [summary.get((protocol, dataset, denoiser)) for protocol in view.protocols]
            for dataset in view.datasets
        ]
        cells = [metric_cell(entry, metric) for of_dataset in entries for entry in of_dataset]
        means = [_mean_cell(over_datasets, metric) for over_datasets in zip(*entries, strict=True)]
        return Row(denoiser, (*cells, *means))

    best = "higher is better" if metric.larger_is_better else "lower is better"
    return Table(
        name=metric.name,
        title=f"{metric.title} ({best}): {view.condition}",
        stub="denoiser",
        axes=("dataset", "protocol"),
        columns=_columns([*view.datasets, "mean"], view.protocols),
        sections=sections(row),
        context=view.condition.context,
        notes=(
            how,
            *(dataset_notes(view) if metric.per_regressor else ()),
            *outcome_notes(
                {
                    (denoiser, dataset, protocol): summary.get((protocol, dataset, denoiser))
                    for protocol in view.protocols
                    for dataset in view.datasets
                    for denoiser in (*view.methods, *view.controls)
                }
            ),
        ),
        interval_note=interval_note(summary.values()),
    )


def imp_by_regressor(view: View) -> Table:
    """Imp% per regressor × denoiser, averaged over the datasets of the regressor."""
    summaries = {name: view.of_regressor(name).summary(aggregate.IMP) for name in view.regressors}
    columns = _columns(view.regressors, view.protocols)

    def row(denoiser: str) -> Row:
        cells = []
        for regressor in view.regressors:
            summary = summaries[regressor]
            datasets = [d for d in view.datasets if any(key[1] == d for key in summary)]
            for protocol in view.protocols:
                entries = [summary.get((protocol, d, denoiser)) for d in datasets]
                cells.append(_mean_cell(entries, aggregate.IMP))
        return Row(denoiser, tuple(cells))

    entries = [entry for summary in summaries.values() for entry in summary.values()]
    notes = [
        "Imp% of the mean log ratio of the errors over seeds, then datasets.",
        *dataset_notes(view),
    ]
    if any(entry.status not in ("ok", "absent") for entry in entries):
        notes.append(f"{PARTIAL}: not every dataset or seed is there.")
    return Table(
        name="imp_by_regressor",
        title=f"Imp% by regressor (higher is better): {view.condition}",
        stub="denoiser",
        axes=("regressor", "protocol"),
        columns=columns,
        sections=sections_of(view, row),
        context=view.condition.context,
        notes=tuple(notes),
    )


def _ordered(values: Iterable[object], first: Sequence[str]) -> list[str]:
    names = sorted({str(value) for value in values})
    return [name for name in first if name in names] + [n for n in names if n not in first]


def _columns(groups: Iterable[str], titles: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(group, title) for group in groups for title in titles)


def sections_of(view: View, row: Callable[[str], Row], title: str = "") -> tuple[Section, ...]:
    """Rows of the ranked methods, below `title`, then of sane variants, then of controls."""
    sections = (
        Section(title, tuple(row(name) for name in view.ranked)),
        Section(SANE, tuple(row(name) for name in view.sane)),
        Section(CONTROLS, tuple(row(name) for name in view.controls)),
    )
    return tuple(section for section in sections if section.rows)


def dataset_notes(view: View, datasets: Iterable[str] | None = None) -> list[str]:
    """Notes that stand beside every error of these datasets (None: all of the view)."""
    shown = view.datasets if datasets is None else datasets
    notes = view.dataset_notes
    return [f"{name}: {notes[name]}" for name in shown if name in notes]


def metric_cell(entry: Entry | None, metric: Metric) -> Cell:
    """A value with its mark and interval, or a word for what became of it."""
    if entry is None:
        return Cell("not run", status="missing")
    if entry.mean is None:
        text = ABSENT if entry.status == "absent" else entry.status
        return Cell(text, status=entry.status)
    value = metric.shown(entry.mean)
    text = number(value, metric.decimals) + (PARTIAL if entry.status == "partial" else "")
    if entry.low is None or entry.high is None:
        return Cell(text, value, status=entry.status)
    low, high = sorted((metric.shown(entry.low), metric.shown(entry.high)))
    interval = f"[{number(low, metric.decimals)}, {number(high, metric.decimals)}]"
    return Cell(text, value, low, high, interval, entry.status)


def _mean_cell(entries: Sequence[Entry | None], metric: Metric) -> Cell:
    mean, whole = aggregate.mean_of(entries)
    if mean is None:
        statuses = {entry.status for entry in entries if entry is not None}
        status = next((s for s in ("failed", "skipped") if s in statuses), "absent")
        return Cell(ABSENT if status == "absent" else status, status=status)
    value = metric.shown(mean)
    mark = "" if whole else PARTIAL
    return Cell(number(value, metric.decimals) + mark, value, status="ok" if whole else "partial")


def interval_note(entries: Iterable[Entry]) -> str:
    """What the intervals in brackets are, or why there are none."""
    if any(entry.low is not None for entry in entries):
        return f"In brackets: {100 * aggregate.CONFIDENCE:g} % t-interval over seeds."
    return "No intervals: they take two seeds."


#: What became of the work at a place: denoiser, dataset and protocol or regressor.
Outcomes = Mapping[tuple[str, str, str], Entry | None]


def outcome_notes(outcomes: Outcomes) -> list[str]:
    """Sentences that say what is missing, and why; None stands for what was not run."""
    known = {place: entry for place, entry in outcomes.items() if entry is not None}
    notes = []
    if any(entry.status == "absent" for entry in known.values()):
        notes.append(f"{ABSENT}: nothing to measure (nothing was injected there).")
    lacking = sorted(
        f"{denoiser} on {dataset} ({part}): {entry.expected - entry.done} of {entry.expected}"
        for (denoiser, dataset, part), entry in known.items()
        if entry.status == "partial"
    )
    if lacking:
        notes.append(
            f"{PARTIAL}: without the runs that are missing, and not ranked: {'; '.join(lacking)}."
        )
    if len(known) < len(outcomes):
        notes.append("not run: there is no record.")
    why: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for place, entry in sorted(known.items()):
        if entry.status in ("failed", "skipped", "partial"):
            status = "skipped" if entry.status == "skipped" else "failed"
            for reason in entry.reasons or ("no reason was recorded",):
                why.setdefault((status, _short(reason, place[1])), []).append(place)
    notes += [
        f"{status}: {_places(places)}: {reason}" for (status, reason), places in sorted(why.items())
    ]
    return notes


def _places(places: Iterable[tuple[str, str, str]]) -> str:
    """Places in few words: who shares datasets and parts, and what they share, is named once."""
    parts: dict[tuple[str, str], list[str]] = {}
    for denoiser, dataset, part in places:
        parts.setdefault((denoiser, dataset), []).append(part)
    datasets: dict[tuple[str, str], list[str]] = {}
    for (denoiser, dataset), found in sorted(parts.items()):
        datasets.setdefault((denoiser, ", ".join(found)), []).append(dataset)
    denoisers: dict[tuple[str, str], list[str]] = {}
    for (denoiser, of), on in datasets.items():
        denoisers.setdefault((", ".join(on), of), []).append(denoiser)
    return "; ".join(f"{', '.join(who)} on {on} ({of})" for (on, of), who in denoisers.items())


def _short(reason: str, dataset: str, limit: int = 200) -> str:
    """The first line of a reason; the place says the dataset, so that reasons can be shared."""
    line = (reason.strip().splitlines() or [""])[0].rstrip()
    line = re.sub(rf"(?<![\w.]){re.escape(dataset)} is\b", "the dataset is", line)
    return line if len(line) <= limit else line[: limit - 1] + "…"
