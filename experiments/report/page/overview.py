"""The beginning of the page: facts, what was run on what, what failed or was skipped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from experiments.analysis.aggregate import KEY
from experiments.analysis.view import View
from experiments.report.page.results import NOT_RUN, experiments_of
from experiments.report.table import Row, Section, Table, TableCell
from experiments.report.tables._cells import columns_of, sections_of
from experiments.report.what_was_run import STATUSES, first_line

# Columns of the long table that say where and with what it was computed, as far as they are there.
ENVIRONMENT = {"processor": "processors", "git": "revisions", "source": "sources"}
# More values than this are counted, not listed.
LISTED = 20

#: A row of a plain table: a text or a count per column, and the facets that it stands for; several
#: values of a facet stand on a line each.
Line = tuple[dict[str, object], dict[str, object]]


def facts(views: Sequence[View]) -> dict[str, str]:
    """What the page is about, by term; empty where nothing is known."""
    rows = pd.concat([view.rows for view in views], ignore_index=True)
    named = _joined(experiments_of(rows).explode())
    # Views of several experiments may hold the same work under different labels.
    rows = rows.drop_duplicates("identity") if "identity" in rows else rows
    return {
        "runs": ", ".join(f"{(rows['status'] == name).sum():,} {name}" for name in STATUSES),
        "experiments": named,
        "profiles": _joined(rows["profile"]),
        "datasets": _listed(rows["dataset"]),
        "methods": _listed(name for view in views for name in view.methods),
        "controls": _listed(name for view in views for name in view.controls),
        "regressors": _listed(rows["regressor"].dropna()),
        "seeds": _seeds(rows),
        "computing time": _hours(rows),
        **{title: _listed(rows[n].dropna()) for n, title in ENVIRONMENT.items() if n in rows},
    }


def runs(views: Sequence[View], results: pd.DataFrame) -> Iterator[Line]:
    """Counts per condition and dataset."""
    contexts = [view.condition.context for view in views]
    told = [name for name in contexts[0] if len({context[name] for context in contexts}) > 1]
    gaps = results[results["status"] == NOT_RUN]
    left_out = Counter(zip(*(gaps[name] for name in (*contexts[0], "dataset")), strict=True))
    for view, context in zip(views, contexts, strict=True):
        for dataset in view.datasets:
            part = view.rows[view.rows["dataset"] == dataset]
            yield (
                {
                    "dataset": dataset,
                    **{name: context[name] for name in told},
                    "seeds": _seeds(part),
                    "methods": part["denoiser"].nunique(),
                    "regressors": part["regressor"].nunique(),
                    **{status: int((part["status"] == status).sum()) for status in STATUSES},
                    NOT_RUN: left_out[*context.values(), dataset],
                },
                {**context, "dataset": dataset},
            )


def outcomes(views: Sequence[View]) -> Iterator[Line]:
    """A line per condition, outcome, denoiser and reason; datasets and regressors are joined."""
    for view in views:
        bad = view.rows[view.rows["status"] != "ok"]
        by = ["status", "denoiser", bad["reason"].fillna("").map(first_line)]
        for (status, denoiser, reason), part in bad.groupby(by):
            datasets, regressors = (sorted(set(part[name])) for name in ("dataset", "regressor"))
            yield (
                {
                    "outcome": status,
                    "method": denoiser,
                    "reason": reason,
                    "runs": len(part),
                    "datasets": ", ".join(datasets),
                    "regressors": ", ".join(regressors),
                    "noise": f"{view.condition.noise} {view.condition.level:g}",
                    "profile": view.condition.profile,
                },
                {
                    **view.condition.context,
                    "denoiser": denoiser,
                    "dataset": "\n".join(datasets),
                    "regressor": "\n".join(regressors),
                },
            )


def coverage(view: View) -> Table:
    """Runs with a result per denoiser × dataset, or the word for why there is none."""
    statuses = view.rows.groupby(["denoiser", "dataset", "protocol"])["status"].agg(list).to_dict()
    columns = columns_of(view.datasets, view.protocols)

    def row(denoiser: str) -> Row:
        found = (statuses.get((denoiser, c.group, c.title), []) for c in columns)
        return Row(denoiser, tuple(map(_counted, found)))

    return Table(
        name="coverage",
        title=f"runs with a result: {view.condition}",
        stub="denoiser",
        axes=("dataset", "protocol"),
        columns=columns,
        sections=sections_of(view, row) or (Section("", ()),),
        context=view.condition.context,
        notes=("A count of seeds × regressors; where some are missing, of how many.",),
    )


def _counted(statuses: list[str]) -> TableCell:
    good, total = statuses.count("ok"), len(statuses)
    if not total:
        return TableCell(NOT_RUN, status="missing")
    if good == total:
        return TableCell(str(good), good)
    if good:
        return TableCell(f"{good} of {total}", good, status="partial")
    status = "failed" if "failed" in statuses else "skipped"
    return TableCell(status, status=status)


def _joined(values: Iterable[object]) -> str:
    return ", ".join(sorted({str(value) for value in values} - {""}))


def _listed(values: Iterable[object]) -> str:
    names = {str(value) for value in values} - {""}
    return str(len(names)) if len(names) > LISTED else _joined(names)


def _seeds(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, sorted(set(rows["seed"]))))


def _hours(rows: pd.DataFrame) -> str:
    """Seconds of every stage; those of a cell stand in the row of each of its regressors."""
    cells = rows.drop_duplicates([name for name in KEY if name != "regressor"])
    seconds = (
        rows.filter(regex="^seconds_.*regressor").sum().sum()
        + cells.filter(regex="^seconds_(?!.*regressor)").sum().sum()
    )
    if not seconds:
        return ""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
