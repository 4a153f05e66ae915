"""What tables share: cells, sections and notes, and a metric per dataset and denoiser.

Sane variants and controls stand below rules in every table and are never ranked. What failed or was
skipped is shown as such, never as a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Entry, Metric, Summary
from experiments.analysis.skill import LEAST
from experiments.analysis.view import View
from experiments.report.table import NOTHING, Column, Row, Section, Table, TableCell
from experiments.words import ABSENT, number

SANE = "sane variants, not ranked"
CONTROLS = "controls, not ranked"
PARTIAL = "†"
NULL = "‡"
MSE_NOTE = (
    "in squared standard deviations of the target. Before: trained on the noisy data. Ceiling: "
    "trained on the clean data. The protocols take their errors against different targets."
)

#: The columns that average over datasets.
MEAN = "mean"


def metric_tables(views: Sequence[View], metrics: Sequence[Metric]) -> list[Table]:
    """A table per view and metric that has any value; Imp% is shown whatever became of it."""
    return [
        metric_table(view, metric)
        for view in views
        for metric in metrics
        if metric is aggregate.IMP
        or any(entry.mean is not None for entry in view.summary(metric).values())
    ]


def metric_table(view: View, metric: Metric) -> Table:
    """A metric per dataset × denoiser, with both protocols side by side.

    Means are over seeds, then regressors; the last group averages over datasets. Intervals are
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
    return dataset_table(view, metric, summary, how, lambda row: sections_of(view, row))


def dataset_table(
    view: View,
    metric: Metric,
    summary: Summary,
    how: str,
    sections: Callable[[Callable[[str], Row]], tuple[Section, ...]],
) -> Table:
    places = [(protocol, dataset) for dataset in view.datasets for protocol in view.protocols]

    def row(denoiser: str) -> Row:
        entries = [
            [summary.get((protocol, dataset, denoiser)) for protocol in view.protocols]
            for dataset in view.datasets
        ]
        cells = [metric_cell(entry, metric) for of_dataset in entries for entry in of_dataset]
        if metric is aggregate.IMP:
            cells = [_marked(c, p in view.null) for c, p in zip(cells, places, strict=True)]
        means = [mean_cell(over_datasets, metric) for over_datasets in zip(*entries, strict=True)]
        return Row(denoiser, (*cells, *means))

    best = "higher is better" if metric.larger_is_better else "lower is better"
    return Table(
        name=metric.name,
        title=f"{metric.title} ({best}): {view.condition}",
        stub="denoiser",
        axes=("dataset", "protocol"),
        columns=columns_of([*view.datasets, MEAN], view.protocols),
        sections=sections(row),
        context=view.condition.context,
        notes=(
            how,
            *(dataset_notes(view) if metric.per_regressor else ()),
            *(null_notes(view, NULL) if metric is aggregate.IMP else ()),
            *outcome_notes(
                {
                    (denoiser, dataset, protocol): summary.get((protocol, dataset, denoiser))
                    for protocol in view.protocols
                    for dataset in view.datasets
                    for denoiser in (*view.methods, *view.controls)
                },
                view,
            ),
        ),
        interval_note=interval_note(summary.values()),
    )


def columns_of(groups: Iterable[str], titles: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(group, title) for group in groups for title in titles)


def sections_of(view: View, row: Callable[[str], Row], title: str = "") -> tuple[Section, ...]:
    """Rows of the ranked methods, below `title`, then of sane variants, then of controls."""
    sections = (
        Section(title, tuple(row(name) for name in view.ranked)),
        Section(SANE, tuple(row(name) for name in view.variants)),
        Section(CONTROLS, tuple(row(name) for name in view.controls)),
    )
    return tuple(section for section in sections if section.rows)


def dataset_notes(view: View, datasets: Iterable[str] | None = None) -> list[str]:
    """Notes that stand beside every error of these datasets (None: all of the view)."""
    shown = view.datasets if datasets is None else datasets
    notes = view.dataset_notes
    return [f"{name}: {notes[name]}" for name in shown if name in notes]


def null_notes(
    view: View, mark: str, places: Collection[tuple[str, str]] | None = None
) -> list[str]:
    """A sentence on the regressors without skill at these protocols and datasets (None: all)."""
    told: dict[tuple[str, ...], list[str]] = {}
    for (protocol, dataset), regressors in view.null.items():
        if places is None or (protocol, dataset) in places:
            told.setdefault(tuple(regressors), []).append(f"{dataset} ({protocol})")
    if not told:
        return []
    what = "; ".join(f"{', '.join(where)}: {', '.join(of)}" for of, where in told.items())
    return [
        f"{mark}: regressors whose error on the noisy data is not {100 * LEAST:g} % below that of "
        f"the mean of a table's target, or of the last value of a series: {what}."
    ]


def _marked(cell: TableCell, null: bool) -> TableCell:
    return replace(cell, text=cell.text + NULL) if null and cell.value is not None else cell


def metric_cell(entry: Entry | None, metric: Metric) -> TableCell:
    """A value with its mark and interval, or a word for what became of it."""
    if entry is None:
        return TableCell("not run", status="missing")
    if entry.mean is None:
        text = ABSENT if entry.status == "absent" else entry.status
        return TableCell(text, status=entry.status)
    value = metric.shown(entry.mean)
    text = number(value, metric.decimals) + (PARTIAL if entry.status == "partial" else "")
    if entry.low is None or entry.high is None:
        return TableCell(text, value, status=entry.status)
    low, high = sorted((metric.shown(entry.low), metric.shown(entry.high)))
    interval = f"[{number(low, metric.decimals)}, {number(high, metric.decimals)}]"
    return TableCell(text, value, low, high, interval, entry.status)


def mean_cell(entries: Sequence[Entry | None], metric: Metric) -> TableCell:
    mean, whole = aggregate.mean_of(entries)
    if mean is None:
        statuses = {entry.status for entry in entries if entry is not None}
        status = next((s for s in ("failed", "skipped", "null") if s in statuses), "absent")
        return TableCell(ABSENT if status == "absent" else status, status=status)
    value = metric.shown(mean)
    mark = "" if whole else PARTIAL
    return TableCell(
        number(value, metric.decimals) + mark, value, status="ok" if whole else "partial"
    )


def interval_note(entries: Iterable[Entry]) -> str:
    """What the intervals in brackets are, or why there are none."""
    if any(entry.low is not None for entry in entries):
        return f"In brackets: {100 * aggregate.CONFIDENCE:g} % t-interval over seeds."
    return "No intervals: they take two seeds."


#: What became of the work at a place: denoiser, dataset and protocol or regressor.
Outcomes = Mapping[tuple[str, str, str], Entry | None]


def outcome_notes(outcomes: Outcomes, view: View) -> list[str]:
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
            # Of a part that was never run there is nothing to say here.
            for status, reason in entry.told:
                short = _short(reason, view.dataset_names[place[1]])
                why.setdefault((status, short or "no reason was recorded"), []).append(place)
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


def optional_cell(value: float | None, decimals: int) -> TableCell:
    """A number, or nothing."""
    return NOTHING if value is None else TableCell(number(value, decimals), float(value))


def p_cell(value: float | None) -> TableCell:
    """A p-value, or nothing."""
    if value is not None and value < 0.001:
        return TableCell("<0.001", value)
    return optional_cell(value, 3)
