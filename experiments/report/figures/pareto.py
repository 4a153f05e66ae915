"""Pareto fronts: Imp% against SWD and against 1 − ρ̄."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.analysis.fronts import PLANES, Field, Plane, field
from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    LOWEST,
    SOFT,
    Picture,
    context_of,
    counted,
    new_figure,
    style,
    write_title,
)
from experiments.report.figures._placing import Line
from experiments.report.figures._scatter import (
    PANEL_HEIGHT,
    PANEL_WIDTH,
    Panel,
    Point,
    draw_points,
    note,
    point_of,
    write_labels,
)
from experiments.report.symbols import symbols
from experiments.words import sentence

ORDER = 110


def pictures(views: Sequence[View]) -> Iterator[Picture]:
    """A figure per condition and domain."""
    for view in views:
        for domain in view.domains:
            part = view.of_domain(domain)
            if (figure := pareto_figure(part)) is not None:
                title = f"Pareto fronts: {part}"
                yield Picture(
                    f"pareto_{domain}_{view.condition.slug}", title, figure, context_of(part)
                )


def pareto_figure(view: View) -> Figure | None:
    """Imp% against SWD and against 1 − ρ̄, a row per protocol, with the fronts drawn as steps.

    Means are over the datasets on which every ranked method has every run. None where no ranked
    method has all three values.
    """
    fields = {protocol: field(view, protocol) for protocol in view.protocols}
    fields = {protocol: found for protocol, found in fields.items() if found.methods}
    if not fields:
        return None
    drawn: list[Panel] = []
    with style():
        figure = new_figure(PANEL_WIDTH * len(PLANES), PANEL_HEIGHT * len(fields))
        axes = figure.subplots(len(fields), len(PLANES), squeeze=False)
        write_title(figure, sentence(str(view)))
        for row, (protocol, found) in zip(axes, fields.items(), strict=True):
            for ax, plane in zip(row, PLANES, strict=True):
                points = _spots(view, found, plane)
                over = counted(found.datasets, "dataset")
                if found.left_out:
                    over += f" ({len(found.left_out)} left out)"
                ax.set_title(f"{protocol}, {over}: Imp% against {plane.title}", loc="left")
                draw_points(ax, points, plane.axis)
                drawn.append((ax, points, _draw_front(ax, found, plane)))
        note(figure, view, [p for _, points, _ in drawn for p in points], front=True)
        write_labels(figure, drawn)
    return figure


def _spots(view: View, found: Field, plane: Plane) -> list[Point]:
    return [
        point_of(name, spot.costs[plane.title], spot.imp, symbol, spot.whole)
        for name, symbol in symbols(view).items()
        if (spot := found.spots.get(name)) is not None
    ]


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
        ax.plot(xs, ys, color=SOFT, linewidth=1.1, label="front", zorder=2)
    return list(pairwise(corners))
