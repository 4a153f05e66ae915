"""Figures of Imp% against what a refinement costs: a point per denoiser, a label beside each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    COLOURS,
    CONTROL_COLOUR,
    LINEAR,
    MARKERS,
    NOTE_SIZE,
    STEEP,
    plain,
)
from experiments.report.figures._placing import Label, Line, place_labels
from experiments.report.tables._cells import PARTIAL

LABEL_SIZE = 8.0
PANEL_WIDTH, PANEL_HEIGHT = 4.3, 4.2

# What lies below this Imp% is drawn on the edge, with its value in the label.
LOWEST = -1e6

FRONT_COLOUR = "#333333"


@dataclass(frozen=True)
class Symbol:
    """How a denoiser is drawn: methods filled, sane variants half filled, controls hollow."""

    colour: str
    marker: str
    fill: Literal["full", "left", "none"]


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


def symbols(view: View) -> dict[str, Symbol]:
    """A symbol for every denoiser; a sane variant has the colour and shape of its original."""
    rows = view.rows
    original = dict(zip(rows["denoiser"], rows["method"], strict=True))
    originals = [*view.ranked]
    originals += sorted({original[name] for name in view.variants} - set(originals))
    drawn = {name: _numbered(number) for number, name in enumerate(originals)}
    found = {name: Symbol(*drawn[name], "full") for name in view.ranked}
    found |= {name: Symbol(*drawn[original[name]], "left") for name in view.variants}
    for number, name in enumerate(view.controls):
        found[name] = Symbol(CONTROL_COLOUR, _numbered(number)[1], "none")
    return found


def _numbered(number: int) -> tuple[str, str]:
    # Colours and shapes repeat after different numbers of methods.
    shift = number + number // len(COLOURS)
    return COLOURS[number % len(COLOURS)], MARKERS[shift % len(MARKERS)]


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
    figure.supxlabel(" ".join(parts), x=0.01, ha="left", fontsize=NOTE_SIZE, color="#333333")


def write_labels(figure: Figure, panels: Sequence[Panel]) -> None:
    # Labels need to know where everything is, and must not move it.
    figure.canvas.draw()
    figure.set_layout_engine("none")
    for ax, points, lines in panels:
        labels = [Label(p.label, p.cost, p.drawn, p.symbol.colour) for p in points]
        place_labels(ax, labels, LABEL_SIZE, lines)


def draw_points(ax: Axes, points: Sequence[Point], cost_axis: str) -> None:
    ax.axhline(0, color="#999999", linewidth=0.8, zorder=0)
    for point in points:
        symbol = point.symbol
        ax.plot(
            point.cost,
            point.drawn,
            marker=symbol.marker,
            markersize=6.5,
            fillstyle=symbol.fill,
            markerfacecolor="none" if symbol.fill == "none" else symbol.colour,
            markerfacecoloralt="white",
            markeredgecolor=symbol.colour,
            markeredgewidth=1.1,
            linestyle="none",
            clip_on=False,
            zorder=3,
        )
    lowest, highest = min(p.drawn for p in points), max(p.drawn for p in points)
    widest = max(point.cost for point in points) or 1.0
    ax.set_xlim(-0.06 * widest, 1.12 * widest)
    ax.set_xlabel(cost_axis)
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
