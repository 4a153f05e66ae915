"""A study as a report writes it: tables, a figure and what they show."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import aggregate
from experiments.analysis.studies.findings import findings_of
from experiments.analysis.studies.study import Panel, Setting, Study, study_of
from experiments.analysis.view import View
from experiments.report.table import Column, Row, Section, Table, TableCell
from experiments.report.tables._cells import PARTIAL, interval_note, metric_cell
from experiments.words import number

TITLE = "What the parameter does"
ORDER = 0
STANDARD = False

HOW = (
    "Mean over seeds, of Imp% over regressors too (of log ratios of errors); the last column "
    "averages over datasets where all have a value. "
    f"{PARTIAL}: some runs are missing."
)


def tables(views: Sequence[View]) -> list[Table]:
    """A table per quantity, settings by datasets; the findings stand below the first."""
    study = study_of(views)
    if study is None or not study.panels:
        return []
    panels = [*study.panels, *(Panel(aggregate.RHO, name) for name in study.protocols[:1])]
    panels = [panel for panel in panels if study.blocks(panel)]
    told = findings_of(study)
    return [
        _table(study, panel, (*told, HOW) if number_ == 0 else (HOW,))
        for number_, panel in enumerate(panels)
    ]


def ablation_findings(views: Sequence[View]) -> list[str]:
    """What the study shows; empty where nothing varies or was measured."""
    study = study_of(views)
    return [] if study is None or not study.panels else findings_of(study)


def _table(study: Study, panel: Panel, notes: tuple[str, ...]) -> Table:
    better = "higher" if panel.metric.larger_is_better else "lower"
    entries = [
        entry
        for dataset in study.datasets
        for setting in study.settings
        if (entry := study.entry(panel, dataset, setting)) is not None
    ]
    return Table(
        name=f"ablation_{panel.metric.name}",
        title=f"{panel.title} ({better} is better): {study.title}",
        stub="setting",
        axes=("quantity", "dataset"),
        columns=tuple(Column("", name) for name in (*study.datasets, "mean")),
        sections=(Section("", tuple(_row(study, panel, s) for s in study.settings)),),
        context={"protocol": panel.protocol or "all"},
        notes=notes,
        interval_note=interval_note(entries),
    )


def _row(study: Study, panel: Panel, setting: Setting) -> Row:
    cells = [
        metric_cell(study.entry(panel, dataset, setting), panel.metric)
        for dataset in study.datasets
    ]
    mean = study.mean(panel, setting, study.datasets)
    if mean is None:
        return Row(_label(study, setting), (*cells, TableCell("–", status="absent")))
    shown = panel.metric.shown(mean)
    return Row(
        _label(study, setting), (*cells, TableCell(number(shown, panel.metric.decimals), shown))
    )


def _label(study: Study, setting: Setting) -> str:
    """A setting in print, with a word where it is the published one."""
    label = setting.label or "default"
    domains = sorted(set(study.domains.values()))
    if all(setting.is_published(domain) for domain in domains):
        return f"{label} ({study.word})"
    some = [domain for domain in domains if setting.is_published(domain)]
    names = {"tabular": "tables", "series": "series"}
    return f"{label} ({study.word} for {names[some[0]]})" if some else label
