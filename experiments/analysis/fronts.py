"""Who is on the Pareto front of improvement against preservation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from experiments.analysis import aggregate
from experiments.analysis.aggregate import Metric
from experiments.analysis.ranking import competing
from experiments.analysis.statistics import complete_blocks
from experiments.analysis.view import View

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
    for name in (*methods, *view.variants, *view.controls):
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
