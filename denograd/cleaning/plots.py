"""Pictures of data before and after a refinement; matplotlib is imported when one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from denograd.cleaning.drawing import (
    AFTER,
    BEFORE,
    MAX_FEATURES,
    few_ticks,
    head,
    new_figure,
    plain_numbers,
    remark,
    short_name,
    style,
)
from denograd.cleaning.series_plot import draw_series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BARS = 12
MAX_POINTS = 500
OUTSIDE = 0.005
"""Share of the values that an axis may leave out on each side, where they squeeze the rest."""


def before_after(
    before: pd.DataFrame,
    after: pd.DataFrame,
    series: bool = False,
    times: pd.Series | None = None,
) -> Figure:
    """Draw data before and after a refinement.

    For a table, the target over the columns that moved most, and how far every column moved; for
    a series, the target and the channels that moved most over time, each above its correction, and
    the largest corrections enlarged. Of a long series the stretch is shown in which most has
    changed.

    Parameters
    ----------
    before, after : DataFrame of shape (n_rows, n_columns)
        The same rows and columns, the target first.
    series : bool
        Whether the rows are time steps.
    times : Series, optional
        Of the rows of a series; by default they are counted.

    Returns
    -------
    matplotlib.figure.Figure
        To be given to `save`.

    Raises
    ------
    ValueError
        When the two frames do not have the same shape and columns.
    """
    if before.shape != after.shape or list(before.columns) != list(after.columns):
        raise ValueError("before and after need the same rows and columns")
    spread = before.std(ddof=0).replace(0.0, 1.0)
    distance = ((after - before).abs() / spread).mean()
    with style():
        if series:
            return draw_series(before, after, distance, times)
        return _table(before, after, distance)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix.

    The file carries no date: the same figure gives the same bytes.
    """
    write(figure, path, path.suffix.lower().lstrip("."))


def write(figure: Figure, file: Path | BinaryIO, form: str) -> None:
    """Write a figure without a date in one of the formats png, pdf and svg."""
    dates: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with style():
        figure.savefig(file, format=form, metadata=dates.get(form))


def _table(before: pd.DataFrame, after: pd.DataFrame, distance: pd.Series) -> Figure:
    target, *features = before.columns
    shown = list(distance[features].sort_values(ascending=False, kind="stable").index)
    shown = shown[:MAX_FEATURES]
    n_panels = len(shown) + 1
    n_wide = 2 if n_panels == 4 else n_panels
    n_high = -(-n_panels // n_wide)
    figure = new_figure(3.3 * n_wide, 2.9 * n_high)
    axes = list(figure.subplots(n_high, n_wide, squeeze=False).ravel())
    # Evenly spaced rows: a sample that needs no seed.
    rows = np.unique(np.linspace(0, len(before) - 1, MAX_POINTS).astype(int))
    for ax, name in zip(axes, shown, strict=False):
        columns = [name, target]
        _scatter(ax, before[columns].to_numpy()[rows], after[columns].to_numpy()[rows])
        ax.set(xlabel=short_name(name), ylabel=short_name(target))
    _bars(axes[len(shown)], distance, target)
    which = "the columns that moved most" if len(shown) < len(features) else "each other column"
    title = f"{short_name(target)} over {which}"
    if len(rows) < len(before):
        title += f"; {len(rows):,} of {len(before):,} rows"
    head(figure, title, axes[0])
    return figure


def _scatter(ax: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Draw rows where they were, and those that moved where they are, joined by lines."""
    from matplotlib.collections import LineCollection

    moved = (before != after).any(axis=1)
    paths = np.stack([before[moved], after[moved]], axis=1)
    ax.add_collection(LineCollection(list(paths), colors=BEFORE, linewidths=0.6, alpha=0.6))
    points = {"before": (before, BEFORE, 7.0), "after": (after[moved], AFTER, 9.0)}
    for label, (xy, colour, size) in points.items():
        ax.scatter(xy[:, 0], xy[:, 1], s=size, c=colour, linewidths=0, label=label, zorder=2)
    both = np.concatenate([before, after])
    (left, right), (low, high) = _limits(both[:, 0]), _limits(both[:, 1])
    ax.set(xlim=(left, right), ylim=(low, high))
    x, y = both.T
    outside = (x < left) | (x > right) | (y < low) | (y > high)
    n_outside = int((outside[: len(before)] | outside[len(before) :]).sum())
    if n_outside:
        remark(ax, f"{n_outside} row{'s' if n_outside > 1 else ''} outside")
    ax.xaxis.set_major_locator(few_ticks())
    plain_numbers(ax.xaxis, right)
    plain_numbers(ax.yaxis, high)


def _bars(ax: Axes, distance: pd.Series, target: str) -> None:
    most = distance.sort_values(ascending=False, kind="stable").head(MAX_BARS)
    names = [
        f"{short_name(name)} (target)" if name == target else short_name(name)
        for name in most.index
    ]
    ax.barh(range(len(most)), most.to_numpy(), color=AFTER, height=0.6)
    ax.set_yticks(range(len(most)), names)
    ax.set_ylim(max(len(most), 4) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("mean change (standard deviations)")
    if len(most) < len(distance):
        remark(ax, f"{len(most)} of {len(distance)} columns")


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the range of an axis: all values, unless a few of them take most of it."""
    low, high = values.min(), values.max()
    inner_low, inner_high = np.quantile(values, [OUTSIDE, 1 - OUTSIDE])
    if high - low > 2 * (inner_high - inner_low) > 0:
        low, high = inner_low, inner_high
    room = 0.04 * (high - low) or 0.5
    return float(low - room), float(high + room)
