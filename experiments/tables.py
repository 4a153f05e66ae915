"""The benchmark's tables, as pure functions of the long table.

Controls stand below a rule in every table and are never ranked. What failed or was skipped is shown
as such, never as a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from experiments import aggregate
from experiments.aggregate import Condition, Entry, Metric, Summary
from experiments.layout import ABSENT, Cell, Column, Row, Section, Table, number

PROTOCOL_ORDER = ("published", "held_out")
DOMAIN_ORDER = ("tabular", "series")
CONTROLS = "controls, not ranked"
# Errors without a denoiser, and their columns of the long table.
REFERENCES = {"(before)": "mse_before", "(ceiling)": "mse_ceiling"}
PARTIAL = "†"


@dataclass(frozen=True)
class View:
    """The rows of one condition, with the orders in which tables show things.

    Attributes
    ----------
    condition
        What holds for all rows.
    rows
        Rows of the long table.
    """

    condition: Condition
    rows: pd.DataFrame

    @cached_property
    def protocols(self) -> list[str]:
        """Protocols, the published one first."""
        return _ordered(self.rows["protocol"], PROTOCOL_ORDER)

    @cached_property
    def datasets(self) -> list[str]:
        """Datasets, tables before series."""
        domains = dict(zip(self.rows["dataset"], self.rows["domain"], strict=True))
        order = _ordered(domains.values(), DOMAIN_ORDER)
        return sorted(domains, key=lambda name: (order.index(str(domains[name])), name))

    @cached_property
    def regressors(self) -> list[str]:
        """Regressors by name."""
        return sorted({str(name) for name in self.rows["regressor"].dropna()})

    @cached_property
    def methods(self) -> list[str]:
        """Denoisers that are ranked: the method itself first, then by name."""
        return self._denoisers(controls=False)

    @cached_property
    def controls(self) -> list[str]:
        """Denoisers without skill, by name."""
        return self._denoisers(controls=True)

    def _denoisers(self, controls: bool) -> list[str]:
        is_control = self.rows["is_control"].astype(bool)
        names = {str(name) for name in self.rows.loc[is_control == controls, "denoiser"]}
        return sorted(names, key=lambda name: (not name.startswith("denograd"), name))

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
        return View(self.condition, self.rows[self.rows["regressor"] == regressor])


def views(long: pd.DataFrame) -> list[View]:
    """One view per condition of a long table (profile, target, noise, level), in a fixed order.

    Raises
    ------
    ValueError
        If the table lacks a column, or two rows stand for the same piece of work.
    """
    aggregate.check_long_table(long)
    return [View(condition, rows) for condition, rows in aggregate.conditions(long)]


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
    rows = view.rows[view.rows["status"] == "ok"]
    run = ["protocol", "dataset", "seed", "regressor"]
    references = [
        rows.assign(mse_after=rows[column], denoiser=label).dropna(subset="mse_after")
        for label, column in REFERENCES.items()
        if column in rows
    ]
    references = [part.sort_values("denoiser").drop_duplicates(run) for part in references]
    summary = aggregate.summarise(pd.concat([view.rows, *references]), aggregate.MSE)
    names = [label for label in REFERENCES if any(key[2] == label for key in summary)]
    return _dataset_table(
        view,
        aggregate.MSE,
        summary,
        "Geometric mean over seeds, regressors and, in the last columns, datasets; in squared "
        "standard deviations of the target. Before: trained on the noisy data. Ceiling: trained "
        "on the clean data. The protocols take their errors against different targets.",
        lambda row: (
            Section("", tuple(row(name) for name in names)),
            *sections_of(view, row, "methods"),
        ),
    )


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
        cells = [_cell(entry, metric) for of_dataset in entries for entry in of_dataset]
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
        notes=(how, *_outcome_notes(view, summary)),
        interval_note=_interval_note(summary.values()),
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
    notes = ["Imp% of the mean log ratio of the errors over seeds, then datasets."]
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
    """Rows of the methods, below `title`, and below a rule those of the controls."""
    sections = (
        Section(title, tuple(row(name) for name in view.methods)),
        Section(CONTROLS, tuple(row(name) for name in view.controls)),
    )
    return tuple(section for section in sections if section.rows)


def _cell(entry: Entry | None, metric: Metric) -> Cell:
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


def _interval_note(entries: Iterable[Entry]) -> str:
    if any(entry.low is not None for entry in entries):
        return f"In brackets: {100 * aggregate.CONFIDENCE:g} % t-interval over seeds."
    return "No intervals: they take two seeds."


def _outcome_notes(view: View, summary: Summary) -> list[str]:
    notes = []
    if any(entry.status == "absent" for entry in summary.values()):
        notes.append(f"{ABSENT}: nothing to measure (nothing was injected there).")
    places = {
        (protocol, dataset, denoiser)
        for protocol in view.protocols
        for dataset in view.datasets
        for denoiser in (*view.methods, *view.controls)
    }
    if any(entry.status == "partial" for entry in summary.values()):
        lacking = sorted(
            f"{denoiser} on {dataset} ({protocol}): {entry.expected - entry.done} of "
            f"{entry.expected}"
            for (protocol, dataset, denoiser), entry in summary.items()
            if entry.status == "partial"
        )
        notes.append(
            f"{PARTIAL}: without the runs that are missing, and not ranked: {'; '.join(lacking)}."
        )
    if places - set(summary):
        notes.append("not run: there is no record.")
    why: dict[tuple[str, str], list[str]] = {}
    for (protocol, dataset, denoiser), entry in sorted(summary.items()):
        if entry.status in ("failed", "skipped", "partial"):
            for reason in entry.reasons or ("no reason was recorded",):
                key = ("skipped" if entry.status == "skipped" else "failed", _short(reason))
                why.setdefault(key, []).append(f"{denoiser} on {dataset} ({protocol})")
    notes += [
        f"{status}: {', '.join(sorted(where))}: {reason}"
        for (status, reason), where in sorted(why.items())
    ]
    return notes


def _short(reason: str, limit: int = 200) -> str:
    line = (reason.strip().splitlines() or [""])[0].rstrip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
