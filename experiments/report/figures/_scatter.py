"""Figures of Imp% against what a refinement costs: a point per denoiser, a label beside each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    GRID,
    LOWEST,
    NOTE_SIZE,
    RULE,
    SOFT,
    STEEP,
    draw_symbol,
    logarithmic_below,
    plain,
    settle,
)
from experiments.report.figures._placing import Label, Line, place_labels
from experiments.report.symbols import Symbol
from experiments.report.tables._cells import PARTIAL

LABEL_SIZE = 8.0
PANEL_WIDTH, PANEL_HEIGHT = 4.3, 4.2
# A cost this many times larger than the next one.
FAR = 4.0


@dataclass(frozen=True)
class Point:
    """A denoiser in a plane of Imp% against a cost."""

    label: str
    cost: float
    imp: float
    symbol: Symbol

    @property
    def drawn(self) -> float:
        """Imp% as it is drawn: at the edge where it lies far below."""
        return max(self.imp, LOWEST)


#: Axes, their points, and lines that no label should lie on.
Panel = tuple[Axes, Sequence[Point], Sequence[Line]]


def point_of(name: str, cost: float, imp: float, symbol: Symbol, whole: bool) -> Point:
    label = name if imp >= LOWEST else f"{name} ({plain(imp)})"
    return Point(label + ("" if whole else PARTIAL), cost, imp, symbol)


def note(figure: Figure, view: View, points: Iterable[Point], front: bool = False) -> None:
    parts = ["Filled: methods."]
    if view.variants:
        parts.append("Half filled: their sane variants.")
    if view.controls:
        parts.append("Hollow: controls.")
    if view.variants or view.controls:
        parts.append("Only methods are ranked.")
    if front:
        parts.append("Line: the methods' Pareto front.")
    if any(point.label.endswith(PARTIAL) for point in points):
        parts.append(f"{PARTIAL} some runs are missing.")
    figure.supxlabel(" ".join(parts), x=0.01, ha="left", fontsize=NOTE_SIZE, color=SOFT)


def write_labels(figure: Figure, panels: Sequence[Panel]) -> None:
    # Labels need to know where everything is, and must not move it.
    settle(figure)
    for ax, points, lines in panels:
        labels = [Label(p.label, p.cost, p.drawn, p.symbol.colour) for p in points]
        place_labels(ax, labels, LABEL_SIZE, lines)


def draw_points(ax: Axes, points: Sequence[Point], cost_axis: str) -> None:
    ax.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    for point in points:
        draw_symbol(ax, point.cost, point.drawn, point.symbol)
    lowest, highest = min(p.drawn for p in points), max(p.drawn for p in points)
    _lay_out_costs(ax, sorted(point.cost for point in points), cost_axis)
    if lowest < STEEP:
        logarithmic_below(ax, lowest)
    else:
        room = 0.1 * max(highest - lowest, 10.0)
        ax.set_ylim(lowest - room, highest + room)
        ax.set_ylabel("Imp% (per cent)")
    ax.grid(axis="both", color=GRID, linewidth=0.6, zorder=0)
    ax.set_axisbelow(True)


def _lay_out_costs(ax: Axes, costs: Sequence[float], title: str) -> None:
    """Linear, but logarithmic above all others where the largest would squeeze them to a line."""
    widest = costs[-1] or 1.0
    others = _rounded_up(costs[-2]) if len(costs) > 1 and costs[-2] > 0 else widest
    if widest < FAR * others:
        ax.set_xlim(-0.06 * widest, 1.12 * widest)
        ax.set_xlabel(title)
        return
    decades = math.log10(widest / others)
    ax.set_xscale("symlog", linthresh=others, linscale=4 * decades)
    ax.set_xlim(-0.06 * others, widest * 10 ** (0.2 * decades))
    powers = [10.0**power for power in range(-3, 4)]
    shown = [power for power in powers if 1.5 * others < power <= widest]
    ax.xaxis.set_major_locator(FixedLocator([*(others * part / 4 for part in range(5)), *shown]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel(f"{title}\nlogarithmic above {others:g}")


def _rounded_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value)
