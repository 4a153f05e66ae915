"""What a regressor gains where it decides itself whether to train on a refined target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from experiments.analysis.skill import LEAST
from experiments.analysis.view import View
from experiments.metrics import imp
from experiments.report.table import NOTHING, Column, Row, Section, Table, TableCell
from experiments.report.tables._cells import optional_cell
from experiments.words import number

TITLE = "Regressors that train on a refined target"
ORDER = 85

EVERYWHERE = "all"
#: What a table says of the gains of cells, in per cent.
SHARES: Mapping[str, Callable[[pd.Series], pd.Series]] = {
    "% above ½": lambda gains: gains > 0.5,
    "% below −1": lambda gains: gains < -1.0,
    "% below −2": lambda gains: gains < -2.0,
}


def tables(views: Sequence[View]) -> list[Table]:
    """A table per profile and kind of target; none where no such regressor was scored."""
    parts = [found for view in views if len(found := gains(view))]
    if not parts:
        return []
    every = pd.concat(parts, ignore_index=True)
    return [
        gain_table(of, {"profile": str(profile), "target": str(target)})
        for (profile, target), of in every.groupby(["profile", "target"])
    ]


def gains(view: View) -> pd.DataFrame:
    """Per dataset, seed and regressor: what the refinement gained, in per cent of the error.

    Errors are those of the protocol ``held_out`` without a denoiser: training rows are refined by
    the regressor alone, and scored are rows that nobody touched.
    """
    if view.gated.empty:
        return pd.DataFrame()
    plain, gated = (_scored(rows) for rows in (view.rows, view.gated))
    plain = plain.assign(refines=plain["regressor_name"])
    keys = ["dataset", "seed", "refines", "alike"]
    both = plain.merge(gated, on=keys, suffixes=("", "_gated"))
    return both[["dataset", "seed", "regressor", "null"]].assign(
        gain=[imp(*pair) for pair in zip(both["mse_after"], both["mse_after_gated"], strict=True)],
        noise=f"{view.condition.noise} {view.condition.level:g}",
        profile=view.condition.profile,
        target=view.condition.target,
    )


def _scored(rows: pd.DataFrame) -> pd.DataFrame:
    asked = (rows["protocol"] == "held_out") & (rows["denoiser_name"] == "identity")
    found = rows[asked & (rows["status"] == "ok")]
    # One regressor may be scored with several settings, and is compared with its like.
    return found.assign(alike=found["regressor_differs"].map(str))


def gain_table(gains: pd.DataFrame, context: dict[str, str]) -> Table:
    """Mean gain, shares of cells and the worst cell, per regressor and level of noise.

    Cells of a regressor that has no skill there, without any refinement, are told apart.
    """
    null, gains = (gains[gains["null"] == without] for without in (True, False))
    levels = list(dict.fromkeys(gains["noise"]))
    columns = [
        Column(group, title)
        for group in (*levels, EVERYWHERE)
        for title in ("mean gain, %", *SHARES, "cells")
    ]

    def row(name: str, of: pd.DataFrame) -> Row:
        groups: list[pd.DataFrame] = [*(of[of["noise"] == level] for level in levels), of]
        cells = [cell for group in groups for cell in _cells(group["gain"])]
        return Row(name, (*cells, _worst(of)))

    rows = [row(str(name), of) for name, of in gains.groupby("regressor")]
    return Table(
        name="refined_regressor",
        title=f"Gain of training on a refined target, behind a gate: {context['profile']}",
        stub="regressor",
        axes=("noise", "quantity"),
        columns=(*columns, Column(EVERYWHERE, "worst cell", prose=True)),
        sections=(Section("", tuple(rows)), Section("", (row(EVERYWHERE, gains),))),
        context=context,
        notes=(
            "Gain: reduction of the squared error on untouched noisy rows in per cent of that of "
            "the same regressor trained on the noisy target. A cell is a dataset with one noise "
            "and one seed; 0 where the gate stays shut. Means and shares are over cells.",
            *_null_notes(null),
        ),
    )


def _null_notes(gains: pd.DataFrame) -> list[str]:
    """What is left out, and what it gains."""
    if gains.empty:
        return []
    where = "; ".join(
        f"{regressor} on {', '.join(sorted(set(of['dataset'])))}"
        for regressor, of in gains.groupby("regressor")
    )
    return [
        f"Left out: {len(gains)} cells of regressors without skill, whose error is not "
        f"{100 * LEAST:g} % below that of the mean of a table's target, or of the last value of a "
        f"series, before any refinement ({where}). Their mean gain is "
        f"{number(gains['gain'].mean(), 2)} %, the worst {_worst(gains).text}."
    ]


def _cells(gains: pd.Series) -> list[TableCell]:
    if gains.empty:
        return [NOTHING] * (len(SHARES) + 2)
    shares = [optional_cell(100.0 * share(gains).mean(), 1) for share in SHARES.values()]
    return [optional_cell(gains.mean(), 2), *shares, TableCell(str(len(gains)), float(len(gains)))]


def _worst(of: pd.DataFrame) -> TableCell:
    if of.empty:
        return NOTHING
    worst = of.nsmallest(1, "gain").iloc[0]
    where = f"{worst['regressor']} on {worst['dataset']}, {worst['noise']}, seed {worst['seed']}"
    return TableCell(f"{where}: {number(worst['gain'], 2)} %", float(worst["gain"]))
