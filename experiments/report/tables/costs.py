"""Where the time went: CPU-hours per stage of denoisers and regressors, by domain."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from experiments.analysis.aggregate import KEY
from experiments.analysis.view import DOMAIN_ORDER, View
from experiments.report.table import Column, Row, Section, Table
from experiments.report.tables._cells import optional_cell

TITLE = "Where the time went"
ORDER = 140

#: What columns of the long table have before a stage, by what goes through it, and the stages.
STAGES = {
    "denoiser": ("", ("fit", "denoise")),
    "regressor": ("regressor_", ("fit", "predict", "reference")),
}
TOTAL, WALL = "total", "wall only"
TITLES = ("fit", "denoise", "predict", "reference", TOTAL, WALL)

NOTE = (
    "fit: of a regressor, on refined rows. reference: its fits on noisy and clean rows, which all "
    "denoisers share. What was found instead of computed is booked where it was computed, once."
)
WALL_NOTE = (
    f"{WALL}: hours by the clock, of records from before CPU time was recorded; in no total. Fits "
    "on clean rows are in none of those."
)


def tables(views: Sequence[View]) -> list[Table]:
    """One table of all conditions, where records say what they cost."""
    rows = pd.concat([part for view in views for part in (view.rows, view.gated)])
    spent = pd.concat([_spent(rows, kind) for kind in STAGES])
    return [_table(spent)] if len(spent) else []


def _spent(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Hours, each with who spent them in what: a row per record and stage."""
    prefix, stages = STAGES[kind]
    if kind == "denoiser":
        # What a cell cost stands in the row of each of its regressors.
        rows = rows.drop_duplicates([name for name in KEY if name != "regressor"])
    who = rows.rename(columns={f"{kind}_name": "name"}).assign(kind=f"{kind}s")
    found = []
    for stage in stages:
        names = [f"{measure}_{prefix}{stage}" for measure in ("cpu_seconds", "seconds")]
        cpu, wall = (rows.get(name, pd.Series(float("nan"), rows.index)) for name in names)
        for title, seconds in ((stage, cpu), (WALL, wall.where(cpu.isna()))):
            found.append(who.assign(stage=title, hours=seconds / 3600).dropna(subset="hours"))
    return pd.concat(found)[["kind", "name", "domain", "stage", "hours"]]


def _table(spent: pd.DataFrame) -> Table:
    spent = pd.concat([spent, spent[spent["stage"] != WALL].assign(stage=TOTAL)])
    spent = pd.concat([spent, spent.assign(kind="", name="all")])
    hours = spent.groupby(["kind", "name", "domain", "stage"])["hours"].sum().to_dict()
    domains, stages = (set(spent[name]) for name in ("domain", "stage"))
    columns = tuple(
        Column(domain, title)
        for domain in DOMAIN_ORDER
        for title in TITLES
        if domain in domains and title in stages
    )
    rows: dict[str, list[Row]] = {kind: [] for kind in ("denoisers", "regressors", "")}
    # Those that took longest first.
    for kind, name in spent.groupby(["kind", "name"])["hours"].sum().sort_values()[::-1].index:
        found = (hours.get((kind, name, column.group, column.title)) for column in columns)
        rows[kind].append(Row(name, tuple(optional_cell(value, 3) for value in found)))
    return Table(
        name="costs",
        title="CPU-hours per stage",
        stub="who",
        axes=("domain", "stage"),
        columns=columns,
        sections=tuple(Section(kind, tuple(of)) for kind, of in rows.items() if of),
        notes=(NOTE, *([WALL_NOTE] if WALL in stages else [])),
    )
