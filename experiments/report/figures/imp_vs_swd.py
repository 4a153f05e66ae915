"""Imp% against SWD: a point per denoiser, a panel per protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from experiments.analysis import aggregate
from experiments.analysis.fronts import PLANES
from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    Picture,
    context_of,
    new_figure,
    over_datasets,
    style,
    write_title,
)
from experiments.report.figures._scatter import (
    PANEL_HEIGHT,
    PANEL_WIDTH,
    Point,
    draw_points,
    note,
    point_of,
    write_labels,
)
from experiments.report.symbols import symbols

ORDER = 120


def pictures(views: Sequence[View]) -> Iterator[Picture]:
    """A figure per condition."""
    for view in views:
        if (figure := imp_against_swd(view)) is not None:
            title = f"Imp% against SWD: {view.condition}"
            yield Picture(f"imp_vs_swd_{view.condition.slug}", title, figure, context_of(view))


def imp_against_swd(view: View) -> Figure | None:
    """Imp% against SWD: a panel per protocol, over all datasets of a condition.

    Both are means over the datasets; a denoiser that lacks some of its runs is marked. Where Imp%
    falls far below zero, its axis is linear down to -100 and logarithmic below, and says so. None
    where no denoiser has both values.
    """
    panels = {protocol: _means(view, protocol) for protocol in view.protocols}
    panels = {protocol: points for protocol, points in panels.items() if points}
    if not panels:
        return None
    with style():
        figure = new_figure(PANEL_WIDTH * len(panels), PANEL_HEIGHT)
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        write_title(figure, over_datasets(view))
        note(figure, view, [point for points in panels.values() for point in points])
        for ax, (protocol, points) in zip(axes, panels.items(), strict=True):
            ax.set_title(protocol, loc="left", fontweight="bold")
            draw_points(ax, points, PLANES[0].axis)
        write_labels(figure, [(ax, p, []) for ax, p in zip(axes, panels.values(), strict=True)])
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
            points.append(point_of(name, of_swd.mean, value, symbol, whole))
    return points
