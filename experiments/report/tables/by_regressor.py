"""Every number by itself: per dataset, denoiser and regressor, the mean over seeds.

One table of Imp% and one of errors for each condition, dataset and protocol. Pure functions of the
long table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Entry, Metric, Summary
from experiments.analysis.view import REFERENCES, View, error_summary
from experiments.report.table import NOTHING, Column, Row, Section, Table
from experiments.report.tables._cells import (
    MSE_NOTE,
    dataset_notes,
    interval_note,
    metric_cell,
    null_notes,
    outcome_notes,
    sections_of,
)

TITLE = "Per dataset, denoiser and regressor"
ORDER = 40

#: What is known of the refined data themselves, whichever regressor is trained on them.
OF_DATA = (aggregate.SWD, aggregate.RHO)


def tables(views: Sequence[View]) -> list[Table]:
    """The tables of every condition."""
    return [table for view in views for table in regressor_tables(view)]


def regressor_tables(view: View) -> list[Table]:
    """Imp% and errors per regressor, with SWD and ρ̄, for every dataset and protocol of a view.

    For each dataset Imp% under every protocol, then the errors under every protocol. Rows are the
    denoisers that were run on datasets of this domain, but for those that are skipped on all of
    them: these stand in the notes. Values are means over seeds with Student's interval where there
    are two or more.
    """
    found = []
    for domain in view.domains:
        numbers = _Numbers(view.of_domain(domain))
        for dataset in numbers.view.datasets:
            for build in (_imp_table, _error_table):
                found += [build(numbers, dataset, protocol) for protocol in view.protocols]
    return found


@dataclass(frozen=True)
class _Numbers:
    """Summaries per regressor of the datasets of one domain."""

    view: View

    @cached_property
    def imp(self) -> dict[str, Summary]:
        return {name: self.view.imp_of(name) for name in self.view.regressors}

    @cached_property
    def errors(self) -> dict[str, Summary]:
        return {name: error_summary(self.view.of_regressor(name)) for name in self.view.regressors}

    @cached_property
    def shown(self) -> View:
        """The view without the denoisers that are skipped wherever they were run."""
        statuses: dict[str, set[str]] = {}
        for summary in self.imp.values():
            for (_, _, denoiser), entry in summary.items():
                statuses.setdefault(denoiser, set()).add(entry.status)
        suited = [name for name, found in statuses.items() if found != {"skipped"}]
        return replace(self.view, rows=self.view.rows[self.view.rows["denoiser"].isin(suited)])


def _imp_table(numbers: _Numbers, dataset: str, protocol: str) -> Table:
    columns = {Column("Imp%", name): (aggregate.IMP, of) for name, of in numbers.imp.items()}
    for metric in OF_DATA:
        columns[Column("refined data", metric.title)] = (metric, numbers.view.summary(metric))
    return _table(
        numbers,
        dataset,
        protocol,
        name="by_regressor",
        what="Imp% (higher is better), SWD and ρ̄",
        how="Means over seeds. Imp% = 100(1 − exp(m)), m the mean of log(MSE after / MSE before). "
        "SWD (in standard deviations; lower is better) and ρ̄ (higher is better) compare the noisy "
        "with the refined data.",
        columns=columns,
        sections=lambda row: sections_of(numbers.shown, row),
    )


def _error_table(numbers: _Numbers, dataset: str, protocol: str) -> Table:
    keys = [key for summary in numbers.errors.values() for key in summary]
    names = [label for label in REFERENCES if (protocol, dataset, label) in keys]
    return _table(
        numbers,
        dataset,
        protocol,
        name="by_regressor_mse",
        what="MSE before and after (lower is better)",
        how=f"Geometric mean over seeds, {MSE_NOTE}",
        columns={Column("MSE", name): (aggregate.MSE, of) for name, of in numbers.errors.items()},
        sections=lambda row: (
            Section("", tuple(row(name) for name in names)),
            *sections_of(numbers.shown, row, "after"),
        ),
    )


def _table(
    numbers: _Numbers,
    dataset: str,
    protocol: str,
    *,
    name: str,
    what: str,
    how: str,
    columns: Mapping[Column, tuple[Metric, Summary]],
    sections: Callable[[Callable[[str], Row]], tuple[Section, ...]],
) -> Table:
    view = numbers.view

    def entries(denoiser: str) -> list[Entry | None]:
        return [summary.get((protocol, dataset, denoiser)) for _, summary in columns.values()]

    def row(denoiser: str) -> Row:
        pairs = zip(entries(denoiser), columns.values(), strict=True)
        cells = [metric_cell(entry, metric) for entry, (metric, _) in pairs]
        if denoiser in REFERENCES:
            # Nobody runs them: they are there where any denoiser was scored.
            cells = [NOTHING if cell.status == "missing" else cell for cell in cells]
        return Row(denoiser, tuple(cells))

    outcomes = {
        (denoiser, dataset, regressor): summary.get((protocol, dataset, denoiser))
        for regressor, summary in numbers.imp.items()
        for denoiser in (*view.methods, *view.controls)
    }
    known = [entry for name in (*view.methods, *view.controls) for entry in entries(name) if entry]
    return Table(
        name=name,
        title=f"{dataset}, {protocol}: {what}: {view.condition}",
        stub="denoiser",
        axes=("quantity", "column"),
        columns=tuple(columns),
        sections=sections(row),
        context=view.condition.context | {"dataset": dataset, "protocol": protocol},
        notes=(
            how,
            *dataset_notes(view, [dataset]),
            *null_notes(view, "null", {(protocol, dataset)}),
            *outcome_notes(outcomes, view),
        ),
        interval_note=interval_note(known),
    )
