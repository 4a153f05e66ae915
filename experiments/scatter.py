"""Figures of Imp% against what a refinement costs: a point per denoiser, a label beside each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments import aggregate
from experiments.aggregate import SANE
from experiments.drawing import (
    COLOURS,
    CONTROL_COLOUR,
    MARKERS,
    NOTE_SIZE,
    TITLE_SIZE,
    counted,
    new_figure,
    plain,
    style,
)
from experiments.labels import Label, Line, place_labels
from experiments.layout import sentence
from experiments.pareto import PLANES, Field, Plane, field
from experiments.tables import PARTIAL, View

LABEL_SIZE = 8.0
PANEL_WIDTH, PANEL_HEIGHT = 4.3, 4.2

# Imp% has no lower bound: where it falls below STEEP its axis is logarithmic below -LINEAR.
STEEP = -150.0
LINEAR = 100.0
# What lies below is drawn on the edge, with its value in the label.
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
    originals = [*view.ranked]
    originals += sorted({_original(name) for name in view.sane} - set(originals))
    drawn = {name: _numbered(number) for number, name in enumerate(originals)}
    found = {name: Symbol(*drawn[name], "full") for name in view.ranked}
    found |= {name: Symbol(*drawn[_original(name)], "left") for name in view.sane}
    for number, name in enumerate(view.controls):
        found[name] = Symbol(CONTROL_COLOUR, _numbered(number)[1], "none")
    return found


def _original(sane: str) -> str:
    return sane.partition(" (")[0].removesuffix(SANE)


def _numbered(number: int) -> tuple[str, str]:
    # Colours and shapes repeat after different numbers of methods.
    shift = number + number // len(COLOURS)
    return COLOURS[number % len(COLOURS)], MARKERS[shift % len(MARKERS)]


def imp_against_swd(view: View) -> Figure | None:
    """Imp% against SWD: a panel per protocol, over all datasets of a condition.

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
    panels = {protocol: _means(view, protocol) for protocol in view.protocols}
    panels = {protocol: points for protocol, points in panels.items() if points}
    if not panels:
        return None
    with style():
        figure = new_figure(PANEL_WIDTH * len(panels), PANEL_HEIGHT)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        title = f"{sentence(str(view))}; mean over {counted(view.datasets, 'dataset')}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE)
        _note(figure, view, [point for points in panels.values() for point in points])
        for ax, (protocol, points) in zip(axes, panels.items(), strict=True):
            ax.set_title(protocol, loc="left", fontweight="bold")
            _draw(ax, points, PLANES[0].axis)
        _label(figure, [(ax, p, []) for ax, p in zip(axes, panels.values(), strict=True)])
    return figure


def pareto_figure(view: View) -> Figure | None:
    """Imp% against SWD and against 1 − ρ̄, a row per protocol, with the fronts drawn as steps.

    Means are over the datasets on which every ranked method has every run.

    Parameters
    ----------
    view
        The rows of one condition and domain.

    Returns
    -------
    Figure or None
        None where no ranked method has all three values.
    """
    fields = {protocol: field(view, protocol) for protocol in view.protocols}
    fields = {protocol: found for protocol, found in fields.items() if found.methods}
    if not fields:
        return None
    drawn: list[Panel] = []
    with style():
        figure = new_figure(PANEL_WIDTH * len(PLANES), PANEL_HEIGHT * len(fields))
        axes = figure.subplots(len(fields), len(PLANES), squeeze=False)
        figure.suptitle(sentence(str(view)), x=0.01, ha="left", fontsize=TITLE_SIZE)
        for row, (protocol, found) in zip(axes, fields.items(), strict=True):
            for ax, plane in zip(row, PLANES, strict=True):
                points = _spots(view, found, plane)
                over = counted(found.datasets, "dataset")
                if found.left_out:
                    over += f" ({len(found.left_out)} left out)"
                ax.set_title(f"{protocol}, {over}: Imp% against {plane.title}", loc="left")
                _draw(ax, points, plane.axis)
                drawn.append((ax, points, _draw_front(ax, found, plane)))
        _note(figure, view, [p for _, points, _ in drawn for p in points], front=True)
        _label(figure, drawn)
    return figure


def _means(view: View, protocol: str) -> list[Point]:
    imp, swd = view.summary(aggregate.IMP), view.summary(aggregate.SWD)
    points = []
    for name, symbol in symbols(view).items():
        keys = [(protocol, dataset, name) for dataset in view.datasets]
        of_imp = aggregate.mean_of(imp.get(key) for key in keys)
        of_swd = aggregate.mean_of(swd.get(key) for key in keys)
        if of_imp.mean is not None and of_swd.mean is not None:
            value, whole = aggregate.IMP.shown(of_imp.mean), of_imp.whole and of_swd.whole
            points.append(_point(name, of_swd.mean, value, symbol, whole))
    return points


def _spots(view: View, found: Field, plane: Plane) -> list[Point]:
    return [
        _point(name, spot.costs[plane.title], spot.imp, symbol, spot.whole)
        for name, symbol in symbols(view).items()
        if (spot := found.spots.get(name)) is not None
    ]


def _point(name: str, cost: float, imp: float, symbol: Symbol, whole: bool) -> Point:
    label = name if imp >= LOWEST else f"{name} ({plain(imp)})"
    return Point(label + ("" if whole else PARTIAL), cost, imp, symbol)


def _note(figure: Figure, view: View, points: Iterable[Point], front: bool = False) -> None:
    parts = ["Filled: methods."]
    if view.sane:
        parts.append("Half filled: their sane variants.")
    if view.controls:
        parts.append("Hollow: controls.")
    if view.sane or view.controls:
        parts.append("Only methods are ranked.")
    if front:
        parts.append("Line: the methods' Pareto front.")
    if any(point.label.endswith(PARTIAL) for point in points):
        parts.append(f"{PARTIAL} some runs are missing.")
    figure.supxlabel(" ".join(parts), x=0.01, ha="left", fontsize=NOTE_SIZE, color="#333333")


def _label(figure: Figure, panels: Sequence[Panel]) -> None:
    # Labels need to know where everything is, and must not move it.
    figure.canvas.draw()
    figure.set_layout_engine("none")
    for ax, points, lines in panels:
        labels = [Label(p.label, p.cost, p.drawn, p.symbol.colour) for p in points]
        place_labels(ax, labels, LABEL_SIZE, lines)


def _draw(ax: Axes, points: Sequence[Point], cost_axis: str) -> None:
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


def _draw_front(ax: Axes, found: Field, plane: Plane) -> list[Line]:
    """Draw a staircase from the lower edge to the right one: what lies below it is dominated."""
    names = sorted(found.front(plane), key=lambda name: found.spots[name].costs[plane.title])
    corners: list[tuple[float, float]] = []
    height = ax.get_ylim()[0]
    for name in names:
        cost, imp = found.spots[name].costs[plane.title], max(found.spots[name].imp, LOWEST)
        corners += [(cost, height), (cost, imp)]
        height = imp
    if corners:
        corners.append((ax.get_xlim()[1], height))
        xs, ys = zip(*corners, strict=True)
        ax.plot(xs, ys, color=FRONT_COLOUR, linewidth=1.1, label="front", zorder=2)
    return list(pairwise(corners))


def _logarithmic_below(ax: Axes, lowest: float) -> None:
    decades = max(3, math.ceil(math.log10(-lowest) + 0.1))
    ax.set_yscale("symlog", linthresh=LINEAR, linscale=max(1.0, 0.7 * (decades - 2)))
    ax.set_ylim(-(10.0**decades), 1.35 * LINEAR)
    powers = [-(10.0**power) for power in range(2, decades + 1)]
    ax.yaxis.set_major_locator(FixedLocator([*powers, -50.0, 0.0, 50.0, 100.0]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
