"""Writing labels beside the points of a figure without covering each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation

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

# What is given up for what: shares covered or cut off, lines through a label, crossings, points of
# distance. A line of the figure lies behind the label and its halo, a leader does not; a label on a
# marker would seem to name it, wherever else it has to go.
ON_MARKER = 100.0
COVERED, CUT_OFF, STRUCK_THROUGH, ON_LINE, CROSSED, DISTANT = 60.0, 60.0, 3.0, 1.0, 0.7, 0.01
# Rounds in which every label looks for a better place, given all the others.
ROUNDS = 4

Point = tuple[float, float]
Line = tuple[Point, Point]


class Box(NamedTuple):
    """A rectangle in pixels; the placing looks at many, and tuples are quick."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Width times height."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)


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

    box: Box
    leader: Line | None
    distance: float


def place_labels(
    ax: Axes, labels: Sequence[Label], fontsize: float, lines: Sequence[Line] = ()
) -> None:
    """Write every label next to its point, clear of other labels, points, lines and the edges.

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
    lines
        Lines in data coordinates that should strike no label through.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    renderer = cast(FigureCanvasAgg, figure.canvas).get_renderer()
    scale = figure.dpi / 72
    points: list[Point] = [
        tuple(ax.transData.transform((label.x, label.y)).tolist()) for label in labels
    ]
    radius = MARKER_RADIUS * scale
    markers = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    extent = ax.get_window_extent(renderer)
    inside = Box(extent.x0, extent.y0, extent.x1, extent.y1)
    drawn = [_in_pixels(ax, line) for line in lines]

    texts = [_write(ax, label, fontsize) for label in labels]
    options: list[list[tuple[float, Place]]] = []
    for text, point in zip(texts, points, strict=True):
        extent = text.get_window_extent(renderer)
        places = _places(point, extent.width + PADDING * scale, extent.height, scale)
        costs = [(_own_cost(place, markers, inside, drawn), place) for place in places]
        # The cheapest first, so that a search can end early; equal ones keep their order.
        options.append(sorted(costs, key=lambda option: option[0]))
    for label, text, point, place in zip(labels, texts, points, _settle(options), strict=True):
        x = (place.box.x0 + place.box.x1) / 2 - point[0]
        y = (place.box.y0 + place.box.y1) / 2 - point[1]
        text.set_position((x / scale, y / scale))
        if place.leader is not None:
            ends = ax.transData.inverted().transform(place.leader)
            ax.plot(ends[:, 0], ends[:, 1], color=label.colour, linewidth=0.7, zorder=1)


def _in_pixels(ax: Axes, line: Line) -> Line:
    (x0, y0), (x1, y1) = ax.transData.transform(line).tolist()
    return (x0, y0), (x1, y1)


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
            box = Box(x, y, x + width, y + height)
            leader = (point, _nearest(point, box)) if distance >= LEADER_FROM else None
            places.append(Place(box, leader, distance))
    return places


def _nearest(point: Point, box: Box) -> Point:
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
            break
        for other in others:
            cost += _mutual_cost(place, other)
            if cost >= least - 1e-9:
                break
        else:
            best, least = place, cost
    return best


def _own_cost(
    place: Place, markers: Sequence[Box], inside: Box, drawn: Sequence[Line] = ()
) -> float:
    box = place.box
    cut_off = 1 - _common(box, inside) / box.area
    cost = CUT_OFF * cut_off + DISTANT * place.distance
    cost += ON_MARKER * sum(_common(box, marker) > 0 for marker in markers)
    cost += ON_LINE * any(_runs_through(line, box) for line in drawn)
    if place.leader is not None:
        x, y = place.leader[0]
        # Points that lie on each other cannot be told apart by any line.
        others = [m for m in markers if not (m.x0 <= x <= m.x1 and m.y0 <= y <= m.y1)]
        cost += CROSSED * sum(_runs_through(place.leader, marker) for marker in others)
    return cost


def _mutual_cost(place: Place, other: Place) -> float:
    common = _common(place.box, other.box)
    cost = COVERED * common * (1 / place.box.area + 1 / other.box.area) if common else 0.0
    for leader, box in ((place.leader, other.box), (other.leader, place.box)):
        if leader is not None and _runs_through(leader, box):
            cost += STRUCK_THROUGH
    if place.leader is not None and other.leader is not None:
        cost += CROSSED * _cross(place.leader, other.leader)
    return cost


def _common(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return width * height if width > 0 and height > 0 else 0.0


def _runs_through(line: Line, box: Box) -> bool:
    """Whether a part of a line lies inside a box (Liang and Barsky's clipping)."""
    (x0, y0), (x1, y1) = line
    start, end = 0.0, 1.0
    for at, step, low, high in ((x0, x1 - x0, box.x0, box.x1), (y0, y1 - y0, box.y0, box.y1)):
        if step == 0:
            if not low < at < high:
                return False
            continue
        first, last = sorted(((low - at) / step, (high - at) / step))
        start, end = max(start, first), min(end, last)
    return start < end - 1e-9


def _cross(a: Line, b: Line) -> bool:
    """Whether two lines cross between their ends."""

    def side(line: Line, point: Point) -> float:
        (x0, y0), (x1, y1) = line
        return (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0)

    return side(a, b[0]) * side(a, b[1]) < 0 and side(b, a[0]) * side(b, a[1]) < 0
