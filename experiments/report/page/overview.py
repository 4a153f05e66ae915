"""The beginning of the page: facts, what was run on what, what failed or was skipped and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from experiments.analysis.aggregate import KEY, Condition
from experiments.analysis.view import View
from experiments.report.page.html import Line, badge, details, escaped, plain_table
from experiments.report.page.results import NOT_RUN, Row, experiments_of
from experiments.report.table import Column, Section, Table, TableCell, sentence
from experiments.report.table import Row as TableRow
from experiments.report.tables._cells import sections_of

# Columns of the long table that say where and with what it was computed, as far as they are there.
ENVIRONMENT = {"processor": "processors", "git": "revisions", "source": "sources"}
# More values than this are counted, not listed.
LISTED = 20
MADE_BY = "made by"
STATUSES = ("ok", "failed", "skipped")


def facts(views: Sequence[View], command: str) -> str:
    """What the page is about, as a list of terms."""
    rows = pd.concat([view.rows for view in views], ignore_index=True)
    # Views of several experiments may hold the same work under different labels.
    rows = rows.drop_duplicates("identity") if "identity" in rows else rows
    counts = rows["status"].value_counts()
    seeds = sorted({int(seed) for seed in rows["seed"]})
    of_kind = {name for view in views for name in view.methods}
    controls = {name for view in views for name in view.controls}
    named = sorted({name for view in views for name in experiments_of(view)})
    found = {
        "runs": ", ".join(f"{int(counts.get(name, 0)):,} {name}" for name in STATUSES),
        "experiments": ", ".join(named),
        "profiles": ", ".join(sorted({view.condition.profile for view in views})),
        "datasets": _listed({str(name) for name in rows["dataset"]}),
        "methods": _listed(of_kind),
        "controls": _listed(controls),
        "regressors": _listed({str(name) for name in rows["regressor"].dropna()}),
        "seeds": ", ".join(map(str, seeds)),
        "computing time": _hours(rows),
        **{title: _listed(_texts(rows, name)) for name, title in ENVIRONMENT.items()},
        MADE_BY: command,
    }
    items = "".join(
        f"<div><dt>{escaped(sentence(term))}</dt><dd>{_code(term, value)}</dd></div>"
        for term, value in found.items()
        if value
    )
    return f'<dl class="facts">{items}</dl>'


def _code(term: str, value: str) -> str:
    return f"<code>{escaped(value)}</code>" if term == MADE_BY else escaped(value)


def what_was_run(views: Sequence[View], results: Sequence[Row]) -> str:
    """Counts per condition and dataset, what failed or was skipped, and who ran where."""
    contexts = [view.condition.context for view in views]
    told = [name for name in contexts[0] if len({context[name] for context in contexts}) > 1]
    parts = [
        "<h3>Runs by dataset</h3>",
        "<p>A run is one dataset, noise, seed, protocol, method and regressor.</p>",
        plain_table(
            "Runs by dataset and condition",
            ("dataset", *told, "seeds", "methods", "regressors", *STATUSES, NOT_RUN),
            _datasets(views, results, told),
        ),
        "<h3>What failed or was skipped, and why</h3>",
        _outcomes(views),
        "<h3>Who ran where</h3>",
        *(details(coverage(view), is_open=not i) for i, view in enumerate(views)),
    ]
    return "".join(parts)


def coverage(view: View) -> Table:
    """Runs with a result per denoiser × dataset, or the word for why there is none."""
    rows = view.rows
    keys = [rows[name].astype(str) for name in ("denoiser", "dataset", "protocol")]
    groups = {tuple(map(str, key)): part for key, part in rows["status"].groupby(keys)}

    def row(denoiser: str) -> TableRow:
        found = [
            groups.get((denoiser, dataset, protocol))
            for dataset in view.datasets
            for protocol in view.protocols
        ]
        return TableRow(denoiser, tuple(map(_counted, found)))

    return Table(
        name="coverage",
        title=f"runs with a result: {view.condition}",
        stub="denoiser",
        axes=("dataset", "protocol"),
        columns=tuple(Column(d, protocol) for d in view.datasets for protocol in view.protocols),
        sections=sections_of(view, row) or (Section("", ()),),
        context=view.condition.context,
        notes=("A count of seeds × regressors; where some are missing, of how many.",),
    )


def _counted(statuses: pd.Series | None) -> TableCell:
    if statuses is None:
        return TableCell(NOT_RUN, status="missing")
    good, total = int((statuses == "ok").sum()), len(statuses)
    if good == total:
        return TableCell(str(good), float(good))
    if good:
        return TableCell(f"{good} of {total}", float(good), status="partial")
    status = "failed" if (statuses == "failed").any() else "skipped"
    return TableCell(status, status=status)


def _datasets(views: Sequence[View], results: Sequence[Row], told: Sequence[str]) -> Iterator[Line]:
    for view in views:
        context = view.condition.context
        left_out = [
            row["dataset"]
            for row in results
            if row["status"] == NOT_RUN and all(row[k] == v for k, v in context.items())
        ]
        for dataset in view.datasets:
            part = view.rows[view.rows["dataset"] == dataset]
            counts = part["status"].value_counts()
            yield Line(
                (
                    escaped(dataset),
                    *(escaped(context[name]) for name in told),
                    escaped(", ".join(map(str, sorted({int(seed) for seed in part["seed"]})))),
                    part["denoiser"].nunique(),
                    part["regressor"].nunique(),
                    *(int(counts.get(status, 0)) for status in STATUSES),
                    left_out.count(dataset),
                ),
                {**context, "dataset": dataset},
            )


def _outcomes(views: Sequence[View]) -> str:
    """A line per condition, outcome, denoiser and reason, the datasets and regressors joined."""
    lines = [line for view in views for line in _bad(view.condition, view.rows)]
    if not lines:
        return "<p>Nothing failed and nothing was skipped.</p>"
    columns = ("outcome", "method", "reason", "runs", "datasets", "regressors", "noise", "profile")
    return plain_table("Runs without a result", columns, lines)


def _bad(condition: Condition, rows: pd.DataFrame) -> Iterator[Line]:
    bad = rows[rows["status"] != "ok"]
    reasons = bad["reason"].fillna("").map(_first_line)
    for (status, denoiser, reason), part in bad.groupby(["status", "denoiser", reasons], sort=True):
        datasets, regressors = (
            sorted({str(label) for label in part[name]}) for name in ("dataset", "regressor")
        )
        cells = (
            badge(str(status)),
            escaped(denoiser),
            f'<span class="reason">{escaped(reason)}</span>',
            len(part),
            escaped(", ".join(datasets)),
            escaped(", ".join(regressors)),
            escaped(f"{condition.noise} {condition.level:g}"),
            escaped(condition.profile),
        )
        facets = {
            "denoiser": str(denoiser),
            "dataset": "\n".join(datasets),
            "regressor": "\n".join(regressors),
        }
        yield Line(cells, condition.context | facets)


def _first_line(reason: object) -> str:
    return (str(reason).strip().splitlines() or ["no reason was recorded"])[0]


def _texts(rows: pd.DataFrame, name: str) -> set[str]:
    if name not in rows:
        return set()
    return {str(value) for value in rows[name].dropna() if str(value)}


def _listed(values: set[str]) -> str:
    if len(values) > LISTED:
        return f"{len(values)}"
    return ", ".join(sorted(values))


def _hours(rows: pd.DataFrame) -> str:
    """Seconds of every stage; those of a cell stand in the row of each of its regressors."""
    seconds = [name for name in rows if str(name).startswith("seconds_")]
    if not seconds:
        return ""
    of_regressor = [name for name in seconds if "regressor" in str(name)]
    of_cell = [name for name in seconds if name not in of_regressor]
    cells = rows.drop_duplicates([name for name in KEY if name != "regressor"])
    total = float(rows[of_regressor].sum().sum()) + float(cells[of_cell].sum().sum())
    return f"{total / 3600:.1f} h" if total >= 3600 else f"{total / 60:.1f} min"
