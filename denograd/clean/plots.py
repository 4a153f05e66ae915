"""Pictures of data before and after a refinement; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

# Grey and the blue of Okabe and Ito: apart with any colour vision, and in print without colours.
BEFORE, AFTER = "#9A9A9A", "#0072B2"
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "denograd",
    "pdf.fonttype": 42,
}
DPI = 160
MAX_FEATURES = 3
HARDLY = 0.01
"""Standard deviations below which the mean change of a column cannot be seen over time."""
MAX_BARS = 12
MAX_POINTS = 500
MAX_STEPS = 400
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
    a series, the target and the channels that moved most over time. Of a long series the stretch
    is shown in which most has changed.

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
    with _style():
        if series:
            return _series(before, after, distance, times)
        return _table(before, after, distance)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix.

    The file carries no date: the same figure gives the same bytes.
    """
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with _style():
        figure.savefig(path, metadata=dates.get(path.suffix.lower()))


def _table(before: pd.DataFrame, after: pd.DataFrame, distance: pd.Series) -> Figure:
    target, *features = before.columns
    shown = list(distance[features].sort_values(ascending=False, kind="stable").index)
    shown = shown[:MAX_FEATURES]
    n_panels = len(shown) + 1
    n_wide = 2 if n_panels == 4 else n_panels
    n_high = -(-n_panels // n_wide)
    figure = _figure(3.3 * n_wide, 2.9 * n_high)
    axes = list(figure.subplots(n_high, n_wide, squeeze=False).ravel())
    # Evenly spaced rows: a sample that needs no seed.
    rows = np.unique(np.linspace(0, len(before) - 1, MAX_POINTS).astype(int))
    for ax, name in zip(axes, shown, strict=False):
        columns = [name, target]
        _scatter(ax, before[columns].to_numpy()[rows], after[columns].to_numpy()[rows])
        ax.set(xlabel=_label(name), ylabel=_label(target))
    _bars(axes[len(shown)], distance, target)
    which = "the columns that moved most" if len(shown) < len(features) else "each other column"
    title = f"{_label(target)} over {which}"
    if len(rows) < len(before):
        title += f"; {len(rows):,} of {len(before):,} rows"
    _head(figure, title, axes[0])
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
        _remark(ax, f"{n_outside} row{'s' if n_outside > 1 else ''} outside")
    ax.xaxis.set_major_locator(_few_ticks())
    _plain_numbers(ax.xaxis, right)
    _plain_numbers(ax.yaxis, high)


def _bars(ax: Axes, distance: pd.Series, target: str) -> None:
    most = distance.sort_values(ascending=False, kind="stable").head(MAX_BARS)
    names = [f"{_label(name)} (target)" if name == target else _label(name) for name in most.index]
    ax.barh(range(len(most)), most.to_numpy(), color=AFTER, height=0.6)
    ax.set_yticks(range(len(most)), names)
    ax.set_ylim(max(len(most), 4) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("mean change (standard deviations)")
    if len(most) < len(distance):
        _remark(ax, f"{len(most)} of {len(distance)} columns")


def _series(
    before: pd.DataFrame, after: pd.DataFrame, distance: pd.Series, times: pd.Series | None
) -> Figure:
    target, *channels = before.columns
    moved = distance[channels][distance[channels] >= HARDLY]
    most = moved.sort_values(ascending=False, kind="stable").index[:MAX_FEATURES]
    shown = [target, *most]
    spread = before.std(ddof=0).replace(0.0, 1.0)
    steps = _stretch(((after - before).abs() / spread)[shown].sum(axis=1).to_numpy())
    figure = _figure(7.2, 0.7 + 1.6 * len(shown) + 0.5 * (len(shown) == 1))
    axes = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
    x = np.arange(1, len(before) + 1) if times is None else times.to_numpy()
    for ax, name in zip(axes, shown, strict=True):
        ax.plot(x[steps], before[name].to_numpy()[steps], color=BEFORE, lw=0.9, label="before")
        ax.plot(x[steps], after[name].to_numpy()[steps], color=AFTER, lw=1.3, label="after")
        ax.set_ylabel(_label(name))
        ax.margins(x=0.01)
        _plain_numbers(ax.yaxis, ax.get_ylim()[1])
        _remark(ax, f"mean change {distance[name]:.2g} standard deviations")
    figure.align_ylabels(axes)
    if times is not None:
        _concise_dates(axes[-1])
    axes[-1].set_xlabel("row" if times is None else _label(str(times.name)))
    parts = []
    if steps.stop - steps.start < len(before):
        stretch = f"rows {steps.start + 1:,} to {steps.stop:,} of {len(before):,}"
        parts.append(f"{stretch}, where most has changed")
    if len(shown) < len(distance):
        quiet = len(distance) - len(shown)
        parts.append(f"{quiet} column{'s' if quiet > 1 else ''} that moved less not shown")
    _head(figure, "; ".join(parts), axes[0])
    return figure


def _stretch(change: np.ndarray) -> slice:
    """Return the stretch of at most so many steps over which the change is largest."""
    if len(change) <= MAX_STEPS:
        return slice(0, len(change))
    total = np.concatenate([[0.0], np.cumsum(change)])
    start = int(np.argmax(total[MAX_STEPS:] - total[:-MAX_STEPS]))
    return slice(start, start + MAX_STEPS)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the range of an axis: all values, unless a few of them take most of it."""
    low, high = values.min(), values.max()
    inner_low, inner_high = np.quantile(values, [OUTSIDE, 1 - OUTSIDE])
    if high - low > 2 * (inner_high - inner_low) > 0:
        low, high = inner_low, inner_high
    room = 0.04 * (high - low) or 0.5
    return float(low - room), float(high + room)


def _head(figure: Figure, title: str, ax: Axes) -> None:
    """Put title and legend above the panels."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    legend = ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        markerscale=2.5,
        borderpad=0.1,
        borderaxespad=0.1,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def _remark(ax: Axes, text: str) -> None:
    ax.set_title(text, color="#555555", fontsize=7.5)


def _few_ticks() -> MaxNLocator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def _plain_numbers(axis: Axis, largest: float) -> None:
    """Write ticks without a common factor or offset: 2M, not 2 and 1e6 somewhere else."""
    from matplotlib.ticker import EngFormatter, ScalarFormatter

    large = abs(largest) >= 1e4
    axis.set_major_formatter(EngFormatter(sep="") if large else ScalarFormatter(useOffset=False))


def _concise_dates(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _label(name: str) -> str:
    """Return a name of any length, in which dollar signs are not mathematics."""
    text = str(name) if len(str(name)) <= 28 else f"{str(name)[:27]}…"
    return text.replace("$", r"\$")


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
