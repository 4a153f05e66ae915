"""Who is on the Pareto front of improvement against preservation.

Improvement is Imp%; what it costs is how far the data were moved, as SWD or as 1 − ρ̄. Only ranked
methods can be on a front: sane variants and controls are shown beside them. Pure functions of the
long table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from experiments import aggregate
from experiments.aggregate import Metric
from experiments.comparisons import competing
from experiments.layout import NOTHING, Cell, Column, Row, Table, number
from experiments.statistics import complete_blocks
from experiments.tables import PARTIAL, View, dataset_notes, sections_of

#: Imp% (larger is better) and a cost (smaller is better).
Values = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """What Imp% is held against.

    Attributes
    ----------
    metric, cost
        The metric, and from its mean to the cost.
    title, axis
        The cost in a word, and with its unit.
    """

    metric: Metric
    title: str
    axis: str
    cost: Callable[[float], float] = float


PLANES = (
    Plane(aggregate.SWD, "SWD", "SWD between noisy and refined X (standard deviations)"),
    Plane(
        aggregate.RHO, "1 − ρ̄", "1 − ρ̄ between noisy and refined X (no unit)", lambda rho: 1 - rho
    ),
)


@dataclass(frozen=True)
class Spot:
    """A denoiser: its Imp% and, by title of the plane, its costs; means over the same datasets.

    `whole` is false where some of its runs are missing; such a denoiser is never on a front.
    """

    imp: float
    costs: Mapping[str, float]
    whole: bool


@dataclass(frozen=True)
class Field:
    """All denoisers of a view under one protocol.

    Attributes
    ----------
    datasets, left_out
        Those that the means are over, and those on which a run of a competing method is missing.
    spots
        By denoiser; without those that have no value.
    methods
        The ranked methods among them.
    """

    datasets: tuple[str, ...]
    left_out: tuple[str, ...]
    spots: Mapping[str, Spot]
    methods: tuple[str, ...]

    def front(self, plane: Plane) -> tuple[str, ...]:
        """Methods that no other one beats in both Imp% and cost, largest Imp% first."""
        return front(
            {
                name: (self.spots[name].imp, self.spots[name].costs[plane.title])
                for name in self.methods
                if self.spots[name].whole
            }
        )


def dominates(a: Values, b: Values) -> bool:
    """Whether one pair is at least as good in both respects, and better in one."""
    return a[0] >= b[0] and a[1] <= b[1] and a != b


def front(values: Mapping[str, Values]) -> tuple[str, ...]:
    """The names whose pairs no other dominates, largest Imp% first; equal pairs all stay."""
    free = [
        name
        for name, own in values.items()
        if not any(dominates(other, own) for other in values.values())
    ]
    return tuple(sorted(free, key=lambda name: (-values[name][0], name)))


def field(view: View, protocol: str) -> Field:
    """Place every denoiser of a view.

    Parameters
    ----------
    view
        The rows of one condition, usually of one domain.
    protocol
        Which protocol.

    Returns
    -------
    Field
        Means over the datasets on which every competing method has every run, as in a ranking.
    """
    metrics = (aggregate.IMP, *(plane.metric for plane in PLANES))
    methods = competing(view, aggregate.IMP, protocol)
    lacking: set[str] = set()
    for metric in metrics:
        _, left_out = complete_blocks(aggregate.scores(view.summary(metric), protocol, methods))
        lacking |= set(left_out)
    # A dataset that was run under another protocol only is none of this one.
    run = {dataset for where, dataset, _ in view.summary(aggregate.IMP) if where == protocol}
    datasets = tuple(name for name in view.datasets if name in run - lacking)
    spots: dict[str, Spot] = {}
    for name in (*methods, *view.sane, *view.controls):
        means = {
            metric.name: aggregate.mean_of(
                view.summary(metric).get((protocol, dataset, name)) for dataset in datasets
            )
            for metric in metrics
        }
        values = {key: mean.mean for key, mean in means.items() if mean.mean is not None}
        if len(values) == len(metrics):
            spots[name] = Spot(
                imp=aggregate.IMP.shown(values[aggregate.IMP.name]),
                costs={plane.title: plane.cost(values[plane.metric.name]) for plane in PLANES},
                whole=all(mean.whole for mean in means.values()),
            )
    left_out = tuple(name for name in view.datasets if name in lacking)
    return Field(datasets, left_out, spots, tuple(name for name in methods if name in spots))


def front_table(view: View) -> Table | None:
    """Imp%, costs, and who is on which front; None where no method has all three.

    Parameters
    ----------
    view
        The rows of one condition and domain.
    """
    fields = {protocol: field(view, protocol) for protocol in view.protocols}
    if not any(found.methods for found in fields.values()):
        return None
    fronts = {
        (protocol, plane.title): found.front(plane)
        for protocol, found in fields.items()
        for plane in PLANES
    }

    def row(denoiser: str) -> Row:
        cells: list[Cell] = []
        for protocol, found in fields.items():
            spot = found.spots.get(denoiser)
            cells.append(_cell(spot.imp, aggregate.IMP.decimals, spot.whole) if spot else NOTHING)
            for plane in PLANES:
                title = plane.title
                cells.append(_cell(spot.costs[title], 3, spot.whole) if spot else NOTHING)
                on_it = denoiser in fronts[protocol, title]
                ranked = denoiser in found.methods
                cells.append(Cell("yes" if on_it else "no") if ranked else NOTHING)
        return Row(denoiser, tuple(cells))

    columns = [
        Column(protocol, title)
        for protocol in fields
        for title in (
            "Imp%",
            *(t for plane in PLANES for t in (plane.title, f"{plane.title}: front")),
        )
    ]
    return Table(
        name="pareto",
        title=f"Pareto fronts of Imp% against SWD and 1 − ρ̄: {view}",
        stub="denoiser",
        axes=("protocol", "quantity"),
        columns=tuple(columns),
        sections=sections_of(_placed(view, fields), row),
        context=view.condition.context | {"domain": view.domain or "all"},
        notes=(
            "On the front is a method that no other ranked one equals or beats in both Imp% "
            "(higher is better) and the cost (lower is better), and beats in one. Means over "
            "datasets; Imp% is that of the mean log ratio of the errors.",
            *_front_notes(fields, fronts),
            *dataset_notes(view),
        ),
    )


def _placed(view: View, fields: Mapping[str, Field]) -> View:
    """The view without sane variants and controls that have no place, such as those of series."""
    names = {*view.ranked, *(name for found in fields.values() for name in found.spots)}
    return replace(view, rows=view.rows[view.rows["denoiser"].isin(names)])


def _front_notes(
    fields: Mapping[str, Field], fronts: Mapping[tuple[str, str], tuple[str, ...]]
) -> list[str]:
    notes = [
        f"{protocol}, Imp% against {title}: on the front: {', '.join(names) or 'nobody'}."
        for (protocol, title), names in fronts.items()
    ]
    for protocol, found in fields.items():
        notes.append(f"{protocol}: over {', '.join(found.datasets) or 'no dataset'}.")
        if found.left_out:
            notes.append(f"{protocol}: left out, a run is missing: {', '.join(found.left_out)}.")
    if any(not spot.whole for found in fields.values() for spot in found.spots.values()):
        notes.append(f"{PARTIAL}: some runs are missing.")
    return notes


def _cell(value: float, decimals: int, whole: bool) -> Cell:
    text = number(value, decimals) + ("" if whole else PARTIAL)
    return Cell(text, value, status="ok" if whole else "partial")
