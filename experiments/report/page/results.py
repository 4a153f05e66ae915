"""Every result of a long table for the page: a row per combination, aggregated over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import KEY, Condition, Metric
from experiments.analysis.view import View
from experiments.report.what_was_run import first_line

#: What a filter of the page holds on to, with its title.
FACETS = {
    "dataset": "Dataset",
    "domain": "Domain",
    "denoiser": "Method",
    "kind": "Kind of method",
    "regressor": "Regressor",
    "protocol": "Protocol",
    "noise": "Noise",
    "level": "Noise level",
    "target": "Target",
    "profile": "Profile",
    "experiment": "Experiment",
    "status": "Status",
}
#: The long table's column of the named experiments that a row belongs to, joined by this.
MEMBERSHIP, JOINED_BY = "experiments", "+"
NOT_RUN = "not run"
#: Statuses in their order, each with a sign, so that nothing hangs on its colour.
SIGNS = {"ok": "✓", "partial": "◐", "failed": "✗", "skipped": "⤼", NOT_RUN: "○"}
KINDS = ("method", "variant", "control")
# A float of the page: what is shown has fewer digits, and a download keeps them all.
DIGITS = 6


MSE_BEFORE = replace(
    aggregate.MSE,
    name="mse_before",
    statistic=lambda rows: aggregate.MSE.statistic(rows.assign(mse_after=rows["mse_before"])),
)


@dataclass(frozen=True)
class Measure:
    """A column of numbers: its key, its heading, what it is, and the metric behind it."""

    key: str
    title: str
    meaning: str
    metric: Metric


MEASURES = (
    Measure("imp", "Imp%", "improvement of the test error; higher is better", aggregate.IMP),
    Measure("before", "MSE before", "trained on the noisy data", MSE_BEFORE),
    Measure("after", "MSE after", "trained on the refined data", aggregate.MSE),
    Measure("swd", "SWD", "distance to the data as given; lower is better", aggregate.SWD),
    Measure("rho", "ρ̄", "correlation with the data as given; higher is better", aggregate.RHO),
    Measure(
        "recovery_x",
        "Recovery X",
        "share of the noise removed from the inputs; higher is better",
        aggregate.RECOVERY_X,
    ),
    Measure(
        "recovery_y",
        "Recovery y",
        "share of the noise removed from the target; higher is better",
        aggregate.RECOVERY_Y,
    ),
)

PLACE = ["protocol", "dataset", "denoiser", "regressor"]
# What rows are sorted by.
ORDER = ["profile", "target", "noise", "level", "dataset", "protocol", "denoiser", "regressor"]


def result_rows(views: Sequence[View]) -> pd.DataFrame:
    """One row per condition × dataset × protocol × denoiser × regressor, aggregated over seeds.

    Parameters
    ----------
    views
        The conditions of a long table.

    Returns
    -------
    DataFrame
        The keys of `FACETS` (``experiment`` is a list of names; the others and ``reason`` are
        categories in the order in which the page offers them), those of `MEASURES`, NaN where there
        is no value, ``low`` and ``high`` (the interval of Imp%), ``seeds`` and ``seeds_expected``.
        Combinations that an experiment left out are there with the status "not run".
    """
    rows = pd.concat([_rows_of(view) for view in views], ignore_index=True)
    kinds = dict(zip(rows["denoiser"], rows["kind"], strict=True))
    keys: dict[str, Callable[[str], Any]] = {
        "level": float,
        "kind": KINDS.index,
        "status": list(SIGNS).index,
        "protocol": lambda name: (name != "published", name),
        "denoiser": lambda name: (KINDS.index(kinds[name]), not name.startswith("denograd"), name),
    }
    for name in {*FACETS, "reason"} - {"experiment"}:
        rows[name] = pd.Categorical(rows[name], sorted(rows[name].unique(), key=keys.get(name)))
    return rows.sort_values(ORDER, kind="stable", ignore_index=True)


def merged(views: Sequence[View]) -> list[View]:
    """Views of the same condition as one, so that what several experiments share is there once.

    Parameters
    ----------
    views
        The conditions of one or more long tables. Where there are more, each says in its column
        ``experiments`` where it comes from.

    Returns
    -------
    list of View
        In the same order. Where two experiments give the same labels to different work, theirs
        stay apart.
    """
    found: list[tuple[Condition, list[pd.DataFrame]]] = []
    for view in views:
        for condition, parts in found:
            if condition == view.condition and _is_same_work(parts, view.rows):
                parts.append(view.rows)
                break
        else:
            found.append((view.condition, [view.rows]))
    return [View(condition, _joined(parts)) for condition, parts in found]


def _is_same_work(parts: Sequence[pd.DataFrame], rows: pd.DataFrame) -> bool:
    """Whether equal labels stand for the same work."""
    columns = [*KEY, "identity"]
    works = pd.concat([part[columns] for part in (*parts, rows)]).drop_duplicates()
    return not works.duplicated(list(KEY)).any()


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all once, each with all experiments that it belongs to."""
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True)
    work = rows.groupby(list(KEY), dropna=False).ngroup()
    names = (
        rows[MEMBERSHIP]
        .str.split(JOINED_BY)
        .explode()
        .groupby(work)
        .agg(lambda of: JOINED_BY.join(sorted(set(of))))
    )
    return rows.assign(**{MEMBERSHIP: work.map(names)}).drop_duplicates(
        list(KEY), ignore_index=True
    )


def experiments_of(rows: pd.DataFrame) -> pd.Series:
    """The named experiments that each row belongs to, as a list; [""] where it does not say."""
    joined = rows[MEMBERSHIP].fillna("") if MEMBERSHIP in rows else pd.Series("", rows.index)
    return joined.str.split(JOINED_BY)


def columnar(rows: pd.DataFrame) -> dict[str, Any]:
    """Rows as columns, texts as numbers of a list of the distinct ones: short as JSON.

    Parameters
    ----------
    rows
        What `result_rows` gives.

    Returns
    -------
    dict
        ``facets`` and ``measures`` (key, title and meaning of each), ``texts`` (by
        column, the distinct values in the order in which they are offered), ``columns`` (by column,
        one entry per row) and ``length``.
    """
    texts: dict[str, list[str]] = {}
    columns: dict[str, list[Any]] = {}
    for name in map(str, rows):
        column = rows[name]
        if name == "experiment":
            texts[name] = sorted({text for names in column for text in names})
            columns[name] = [[texts[name].index(text) for text in names] for names in column]
        elif isinstance(column.dtype, pd.CategoricalDtype):
            texts[name], columns[name] = list(column.cat.categories), column.cat.codes.tolist()
        else:
            columns[name] = [_number(value) for value in column.tolist()]
    return {
        "facets": [{"key": key, "title": title} for key, title in FACETS.items()],
        "measures": [
            {"key": m.key, "title": m.title, "meaning": m.meaning, "decimals": m.metric.decimals}
            for m in MEASURES
        ],
        "texts": texts,
        "columns": columns,
        "length": len(rows),
    }


def _rows_of(view: View) -> pd.DataFrame:
    kinds = dict(zip(view.rows["denoiser"], view.rows["kind"], strict=True))
    places = _places(view.rows).groupby([*PLACE, "domain"])["experiment"]
    names = places.agg(lambda names: sorted({*names} - {""})).reset_index()
    rows = names.merge(_measured(view), how="left", on=PLACE)
    left_out = {"status": NOT_RUN, "reason": "", "seeds": 0, "seeds_expected": 0}
    return rows.fillna(left_out).assign(kind=rows["denoiser"].map(kinds), **view.condition.context)


def _places(rows: pd.DataFrame) -> pd.DataFrame:
    """Where each experiment has a record, and where it comprises work that nobody has done.

    An experiment runs every denoiser of a domain on each of its datasets, under every protocol and
    with every regressor that the dataset has.
    """
    labels = rows[[*PLACE, "domain"]].astype(str)
    there = labels.assign(experiment=experiments_of(rows)).explode("experiment").drop_duplicates()
    datasets = there[["experiment", "domain", "dataset", "protocol"]].drop_duplicates()
    denoisers = there[["experiment", "domain", "denoiser"]].drop_duplicates()
    regressors = there[["experiment", "dataset", "regressor"]].drop_duplicates()
    whole = datasets.merge(denoisers).merge(regressors)
    done = pd.MultiIndex.from_frame(whole[PLACE]).isin(pd.MultiIndex.from_frame(there[PLACE]))
    return pd.concat([there, whole[~done]])


def _measured(view: View) -> pd.DataFrame:
    """Means over seeds, per place that has a record."""
    rows = []
    for regressor in view.regressors:
        part = view.of_regressor(regressor)
        for where, imp in part.summary(aggregate.IMP).items():
            low, high = sorted(_shown(end, aggregate.IMP) for end in (imp.low, imp.high))
            rows.append(
                dict(zip(PLACE, (*where, regressor), strict=True))
                | {m.key: _shown(part.summary(m.metric)[where].mean, m.metric) for m in MEASURES}
                | {"low": low, "high": high, "seeds": imp.seeds, "seeds_expected": imp.expected}
                | {"status": "ok" if imp.status == "absent" else imp.status}
                | {"reason": "; ".join(first_line(outcome.reason) for outcome in imp.told)}
            )
    return pd.DataFrame(rows)


def _shown(mean: float | None, metric: Metric) -> float:
    return math.nan if mean is None else metric.shown(mean)


def _number(value: float) -> float | str | None:
    """A number for JSON, which knows no infinity."""
    if math.isnan(value):
        return None
    return str(value) if math.isinf(value) else float(f"{value:.{DIGITS}g}")
