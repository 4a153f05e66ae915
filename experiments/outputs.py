"""What a report can write, by name: tables and figures as functions of the views of a long table.

An experiment file picks from these names with its key ``report``. A new output is one more entry of
`OUTPUTS`; the report, its index and the check of config files find it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments import aggregate, comparisons, pareto, tables
from experiments.ablations.output import ablation_tables
from experiments.aggregate import Metric
from experiments.by_regressor import regressor_tables
from experiments.claims import claims_table
from experiments.layout import Table
from experiments.tables import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Views = Sequence[View]

#: Metrics as file names say them.
_NAMES = {"imp": "imp", "swd": "swd", "rho": "rho", "recovery_X": "recovery"}


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its files, its title, and whether the index of a report shows it."""

    stem: str
    title: str
    figure: Figure
    lead: bool = True


def _no_tables(views: Views) -> list[Table]:
    return []


def _no_pictures(views: Views) -> Iterable[Picture]:
    return ()


@dataclass(frozen=True)
class Output:
    """Something that a report can write.

    Attributes
    ----------
    title
        Heading of its tables.
    tables
        The tables of one file, in the order of the views; an empty list where there is nothing to
        show.
    pictures
        The figures, drawn one at a time.
    standard
        Whether a report writes it unless it is told what to write.
    """

    title: str
    tables: Callable[[Views], list[Table]] = _no_tables
    pictures: Callable[[Views], Iterable[Picture]] = _no_pictures
    standard: bool = True


def chosen(names: Iterable[str] | None = None) -> dict[str, Output]:
    """The outputs of these names, or the standard ones, in the order of the registry.

    Raises
    ------
    ValueError
        If a name is not in the registry.
    """
    if names is None:
        return {name: output for name, output in OUTPUTS.items() if output.standard}
    wanted = set(names)
    unknown = sorted(wanted - set(OUTPUTS))
    if unknown:
        raise ValueError(f"no such output {unknown[0]!r}; there are {', '.join(OUTPUTS)}")
    return {name: output for name, output in OUTPUTS.items() if name in wanted}


def _of_metrics(*metrics: Metric) -> Callable[[Views], list[Table]]:
    """A table per view and metric that has any value; Imp% is shown whatever became of it."""

    def build(views: Views) -> list[Table]:
        return [
            tables.metric_table(view, metric)
            for view in views
            for metric in metrics
            if metric is aggregate.IMP
            or any(entry.mean is not None for entry in view.summary(metric).values())
        ]

    return build


def _rank_tables(views: Views) -> list[Table]:
    return [
        table
        for view in views
        for part in view.with_domains()
        if (table := comparisons.rank_table(part))
    ]


def _pair_tables(views: Views) -> list[Table]:
    return [
        table
        for view in views
        for metric in comparisons.RANKED
        if (table := comparisons.pair_table(view, metric))
    ]


def _imp_vs_swd(views: Views) -> Iterator[Picture]:
    from experiments.scatter import imp_against_swd

    for view in views:
        if (figure := imp_against_swd(view)) is not None:
            title = f"Imp% against SWD: {view.condition}"
            yield Picture(f"imp_vs_swd_{view.condition.slug}", title, figure)


def _front_tables(views: Views) -> list[Table]:
    return [
        table
        for view in views
        for domain in view.domains
        if (table := pareto.front_table(view.of_domain(domain)))
    ]


def _fronts(views: Views) -> Iterator[Picture]:
    from experiments.scatter import pareto_figure

    for view in views:
        for domain in view.domains:
            part = view.of_domain(domain)
            if (figure := pareto_figure(part)) is not None:
                title = f"Pareto fronts: {part}"
                yield Picture(f"pareto_{domain}_{view.condition.slug}", title, figure)


def _critical_differences(views: Views) -> Iterator[Picture]:
    from experiments.diagrams import critical_difference_diagram

    for view in views:
        for metric in comparisons.RANKED:
            for part in view.with_domains():
                if (figure := critical_difference_diagram(part, metric)) is not None:
                    stem = "_".join(filter(None, ("cd", _NAMES[metric.name], part.domain)))
                    title = f"critical differences of {metric.title}: {part}"
                    lead = not part.domain
                    yield Picture(f"{stem}_{view.condition.slug}", title, figure, lead)


def _ablation(views: Views) -> Iterator[Picture]:
    from experiments.ablations.figure import ablation_figure
    from experiments.ablations.study import study_of

    study = study_of(views)
    if study is not None and (figure := ablation_figure(study)) is not None:
        yield Picture("ablation", study.title, figure)


OUTPUTS: dict[str, Output] = {
    "ablation": Output("What the parameter does", ablation_tables, _ablation, standard=False),
    "published": Output("Published figures beside ours", claims_table, standard=False),
    "imp": Output("Imp% per dataset and denoiser", _of_metrics(aggregate.IMP)),
    "imp_by_regressor": Output(
        "Imp% per regressor", lambda views: [tables.imp_by_regressor(view) for view in views]
    ),
    "by_regressor": Output(
        "Per dataset, denoiser and regressor",
        lambda views: [table for view in views for table in regressor_tables(view)],
    ),
    "mse": Output(
        "Mean squared errors", lambda views: [tables.error_table(view) for view in views]
    ),
    "swd": Output("Sliced Wasserstein distance", _of_metrics(aggregate.SWD, aggregate.SWD_CLEAN)),
    "rho": Output(
        "Mean correlation of the columns, ρ̄", _of_metrics(aggregate.RHO, aggregate.RHO_CLEAN)
    ),
    "recovery": Output(
        "Recovery of clean values", _of_metrics(aggregate.RECOVERY_X, aggregate.RECOVERY_Y)
    ),
    "ranks": Output("Average ranks, Friedman and Nemenyi", _rank_tables),
    "pairs": Output("Pairs of methods", _pair_tables),
    "pareto": Output("Pareto fronts", _front_tables, _fronts),
    "imp_vs_swd": Output("Imp% against SWD", pictures=_imp_vs_swd),
    "cd": Output("Critical differences", pictures=_critical_differences),
}
