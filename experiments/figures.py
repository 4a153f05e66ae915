"""The benchmark's figures, as pure functions of the long table; drawn without a display."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments import aggregate
from experiments.aggregate import Metric
from experiments.comparisons import ranking
from experiments.labels import Label, place_labels
from experiments.layout import sentence
from experiments.statistics import Ranking
from experiments.tables import PARTIAL, View

# Okabe and Ito's palette, told apart with any colour vision; yellow is too faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
CONTROL_COLOUR = "#555555"

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}
DPI = 200
LABEL_SIZE = 8.0
PANEL_WIDTH, PANEL_HEIGHT = 4.3, 4.2

# Imp% has no lower bound: where it falls below STEEP its axis is logarithmic below -LINEAR.
STEEP = -150.0
LINEAR = 100.0
# What lies below is drawn on the edge, with its value in the label.
LOWEST = -1e6


@dataclass(frozen=True)
class Point:
    """A denoiser in the plane of SWD and Imp%."""

    label: str
    swd: float
    imp: float
    colour: str
    marker: str
    hollow: bool


def imp_against_swd(view: View) -> Figure | None:
    """Imp% against SWD: a point per denoiser, a panel per protocol; controls are hollow.

    Both are means over the datasets; a denoiser that lacks some of its runs is marked. Where Imp%
    falls far below zero, its axis is linear down to -100 and logarithmic below, and says so.

    Parameters
    ----------
    view
        The rows of one condition.

    Returns
    -------
    Figure or None
        None where no denoiser has both values.
    """
    panels = {protocol: _points(view, protocol) for protocol in view.protocols}
    panels = {protocol: points for protocol, points in panels.items() if points}
    if not panels:
        return None
    everything = [point for points in panels.values() for point in points]
    note = "Filled: methods. Hollow: controls, never ranked."
    if any(point.label.endswith(PARTIAL) for point in everything):
        note += f" {PARTIAL} some runs are missing."
    with _style():
        figure = _figure(PANEL_WIDTH * len(panels), PANEL_HEIGHT)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        title = f"{sentence(str(view.condition))}; mean over {_counted(view.datasets, 'dataset')}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.labelsize"])
        figure.supxlabel(note, x=0.01, ha="left", fontsize=7.5, color="#333333")
        for ax, (protocol, points) in zip(axes, panels.items(), strict=True):
            ax.set_title(protocol, loc="left", fontweight="bold")
            _scatter(ax, points)
        # Labels need to know where everything is, and must not move it.
        figure.canvas.draw()
        figure.set_layout_engine("none")
        for ax, points in zip(axes, panels.values(), strict=True):
            labels = [Label(p.label, p.swd, _drawn(p.imp), p.colour) for p in points]
            place_labels(ax, labels, LABEL_SIZE)
    return figure


def _points(view: View, protocol: str) -> list[Point]:
    imp, swd = view.summary(aggregate.IMP), view.summary(aggregate.SWD)
    points = []
    for hollow, names in ((False, view.methods), (True, view.controls)):
        for number, name in enumerate(names):
            keys = [(protocol, dataset, name) for dataset in view.datasets]
            of_imp = aggregate.mean_of(imp.get(key) for key in keys)
            of_swd = aggregate.mean_of(swd.get(key) for key in keys)
            if of_imp.mean is None or of_swd.mean is None:
                continue
            value = aggregate.IMP.shown(of_imp.mean)
            label = name if value >= LOWEST else f"{name} ({plain(value)})"
            label += "" if of_imp.whole and of_swd.whole else PARTIAL
            colour = CONTROL_COLOUR if hollow else COLOURS[number % len(COLOURS)]
            # Colours and shapes repeat after different numbers of methods.
            marker = MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]
            points.append(Point(label, of_swd.mean, value, colour, marker, hollow))
    return points


def _scatter(ax: Axes, points: Sequence[Point]) -> None:
    lowest = min(_drawn(point.imp) for point in points)
    highest = max(_drawn(point.imp) for point in points)
    widest = max(point.swd for point in points) or 1.0
    ax.axhline(0, color="#999999", linewidth=0.8, zorder=0)
    for point in points:
        ax.plot(
            point.swd,
            _drawn(point.imp),
            marker=point.marker,
            markersize=6.5,
            markerfacecolor="none" if point.hollow else point.colour,
            markeredgecolor=point.colour,
            markeredgewidth=1.1,
            linestyle="none",
            clip_on=False,
            zorder=3,
        )
    ax.set_xlim(-0.06 * widest, 1.12 * widest)
    ax.set_xlabel("SWD between noisy and refined X (standard deviations)")
    if lowest < STEEP:
        _logarithmic_below(ax, lowest)
        ax.set_ylabel(f"Imp% (per cent; logarithmic below {plain(-LINEAR)})")
    else:
        room = 0.1 * max(highest - lowest, 10.0)
        ax.set_ylim(lowest - room, highest + room)
        ax.set_ylabel("Imp% (per cent)")
    ax.grid(axis="both", color="#e6e6e6", linewidth=0.6, zorder=0)
    ax.set_axisbelow(True)


def _logarithmic_below(ax: Axes, lowest: float) -> None:
    decades = max(3, math.ceil(math.log10(-lowest) + 0.1))
    ax.set_yscale("symlog", linthresh=LINEAR, linscale=max(1.0, 0.7 * (decades - 2)))
    ax.set_ylim(-(10.0**decades), 1.35 * LINEAR)
    powers = [-(10.0**power) for power in range(2, decades + 1)]
    ax.yaxis.set_major_locator(FixedLocator([*powers, -50.0, 0.0, 50.0, 100.0]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))


def _drawn(imp: float) -> float:
    return max(imp, LOWEST)


def critical_difference_diagram(view: View, metric: Metric) -> Figure | None:
    """Average ranks in Demšar's form: an axis per protocol, best on the right.

    Methods that a bar joins are not told apart by Nemenyi's test.

    Parameters
    ----------
    view
        The rows of one condition.
    metric
        What the methods are ranked by.

    Returns
    -------
    Figure or None
        None where no protocol has two methods with two complete datasets.
    """
    found = {protocol: ranking(view, metric, protocol) for protocol in view.protocols}
    testable = {
        protocol: ranks
        for protocol, ranks in found.items()
        if ranks is not None and ranks.critical_difference is not None
    }
    if not testable:
        return None
    heights = [_diagram_height(ranks) for ranks in testable.values()]
    with _style():
        figure = _figure(6.6, 0.35 + sum(heights))
        axes = figure.subplots(len(testable), 1, squeeze=False, height_ratios=heights)[:, 0]
        title = f"Average ranks by {metric.title}: {view.condition}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.labelsize"])
        for ax, (protocol, ranks) in zip(axes, testable.items(), strict=True):
            _draw_ranks(ax, ranks, protocol)
    return figure


# Drawing constants of the diagrams, in inches.
LINE = 0.2
ABOVE_AXIS = 0.62
BAR_STEP = 0.1


def _lines_below(ranks: Ranking) -> int:
    return math.ceil(ranks.k / 2)


def _diagram_height(ranks: Ranking) -> float:
    return ABOVE_AXIS + BAR_STEP * (len(ranks.groups) + 1) + LINE * (_lines_below(ranks) + 0.7)


def _draw_ranks(ax: Axes, ranks: Ranking, protocol: str) -> None:
    """Draw one diagram; y runs in inches from the axis of ranks, x in ranks."""
    k, cd = ranks.k, ranks.critical_difference
    assert cd is not None
    margin = 0.55 * (k - 1)
    ax.set_xlim(k + margin, 1 - margin)
    ax.set_ylim(ABOVE_AXIS - _diagram_height(ranks), ABOVE_AXIS)
    ax.axis("off")
    description = f"{protocol}: k = {k}, N = {ranks.n} {ranks.block}s, α = {ranks.alpha:g}"
    if ranks.left_out:
        description += f" ({len(ranks.left_out)} left out)"
    ax.text(0.0, 1.0, description, transform=ax.transAxes, va="top", fontweight="bold")

    def line(xs: tuple[float, ...], ys: tuple[float, ...], width: float = 0.8) -> None:
        ax.add_line(Line2D(xs, ys, color="black", linewidth=width, solid_capstyle="butt"))

    line((1, k), (0, 0), 1.0)
    for tick in range(1, k + 1):
        line((tick, tick), (0, 0.06))
        ax.text(tick, 0.09, str(tick), ha="center", va="bottom")
    # The critical difference, from the left end of the axis on.
    line((k, k - cd), (0.34, 0.34), 1.2)
    for end in (k, k - cd):
        line((end, end), (0.31, 0.37))
    ax.text(k + 0.02 * (k - 1), 0.34, f"CD = {cd:.2f}", ha="right", va="center")

    first = BAR_STEP * (len(ranks.groups) + 1)
    half = k // 2
    for place, (name, rank) in enumerate(zip(ranks.methods, ranks.mean_ranks, strict=True)):
        best = place < k - half
        row = place if best else k - 1 - place
        y = -(first + LINE * row)
        end = 1 - 0.05 * (k - 1) if best else k + 0.05 * (k - 1)
        line((rank, rank, end), (0, y, y))
        side = "left" if best else "right"
        pad = -0.015 * (k - 1) if best else 0.015 * (k - 1)
        text = f"{name} ({rank:.2f})" if best else f"({rank:.2f}) {name}"
        ax.text(end + pad, y, text, ha=side, va="center")
    means = dict(zip(ranks.methods, ranks.mean_ranks, strict=True))
    for number, group in enumerate(ranks.groups, start=1):
        reach = 0.012 * (k - 1)
        y = -BAR_STEP * number + 0.02
        line((means[group[0]] - reach, means[group[-1]] + reach), (y, y), 2.6)


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF.

    Parameters
    ----------
    figure
        What to write.
    stem
        Path without suffix; its folder must exist.

    Returns
    -------
    list of Path
        The two files. They carry no date, so that the same figure gives the same bytes.
    """
    png, pdf = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.pdf")
    with _style():
        figure.savefig(png, dpi=DPI, metadata={"Software": None})
        figure.savefig(pdf, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return [png, pdf]


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain(value: float) -> str:
    """A number as axes show it: without decimals, with a true minus sign."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    if abs(value) > 1e6:
        return f"{value:.0e}".replace("-", "−").replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}".replace("-", "−")


def _counted(things: Sequence[str], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
