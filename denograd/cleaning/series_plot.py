"""A series before and after a refinement, its correction, and the largest ones enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from denograd.cleaning.drawing import (
    AFTER,
    BEFORE,
    MAX_FEATURES,
    concise_dates,
    few_ticks,
    head,
    new_figure,
    plain_numbers,
    remark,
    short_name,
)
from denograd.cleaning.summary import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HARDLY = 0.01
"""Standard deviations below which the mean change of a column cannot be seen over time."""
MAX_STEPS = 400
ENLARGED = 3
"""How many of the largest corrections are enlarged."""
AROUND = 12
"""Steps to either side of them that are shown."""


def draw_series(
    before: pd.DataFrame, after: pd.DataFrame, distance: pd.Series, times: pd.Series | None
) -> Figure:
    """Draw the target and the channels that moved most.

    Parameters
    ----------
    before, after : DataFrame of shape (n_steps, n_columns)
        The target first.
    distance : Series
        Mean absolute change of each column in standard deviations.
    times : Series or None
        Of the steps; None counts them.
    """
    target, *channels = before.columns
    moved = distance[channels][distance[channels] >= HARDLY]
    most = moved.sort_values(ascending=False, kind="stable").index[:MAX_FEATURES]
    shown = [target, *most]
    change = after - before
    far = (change.abs() / before.std(ddof=0).replace(0.0, 1.0))[shown]
    steps, places = _stretch(far.sum(axis=1).to_numpy()), _largest(far.to_numpy())
    x = np.arange(1, len(before) + 1) if times is None else times.to_numpy()

    heights = [3, 1] * len(shown) + [3.4] * bool(places)
    figure = new_figure(7.2, 0.7 + 0.56 * sum(heights))
    grid = figure.add_gridspec(len(heights), max(len(places), 1), height_ratios=heights)
    axes: list[Axes] = []
    for i, name in enumerate(shown):
        ax = figure.add_subplot(grid[2 * i, :], sharex=axes[0] if axes else None)
        _lines(ax, x[steps], before[name].to_numpy()[steps], after[name].to_numpy()[steps])
        ax.set_ylabel(short_name(name))
        remark(ax, f"mean change {distance[name]:.2g} standard deviations")
        axes.append(ax)
    below = [figure.add_subplot(grid[2 * i + 1, :], sharex=axes[0]) for i in range(len(shown))]
    for ax, name in zip(below, shown, strict=True):
        ax.fill_between(x[steps], change[name].to_numpy()[steps], color=AFTER, step="mid", lw=0)
        ax.axhline(0.0, color=BEFORE, lw=0.6)
        ax.set_ylabel("change")
        ax.yaxis.set_major_locator(few_ticks(2))
        plain_numbers(ax.yaxis, ax.get_ylim()[1])
    for ax in [*axes, *below]:
        ax.margins(0.01, 0.1)
        ax.tick_params(axis="x", labelbottom=ax is below[-1])
    if times is not None:
        concise_dates(below[-1])
    below[-1].set_xlabel("row" if times is None else short_name(str(times.name)))

    for count, (step, j) in enumerate(places, start=1):
        old, new = before[shown[j]].to_numpy(), after[shown[j]].to_numpy()
        if steps.start <= step < steps.stop:
            _mark(axes[j], count, x[step], old[step], new[step])
        ax = figure.add_subplot(grid[-1, count - 1])
        _enlarge(ax, count, step, old, new)
        remark(ax, f"{short_name(shown[j])}: {number(old[step])} to {number(new[step])}")

    figure.align_ylabels()
    parts = []
    if steps.stop - steps.start < len(before):
        stretch = f"rows {steps.start + 1:,} to {steps.stop:,} of {len(before):,}"
        parts.append(f"{stretch}, where most has changed")
    if len(shown) < len(distance):
        quiet = len(distance) - len(shown)
        parts.append(f"{quiet} column{'s' if quiet > 1 else ''} that moved less not shown")
    head(figure, "; ".join(parts), axes[0])
    return figure


def _lines(
    ax: Axes, x: np.ndarray, before: np.ndarray, after: np.ndarray, marker: str | None = None
) -> None:
    ax.plot(x, before, color=BEFORE, lw=0.9, label="before", marker=marker)
    ax.plot(x, after, color=AFTER, lw=1.3, label="after", marker=marker)
    plain_numbers(ax.yaxis, ax.get_ylim()[1])


def _enlarge(ax: Axes, count: int, step: int, old: np.ndarray, new: np.ndarray) -> None:
    near = slice(max(step - AROUND, 0), step + AROUND + 1)
    _lines(ax, np.arange(len(old))[near] + 1, old[near], new[near], marker=".")
    ax.plot([step + 1, step + 1], [old[step], new[step]], color="black", lw=0.9, zorder=3)
    _mark(ax, count, step + 1, old[step], new[step])
    ax.margins(y=0.15)
    ax.xaxis.set_major_locator(few_ticks(3))
    ax.set(xlabel="row", ylabel="largest changes" if count == 1 else "")


def _mark(ax: Axes, count: int, x: Any, old: float, new: float) -> None:
    """Number a place, so that it is found again where it is enlarged."""
    ax.annotate(
        str(count),
        (x, old),
        (0, 7 if old > new else -7),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=7,
        color="white",
        bbox={"boxstyle": "circle,pad=0.2", "fc": "black", "lw": 0},
        zorder=4,
    )


def _stretch(change: np.ndarray) -> slice:
    """Return the stretch of at most so many steps over which the change is largest."""
    if len(change) <= MAX_STEPS:
        return slice(0, len(change))
    total = np.concatenate([[0.0], np.cumsum(change)])
    start = int(np.argmax(total[MAX_STEPS:] - total[:-MAX_STEPS]))
    return slice(start, start + MAX_STEPS)


def _largest(far: np.ndarray) -> list[tuple[int, int]]:
    """Return step and column of the largest changes that are not beside each other, in order."""
    far = far.copy()
    places: list[tuple[int, int]] = []
    while len(places) < ENLARGED and far.max() > 0.0:
        step, j = map(int, np.unravel_index(np.argmax(far), far.shape))
        places.append((step, j))
        far[max(step - AROUND, 0) : step + AROUND + 1] = 0.0
    return sorted(places)
