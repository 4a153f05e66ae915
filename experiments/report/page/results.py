"""Every result of a long table for the page: a row per combination, aggregated over seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.aggregate import KEY, Entry, Metric
from experiments.analysis.view import View

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
STATUSES = ("ok", "partial", "failed", "skipped", NOT_RUN)
KINDS = ("method", "variant", "control")
FIXED = {"status": STATUSES, "kind": KINDS}
# A float of the page: what is shown has fewer digits, and a download keeps them all.
DIGITS = 6


def _log_before(rows: pd.DataFrame) -> pd.Series:
    with np.errstate(divide="ignore"):
        return np.log(pd.to_numeric(rows["mse_before"]))


MSE_BEFORE = Metric("mse_before", "MSE before", 4, False, True, _log_before, shown=math.exp)


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

PLACE = ("protocol", "dataset", "denoiser", "regressor")
Place = tuple[str, str, str, str]
Row = dict[str, Any]


def result_rows(views: Sequence[View]) -> list[Row]:
    """One row per condition × dataset × protocol × denoiser × regressor, aggregated over seeds.

    Parameters
    ----------
    views
        The conditions of a long table.

    Returns
    -------
    list of dict
        The keys of `FACETS` (``experiment`` is a tuple of names), those of `MEASURES` with None
        where there is no value, ``low`` and ``high`` (the interval of Imp%), ``seeds`` and
        ``reason``. Combinations that an experiment left out are there with the status "not run".
    """
    rows = [row for view in views for row in _rows_of(view)]
    kinds = {row["denoiser"]: row["kind"] for row in rows}
    order = ("profile", "target", "noise", "level", "dataset", "protocol", "denoiser", "regressor")
    ranks = {
        name: {text: i for i, text in enumerate(_ordered(name, {row[name] for row in rows}, kinds))}
        for name in order
    }
    return sorted(rows, key=lambda row: [ranks[name][row[name]] for name in order])


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
    found: list[View] = []
    for view in views:
        for i, other in enumerate(found):
            if other.condition == view.condition:
                rows = _joined(other.rows, view.rows)
                if rows is not None:
                    found[i] = View(view.condition, rows)
                    break
        else:
            found.append(view)
    return found


def _joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame | None:
    """The rows of both; None where equal labels stand for different work."""
    rows = pd.concat([one, other], ignore_index=True)
    same = rows.groupby(list(KEY), dropna=False)
    if (same["identity"].nunique() > 1).any():
        return None
    names = same[MEMBERSHIP].transform(
        lambda joined: JOINED_BY.join(sorted({name for text in joined for name in _split(text)}))
    )
    return rows.assign(**{MEMBERSHIP: names}).drop_duplicates(list(KEY), ignore_index=True)


def experiments_of(view: View) -> list[str]:
    """The named experiments that rows of a view belong to; empty where the table does not say."""
    if MEMBERSHIP not in view.rows:
        return []
    names = {name for joined in view.rows[MEMBERSHIP].dropna() for name in _split(joined)}
    return sorted(names)


def columnar(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows as columns, texts as numbers of a list of the distinct ones: short as JSON.

    Parameters
    ----------
    rows
        What `result_rows` gives.

    Returns
    -------
    dict
        ``facets`` and ``measures`` (key, title and meaning of each), ``texts`` (by column, the
        distinct values in the order in which they are offered), ``columns`` (by column, one entry
        per row) and ``length``.
    """
    texts: dict[str, list[str]] = {}
    columns: dict[str, list[Any]] = {}
    kinds = {row["denoiser"]: row["kind"] for row in rows}
    for name in (*FACETS, "reason"):
        several = name == "experiment"
        values = [row[name] for row in rows]
        distinct = {text for value in values for text in (value if several else (value,))}
        texts[name] = _ordered(name, distinct, kinds)
        number = {text: i for i, text in enumerate(texts[name])}
        columns[name] = [
            [number[text] for text in value] if several else number[value] for value in values
        ]
    for name in (*(measure.key for measure in MEASURES), "low", "high"):
        columns[name] = [_number(row[name]) for row in rows]
    for name in ("seeds", "seeds_expected"):
        columns[name] = [row[name] for row in rows]
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


def _rows_of(view: View) -> Iterable[Row]:
    facts = _facts(view)
    common: Row = dict(view.condition.context)
    for regressor in view.regressors:
        part = view.of_regressor(regressor)
        entries = {m.key: part.summary(m.metric) for m in MEASURES}
        for (protocol, dataset, denoiser), imp in entries["imp"].items():
            where = (protocol, dataset, denoiser)
            row = common | _labels(facts, protocol, dataset, denoiser, regressor)
            for measure in MEASURES:
                row[measure.key] = _shown(entries[measure.key][where], measure.metric)
            row |= _interval(imp)
            row |= {"status": "ok" if imp.status == "absent" else imp.status}
            row |= {"seeds": imp.seeds, "seeds_expected": imp.expected}
            row["reason"] = "; ".join(_first_line(reason) for reason in imp.reasons)
            yield row
    nothing = dict.fromkeys([*(m.key for m in MEASURES), "low", "high"])
    for place, names in sorted(facts.not_run.items()):
        row = common | _labels(facts, *place) | nothing
        row |= {"status": NOT_RUN, "seeds": 0, "seeds_expected": 0, "reason": ""}
        yield row | {"experiment": names}


@dataclass(frozen=True)
class _Facts:
    domains: dict[str, str]
    kinds: dict[str, str]
    experiments: dict[Place, tuple[str, ...]]
    not_run: dict[Place, tuple[str, ...]]


def _facts(view: View) -> _Facts:
    rows = view.rows
    places = zip(*(rows[name].astype(str) for name in PLACE), strict=True)
    domains = {
        str(d): str(domain) for d, domain in zip(rows["dataset"], rows["domain"], strict=True)
    }
    kinds = {
        str(name): str(kind) for name, kind in zip(rows["denoiser"], rows["kind"], strict=True)
    }
    joined = rows[MEMBERSHIP].fillna("") if MEMBERSHIP in rows else pd.Series("", rows.index)
    members: dict[Place, set[str]] = {}
    for key, names in zip(places, joined, strict=True):
        members.setdefault(key, set()).update(_split(names))
    return _Facts(
        domains,
        kinds,
        {place: tuple(sorted(names)) for place, names in members.items()},
        {place: tuple(sorted(names)) for place, names in _left_out(members, domains).items()},
    )


def _left_out(
    members: Mapping[Place, set[str]], domains: Mapping[str, str]
) -> dict[Place, set[str]]:
    """What an experiment comprises and has no record of, with the names of the experiments.

    An experiment runs every denoiser of a domain on each of its datasets, under every protocol and
    with every regressor that the dataset has.
    """
    places: dict[str, list[Place]] = defaultdict(list)
    for place, names in members.items():
        for name in names or {""}:
            places[name].append(place)
    gaps: dict[Place, set[str]] = defaultdict(set)
    for name, listed in places.items():
        protocols, denoisers, regressors = defaultdict(set), defaultdict(set), defaultdict(set)
        for protocol, dataset, denoiser, regressor in listed:
            protocols[dataset].add(protocol)
            denoisers[domains[dataset]].add(denoiser)
            regressors[dataset].add(regressor)
        for dataset in protocols:
            axes = (protocols[dataset], [dataset], denoisers[domains[dataset]], regressors[dataset])
            for place in product(*axes):
                if place not in members:
                    gaps[place] |= {name} - {""}
    return gaps


def _labels(facts: _Facts, protocol: str, dataset: str, denoiser: str, regressor: str) -> Row:
    return {
        "dataset": dataset,
        "domain": facts.domains[dataset],
        "denoiser": denoiser,
        "kind": facts.kinds[denoiser],
        "regressor": regressor,
        "protocol": protocol,
        "experiment": facts.experiments.get((protocol, dataset, denoiser, regressor), ()),
    }


def _split(joined: object) -> list[str]:
    return [name for name in str(joined).split(JOINED_BY) if name]


def _shown(entry: Entry, metric: Metric) -> float | None:
    return None if entry.mean is None else metric.shown(entry.mean)


def _interval(entry: Entry) -> Row:
    if entry.low is None or entry.high is None:
        return {"low": None, "high": None}
    low, high = sorted((aggregate.IMP.shown(entry.low), aggregate.IMP.shown(entry.high)))
    return {"low": low, "high": high}


def _first_line(reason: str) -> str:
    return (reason.strip().splitlines() or [""])[0].strip()


def _number(value: float | None) -> float | str | None:
    """A number for JSON, which knows no infinity."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _ordered(name: str, values: set[str], kinds: Mapping[str, str]) -> list[str]:
    """The values of a facet as the page lists them; `kinds` has the kind of every denoiser."""
    if name in FIXED:
        return [value for value in FIXED[name] if value in values]
    if name == "level":
        return sorted(values, key=float)
    if name == "protocol":
        return sorted(values, key=lambda value: (value != "published", value))
    if name == "denoiser":
        ranks = {kind: rank for rank, kind in enumerate(KINDS)}
        own = {value: not value.startswith("denograd") for value in values}
        return sorted(values, key=lambda value: (ranks[kinds[value]], own[value], value))
    return sorted(values)
