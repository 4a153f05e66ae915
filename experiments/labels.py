"""Writing labels beside the points of a figure without covering each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

# Where a label may stand: directions in the order of preference, at growing distances (points).
DIRECTIONS = (0, 180, 45, -45, 135, -135, 90, -90, 22, -22, 158, -158, 67, -67, 113, -113)
DISTANCES = (7, 13, 20, 28, 38, 50, 64, 80, 98)
# From this distance on, a line leads from the label to its point.
LEADER_FROM = 13
# Lines of the grid do not strike a label through.
HALO = [withStroke(linewidth=2, foreground="white")]
# Half the size of a marker, in points.
MARKER_RADIUS = 4.5


Point = tuple[float, float]


@dataclass(frozen=True)
class Label:
    """A text that belongs to a point in data coordinates."""

    text: str
    x: float
    y: float
    colour: str


def place_labels(ax: Axes, labels: Sequence[Label], fontsize: float) -> None:
    """Write every label next to its point, clear of the other labels, the points and the edges.

    Greedy: labels take the nearest free place in turn; where none is free, the one that covers
    least. The figure's layout must be final and its canvas an Agg one.

    Parameters
    ----------
    ax
        Where the points are.
    labels
        What to write.
    fontsize
        In points.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    renderer = cast(FigureCanvasAgg, figure.canvas).get_renderer()
    per_point = figure.dpi / 72
    points: list[Point] = [
        tuple(ax.transData.transform((label.x, label.y)).tolist()) for label in labels
    ]
    radius = MARKER_RADIUS * per_point
    markers = [Bbox.from_extents(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    inside = ax.get_window_extent(renderer)
    written: list[Bbox] = []
    leaders: list[tuple[Point, Point]] = []
    for label, (x, y) in zip(labels, points, strict=True):
        text = ax.annotate(
            label.text,
            (label.x, label.y),
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=fontsize,
            color=label.colour,
            annotation_clip=False,
            path_effects=HALO,
        )
        extent = text.get_window_extent(renderer)
        width, height = extent.width, extent.height
        best: tuple[float, float, float, int, Bbox] | None = None
        for distance in DISTANCES:
            for direction in DIRECTIONS:
                dx, dy = _offset(direction, distance * per_point, width, height)
                box = Bbox.from_bounds(x + dx - width / 2, y + dy - height / 2, width, height)
                cost = 3 * _covered(box, written) + _covered(box, markers)
                cost += 3 * (width * height - _common(box, inside))
                if distance >= LEADER_FROM:
                    leader = ((x, y), _nearest((x, y), box))
                    cost += width * height * _crossings([leader], written)
                cost += width * height * _crossings(leaders, [box])
                if best is None or cost < best[0] - 1e-6:
                    best = (cost, dx, dy, distance, box)
            if best is not None and best[0] <= 1e-6:
                break
        assert best is not None
        _, dx, dy, distance, box = best
        text.set_position((dx / per_point, dy / per_point))
        written.append(box)
        if distance >= LEADER_FROM:
            leaders.append(((x, y), _nearest((x, y), box)))
            ends = ax.transData.inverted().transform(leaders[-1])
            ax.plot(ends[:, 0], ends[:, 1], color=label.colour, linewidth=0.6, alpha=0.7, zorder=1)


def _offset(direction: float, distance: float, width: float, height: float) -> tuple[float, float]:
    """From a point to the centre of a box at a distance from it."""
    angle = math.radians(direction)
    cosine, sine = math.cos(angle), math.sin(angle)
    return cosine * (distance + width / 2), sine * (distance + height / 2)


def _nearest(point: Point, box: Bbox) -> Point:
    """The place of a box that is nearest to a point."""
    x, y = point
    return min(max(x, box.x0), box.x1), min(max(y, box.y0), box.y1)


def _crossings(lines: Iterable[tuple[Point, Point]], boxes: Sequence[Bbox]) -> int:
    """How often a line runs through a box."""
    count = 0
    for (x0, y0), (x1, y1) in lines:
        between = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in np.linspace(0, 1, 16)[:-1]]
        count += sum(any(box.contains(x, y) for x, y in between) for box in boxes)
    return count


def _covered(box: Bbox, others: Iterable[Bbox]) -> float:
    return sum(_common(box, other) for other in others)


def _common(a: Bbox, b: Bbox) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return float(max(0.0, width) * max(0.0, height))
