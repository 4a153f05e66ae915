"""Writing labels beside the points of a figure without covering each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

# Where a label may stand: directions in degrees, in the order of preference, and distances in
# points.
DIRECTIONS = (0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160, 68, -68, 112, -112)
DISTANCES = (7, 12, 18, 25, 33, 42, 52, 64, 78, 94)
# From this distance on, a line leads from the label to its point.
LEADER_FROM = 12
# Room kept free beside a text.
PADDING = 3.0
# Half the size of a marker.
MARKER_RADIUS = 4.5
# Coloured text of this size is hard to read; the points and lines carry the colours.
TEXT_COLOUR = "#1a1a1a"
# Lines of the grid do not strike a label through.
HALO = [withStroke(linewidth=2, foreground="white")]

# What is given up for what: shares of the label covered or cut off, crossings, points of distance.
COVERED, CUT_OFF, STRUCK_THROUGH, CROSSED, DISTANT = 10.0, 30.0, 3.0, 0.7, 0.01
# Rounds in which every label looks for a better place, given all the others.
ROUNDS = 4

Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class Label:
    """A text that belongs to a point in data coordinates, and the colour of a line to it."""

    text: str
    x: float
    y: float
    colour: str


@dataclass(frozen=True)
class Place:
    """A place for a label, in pixels: its box, and the line to its point if it is far from it."""

    box: Bbox
    leader: Line | None
    distance: float


def place_labels(ax: Axes, labels: Sequence[Label], fontsize: float) -> None:
    """Write every label next to its point, clear of the other labels, the points and the edges.

    Every label takes the best place that the others leave it, in a few rounds; the same figure
    always gives the same places. The figure's layout must be final and its canvas an Agg one.

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
    scale = figure.dpi / 72
    points: list[Point] = [
        tuple(ax.transData.transform((label.x, label.y)).tolist()) for label in labels
    ]
    radius = MARKER_RADIUS * scale
    markers = [Bbox.from_extents(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    inside = ax.get_window_extent(renderer)

    texts = [_write(ax, label, fontsize) for label in labels]
    options: list[list[tuple[float, Place]]] = []
    for text, point in zip(texts, points, strict=True):
        extent = text.get_window_extent(renderer)
        places = _places(point, extent.width + PADDING * scale, extent.height, scale)
        options.append([(_own_cost(place, markers, inside), place) for place in places])
    for label, text, point, place in zip(labels, texts, points, _settle(options), strict=True):
        x = (place.box.x0 + place.box.x1) / 2 - point[0]
        y = (place.box.y0 + place.box.y1) / 2 - point[1]
        text.set_position((x / scale, y / scale))
        if place.leader is not None:
            ends = ax.transData.inverted().transform(place.leader)
            ax.plot(ends[:, 0], ends[:, 1], color=label.colour, linewidth=0.7, zorder=1)


def _write(ax: Axes, label: Label, fontsize: float) -> Annotation:
    return ax.annotate(
        label.text,
        (label.x, label.y),
        xytext=(0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=fontsize,
        color=TEXT_COLOUR,
        annotation_clip=False,
        path_effects=HALO,
    )


def _places(point: Point, width: float, height: float, scale: float) -> list[Place]:
    """Every place that a label of this size may take, the nearest first."""
    places = []
    for distance in DISTANCES:
        for direction in DIRECTIONS:
            angle = math.radians(direction)
            dx = math.cos(angle) * (distance * scale + width / 2)
            dy = math.sin(angle) * (distance * scale + height / 2)
            x, y = point[0] + dx - width / 2, point[1] + dy - height / 2
            box = Bbox.from_bounds(x, y, width, height)
            leader = (point, _nearest(point, box)) if distance >= LEADER_FROM else None
            places.append(Place(box, leader, distance))
    return places


def _nearest(point: Point, box: Bbox) -> Point:
    """The place of a box that is nearest to a point."""
    return min(max(point[0], box.x0), box.x1), min(max(point[1], box.y0), box.y1)


def _settle(options: Sequence[Sequence[tuple[float, Place]]]) -> list[Place]:
    """Choose a place for every label, given what each place costs by itself."""
    chosen: list[Place] = []
    for own in options:
        chosen.append(_best(own, chosen))
    for _ in range(ROUNDS):
        for i, own in enumerate(options):
            chosen[i] = _best(own, chosen[:i] + chosen[i + 1 :])
    return chosen


def _best(own: Sequence[tuple[float, Place]], others: Sequence[Place]) -> Place:
    best, least = own[0][1], math.inf
    for cost, place in own:
        if cost >= least:
            continue
        cost += sum(_mutual_cost(place, other) for other in others)
        if cost < least - 1e-9:
            best, least = place, cost
    return best


def _own_cost(place: Place, markers: Sequence[Bbox], inside: Bbox) -> float:
    box = place.box
    covered = sum(_common(box, marker) for marker in markers) / _area(box)
    cut_off = 1 - _common(box, inside) / _area(box)
    cost = COVERED * covered + CUT_OFF * cut_off + DISTANT * place.distance
    if place.leader is not None:
        start = place.leader[0]
        # Points that lie on each other cannot be told apart by any line.
        others = [marker for marker in markers if not marker.contains(*start)]
        cost += CROSSED * sum(_runs_through(place.leader, marker) for marker in others)
    return cost


def _mutual_cost(place: Place, other: Place) -> float:
    common = _common(place.box, other.box)
    cost = COVERED * common * (1 / _area(place.box) + 1 / _area(other.box))
    for leader, box in ((place.leader, other.box), (other.leader, place.box)):
        if leader is not None and _runs_through(leader, box):
            cost += STRUCK_THROUGH
    if place.leader is not None and other.leader is not None:
        cost += CROSSED * _cross(place.leader, other.leader)
    return cost


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _common(a: Bbox, b: Bbox) -> float:
    """The area that two boxes share."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return float(max(0.0, width) * max(0.0, height))


def _runs_through(line: Line, box: Bbox) -> bool:
    (x0, y0), (x1, y1) = line
    steps = np.linspace(0.0, 1.0, 12)
    x, y = x0 + steps * (x1 - x0), y0 + steps * (y1 - y0)
    return bool(np.any((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)))


def _cross(a: Line, b: Line) -> bool:
    """Whether two lines cross between their ends."""

    def side(line: Line, point: Point) -> float:
        (x0, y0), (x1, y1) = line
        return (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0)

    return side(a, b[0]) * side(a, b[1]) < 0 and side(b, a[0]) * side(b, a[1]) < 0
