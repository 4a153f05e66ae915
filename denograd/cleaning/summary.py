"""What the `denograd` command tells about a file that it has cleaned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from denograd.cleaning.changes import FAR, Tally
from denograd.cleaning.columns import Selection
from denograd.cleaning.limits import Limits

if TYPE_CHECKING:
    from denograd.cleaning.cleaned import Cleaned
    from denograd.estimator import DenoGradDenoiser

SHOWN = 20
"""Columns whose changes are listed at most."""

_CLEARLY = 1.2
"""How many times as noisy as it can be a column is before that is worth a warning."""

_ARGUMENTS = {
    "--series": 'domain="series"',
    "--method published": "denoiser=DenoGradDenoiser()",
    "--noise 10%": "noise=0.1",
    r"--noise (\S+)=LEVEL": r'noise={"\1": LEVEL}',
    ", so nothing was written": "",
}
"""What flags are in Python; others lose their dashes."""

_KINDS = {"output": "refined table", "report": "report on the changes", "plot": "picture"}


def choice(
    source: Path,
    selection: Selection,
    limits: Limits | None = None,
    irregular: Sequence[str] = (),
    of: int | None = None,
    verb: str = "refined",
) -> Iterator[str]:
    """Yield what is read, what is irregular in it, and what of it is refined and why."""
    table, n_refined = selection.table, len(selection.values.columns)
    rows = f"{table.n_rows:,} rows" if of is None else f"{of:,} rows, {table.n_rows:,} learnt from"
    yield f"{source}: {rows}, {n_refined} of {len(table.names)} columns {verb}"
    if selection.dropped is not None:
        yield f"  {selection.dropped}"
    yield from (f"  {remark}" for remark in irregular)
    for name in table.names:
        if name in selection.left:
            yield f"  left as it is: {name!r}, {selection.left[name]}"
    if selection.doubtful:
        yield "  (to refine one of them all the same, name every column to refine in --columns)"
    if limits is None:
        return
    if limits.given:
        bounds = ", ".join(f"{name!r} at {limits.described(name)}" for name in limits.given)
        yield f"  kept within bounds: {bounds}"
    if limits.positive:
        yield f"  kept at 0 or more, as all they hold is: {', '.join(map(repr, limits.positive))}"


def outcome(cleaned: Cleaned) -> Iterator[str]:
    """Yield what was found, and how far the values moved."""
    yield from (_published if cleaned.noise is None else _calibrated)(cleaned)
    yield ""
    yield from _limited(cleaned)


def _published(cleaned: Cleaned) -> Iterator[str]:
    for target, denoiser in cleaned.denoisers.items():
        yield from backbone(denoiser, target)
    yield moved(cleaned.tally)
    first: Any = cleaned.denoiser
    if cleaned.series and first.refine != "X":
        context = first.window_size + first.horizon - 1
        yield f"  the target stays in the first {context} rows, which no window predicts"
    yield ""
    columns = ["mean", "largest", "mean (sd)", "largest (sd)"]
    yield from _listed("absolute change", cleaned, cleaned.by_column.set_axis(columns, axis=1))
    yield "  over all rows; sd: standard deviations of the column as it was"


def _calibrated(cleaned: Cleaned) -> Iterator[str]:
    noise, change = cleaned.noise, cleaned.by_column
    assert noise is not None
    yield f"noise: {'as --noise says' if _is_given(cleaned) else 'estimated (or say it: --noise)'}"
    if still := [name for name, level in noise["noise"].items() if level == 0.0]:
        yield f"  without noise, so as before: {', '.join(map(repr, still))} (--noise NAME=LEVEL)"
    yield moved(cleaned.tally)
    yield ""
    columns = pd.DataFrame(
        {
            "noise": noise["noise"],
            "prediction error": cleaned.skill["rmse"],
            "typical change": change["mean"],
            "largest change": change["max"],
        }
    )
    yield from _listed("in the column's units", cleaned, columns)
    yield "  noise: its standard deviation; prediction error: root mean square of value minus what"
    yield "  the others say, noise included; typical change: the mean over all rows"


def warnings(cleaned: Cleaned) -> Iterator[str]:
    """Yield reasons not to use the result, or not all of it."""
    if cleaned.noise is not None:
        yield from _too_noisy(cleaned)
        return
    for target, denoiser in cleaned.denoisers.items():
        yield from without_skill(target, denoiser)


def _too_noisy(cleaned: Cleaned) -> Iterator[str]:
    """Yield a warning for each column whose noise is more than the data can hold."""
    assert cleaned.noise is not None
    level, most = cleaned.noise["noise"], cleaned.skill["rmse"]
    if not cleaned.series:
        most = most.clip(upper=cleaned.noise["at_most"])
    said, advice = "estimated at", ""
    if _is_given(cleaned):
        said, advice = "said to be", "lower its --noise, or "
    for name in level.index[level > _CLEARLY * most]:
        yield (
            f"the noise of {name!r} is {said} {number(level[name])}, but its values are "
            f"predicted to within {number(most[name])}, noise included: {advice}--exclude columns "
            "that repeat it with the same noise"
        )


def _is_given(cleaned: Cleaned) -> bool:
    denoiser: Any = cleaned.denoiser
    return denoiser.noise_.source == "given"


def estimates(found: pd.DataFrame) -> Iterator[str]:
    """Yield how noisy each column of a series is."""
    yield "how noisy they are: the standard deviation of what neighbouring steps cannot explain"
    yield from aligned(
        [
            ("in the column's units", "noise", "give or take", "of its sd"),
            *(
                (str(n), number(level), "" if np.isnan(error) else number(error), f"{share:.0%}")
                for n, level, error, share in found.itertuples()
            ),
        ]
    )
    if found["error"].isna().any():
        yield "  give or take: takes 400 rows"


def bounds(found: pd.DataFrame) -> Iterator[str]:
    """Yield how noisy each column of a table can be at most."""
    yield "how noisy they can be at most: the standard deviation of what nothing predicts in the"
    yield "calmest rows, which may be noise or not"
    yield from aligned(
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


def in_arguments(message: str) -> str:
    """Return a message of the command in the words of `denograd.clean`."""
    for words, others in _ARGUMENTS.items():
        message = re.sub(words, others, message)
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda flag: flag[1].replace("-", "_"), message)


def counted(count: int) -> str:
    """Return a number of rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def errors(mse: float) -> str:
    """Return a mean squared error and its root in words."""
    return f"MSE {number(mse)} (RMSE {number(np.sqrt(mse))})"


def number(value: float) -> str:
    """Return a number of any size with about three digits that mean something."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def moved(tally: Tally) -> str:
    """Say how many rows moved."""
    return (
        f"moved: {tally.n_moved:,} of {tally.n_rows:,} rows ({tally.n_moved / tally.n_rows:.0%}), "
        f"{tally.n_far:,} of them by more than {FAR:g} standard deviations"
    )


def _limited(cleaned: Cleaned) -> Iterator[str]:
    """Yield what became of integers and bounds."""
    selection, largest = cleaned.selection, cleaned.tally.largest
    widened = [name for name in selection.whole - cleaned.limits.whole if largest[name] > 0]
    if widened:
        listed = ", ".join(map(repr, sorted(widened, key=selection.table.names.index)))
        yield f"integers became decimals where they moved (--round-integers): {listed}"
    if held := cleaned.tally.held:
        counts = (f"{name!r} ({count:,} values)" for name, count in held.items())
        yield f"held at a bound: {', '.join(counts)}"
    yield ""


def _listed(corner: str, cleaned: Cleaned, columns: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each column, first those that moved most."""
    order = cleaned.by_column["mean_sd"].sort_values(ascending=False, kind="stable").index
    rows = [(corner, *columns)]
    for name in order[:SHOWN]:
        label = f"{name} (target)" if name in cleaned.selection.targets else str(name)
        rows.append((label, *map(number, columns.loc[name])))
    yield from aligned(rows)
    if len(order) > SHOWN:
        yield f"  and {len(order) - SHOWN} columns that moved less (all in --report)"


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows of equal length, the first cell to the left and the others to the right."""
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    for label, *cells in rows:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([f"  {label.ljust(widths[0])}", *aligned])
