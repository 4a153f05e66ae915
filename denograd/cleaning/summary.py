"""What the `denograd` command tells about a file that it has cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from denograd.cleaning.columns import Selection
from denograd.cleaning.limits import Limits

if TYPE_CHECKING:
    from denograd.calibrated import CalibratedDenoiser
    from denograd.cleaning.changes import Changes
    from denograd.estimator import DenoGradDenoiser

SHOWN = 20
"""Columns whose changes are listed at most."""

FAR = 0.1
"""Standard deviations from which on a row is counted as having moved far."""

_CLEARLY = 1.2
"""How many times as noisy as it can be a column is before that is worth a warning."""

_KINDS = {"output": "refined table", "report": "list of changes", "plot": "picture"}


def choice(
    source: Path, selection: Selection, limits: Limits, irregular: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what is read, what is irregular in it, and what of it is refined and why."""
    table, n_refined = selection.table, len(selection.values.columns)
    yield f"{source}: {table.n_rows:,} rows, {n_refined} of {len(table.names)} columns refined"
    if selection.dropped is not None:
        yield f"  {selection.dropped}"
    yield from (f"  {remark}" for remark in irregular)
    for name in table.names:
        if name in selection.left:
            yield f"  left as it is: {name!r}, {selection.left[name]}"
    if selection.doubtful:
        yield "  (to refine one of them all the same, name every column to refine in --columns)"
    if limits.given:
        bounds = ", ".join(f"{name!r} at {limits.described(name)}" for name in limits.given)
        yield f"  kept within bounds: {bounds}"
    if limits.positive:
        yield f"  kept at 0 or more, as all they hold is: {', '.join(map(repr, limits.positive))}"


def published(
    selection: Selection,
    limits: Limits,
    denoiser: DenoGradDenoiser,
    changes: Changes,
) -> Iterator[str]:
    """Yield how good the backbone is, and how far the values moved."""
    yield from backbone(denoiser, selection.target)
    yield _moved(changes)
    if denoiser.domain == "series" and denoiser.refine != "X":
        context = denoiser.window_size + denoiser.horizon - 1
        yield f"  the target stays in the first {context} rows, which no window predicts"
    yield ""
    columns = ["mean", "largest", "mean (sd)", "largest (sd)"]
    yield from _listed("absolute change", changes, changes.by_column().set_axis(columns, axis=1))
    yield "  over all rows; sd: standard deviations of the column as it was"
    yield ""
    yield from _limited(selection, limits, changes)


def calibrated(
    selection: Selection,
    limits: Limits,
    denoiser: CalibratedDenoiser,
    changes: Changes,
) -> Iterator[str]:
    """Yield how noisy the columns are, how well they are predicted and how far they moved."""
    levels, moved = levels_of(denoiser, changes.before), changes.by_column()
    given = denoiser.noise_.source == "given"
    yield f"noise: {'as --noise says' if given else 'estimated (or say it: --noise)'}"
    if still := [name for name, noise in levels["noise"].items() if noise == 0.0]:
        yield f"  without noise, so as before: {', '.join(map(repr, still))} (--noise NAME=LEVEL)"
    yield _moved(changes)
    yield ""
    columns = levels.assign(typical=moved["mean"], largest=moved["max"])
    columns.columns = ["noise", "prediction error", "typical change", "largest change"]
    yield from _listed("in the column's units", changes, columns)
    yield "  noise: its standard deviation; prediction error: root mean square of value minus what"
    yield "  the others say, noise included; typical change: the mean over all rows"
    yield ""
    yield from _limited(selection, limits, changes)


def levels_of(denoiser: CalibratedDenoiser, values: pd.DataFrame) -> pd.DataFrame:
    """Noise and root mean squared error of the predictions per column, the target first."""
    noise, error = denoiser.noise_, np.sqrt(denoiser.prediction_error_)
    of_X, of_y = np.column_stack([noise.X, error[:-1]]), [noise.y, error[-1]]
    both = of_X if denoiser.domain == "series" else np.vstack([of_y, of_X])
    return pd.DataFrame(both, values.columns, ["noise", "error"])


def too_noisy(denoiser: CalibratedDenoiser, values: pd.DataFrame) -> Iterator[str]:
    """Yield a warning for each column whose noise is more than the data can hold."""
    levels, at_most = levels_of(denoiser, values), denoiser.bounds_
    most = levels["error"]
    if denoiser.domain == "tabular":
        most = most.clip(upper=np.append(at_most.y, at_most.X))
    given = denoiser.noise_.source == "given"
    said, advice = ("said to be", "lower its --noise, or ") if given else ("estimated at", "")
    for name in levels.index[levels["noise"] > _CLEARLY * most]:
        yield (
            f"the noise of {name!r} is {said} {number(levels['noise'][name])}, but its values are "
            f"predicted to within {number(most[name])}, noise included: {advice}--exclude columns "
            "that repeat it with the same noise"
        )


def bounds(found: pd.DataFrame) -> Iterator[str]:
    """Yield how noisy each column of a table can be at most."""
    yield "how noisy they can be at most: the standard deviation of what nothing predicts in the"
    yield "calmest rows, which may be noise or not"
    yield from _aligned(
        [
            ("in the column's units", "at most", "of its sd"),
            *((str(n), number(level), f"{share:.0%}") for n, level, share in found.itertuples()),
        ]
    )


def backbone(denoiser: DenoGradDenoiser, target: str) -> Iterator[str]:
    """Say how the backbone was trained, and how well it predicts rows set aside."""
    fitted, skill = denoiser.backbone_, denoiser.skill_
    network = type(fitted.network).__name__
    if skill is None:
        yield f"backbone: {network}, shown the rows; how well it predicts was not measured"
        return
    history = fitted.history
    part = counted(skill.n_rows)
    part = f"the last {part}" if denoiser.domain == "series" else f"{part} at random"
    yield f"backbone: {network}, best after {history.best_epoch} of {history.n_epochs} epochs"
    yield (
        f"  on {part}, set aside, it predicts {target!r} with R² {skill.r2:.3f}, "
        f"{errors(skill.mse)}"
    )
    if skill.last_value_mse is not None:
        yield f"  the last value before, taken for a prediction: {errors(skill.last_value_mse)}"
    if denoiser.cv is not None:
        yield f"  the rows were moved by {denoiser.cv} like it, each trained without its fold"


def without_skill(target: str, denoiser: DenoGradDenoiser) -> Iterator[str]:
    """Yield a warning for each prediction without a network that is as good as the backbone's."""
    skill = denoiser.skill_
    if skill is None:
        return
    part = f"on {counted(skill.n_rows)} set aside"
    if not skill.beats_mean:
        yield (
            f"the backbone predicts {target!r} no better than its mean does (R² {skill.r2:.3f} "
            f"{part}, within chance): what has moved has no reason to be "
            "nearer to the truth, so do not use the result; other columns, more rows or another "
            "--backbone may help"
        )
    if skill.last_value_mse is not None and not skill.beats_last_value:
        yield (
            f"the backbone predicts {target!r} no better than its last value does (MSE "
            f"{number(skill.mse)} against {number(skill.last_value_mse)} {part}): it has learnt "
            "little of how the series goes on, so do not rely on the result; a longer --window, "
            "more rows or another --backbone may help"
        )


def written(outputs: Mapping[str, Path]) -> Iterator[str]:
    """Yield where each result is."""
    for kind, path in outputs.items():
        yield f"{_KINDS[kind]}: {path}"


def planned(outputs: Mapping[str, Path]) -> Iterator[str]:
    """Yield where each result would be."""
    for kind, path in outputs.items():
        yield f"{_KINDS[kind]}, not written (--dry-run): {path}"


def counted(count: int) -> str:
    """Return a number of rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def errors(mse: float) -> str:
    """Return a mean squared error and its root in words."""
    return f"MSE {number(mse)} (RMSE {number(np.sqrt(mse))})"


def number(value: float) -> str:
    """Return a number of any size with about three digits that mean something."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def _moved(changes: Changes) -> str:
    n_rows, n_moved = len(changes.before), changes.n_moved
    return (
        f"moved: {n_moved:,} of {n_rows:,} rows ({n_moved / n_rows:.0%}), "
        f"{changes.n_moved_beyond(FAR):,} of them by more than {FAR:g} standard deviations"
    )


def _limited(selection: Selection, limits: Limits, changes: Changes) -> Iterator[str]:
    """Yield what became of integers and bounds."""
    moved = changes.distance.max() > 0
    widened = [name for name in selection.whole - limits.whole if moved[name]]
    if widened:
        listed = ", ".join(map(repr, sorted(widened, key=selection.table.names.index)))
        yield f"integers became decimals where they moved (--round-integers): {listed}"
    if changes.held:
        counts = (f"{name!r} ({count:,} values)" for name, count in changes.held.items())
        yield f"held at a bound: {', '.join(counts)}"
    yield ""


def _listed(corner: str, changes: Changes, columns: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each column, first those that moved most."""
    order = changes.by_column()["mean_sd"].sort_values(ascending=False, kind="stable").index
    rows, target = [(corner, *columns)], changes.before.columns[0]
    for name in order[:SHOWN]:
        label = f"{name} (target)" if name == target else str(name)
        rows.append((label, *map(number, columns.loc[name])))
    yield from _aligned(rows)
    if len(order) > SHOWN:
        yield f"  and {len(order) - SHOWN} columns that moved less (all in --report)"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    for label, *cells in rows:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([f"  {label.ljust(widths[0])}", *aligned])
