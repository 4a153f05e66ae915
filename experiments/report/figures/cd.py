"""Average ranks and critical differences as a diagram in Demšar's form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.analysis.aggregate import Metric
from experiments.analysis.ranking import RANKED, ranking
from experiments.analysis.statistics import Ranking
from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    SOFT,
    Picture,
    context_of,
    draw_symbol,
    new_figure,
    style,
    write_title,
)
from experiments.report.symbols import Symbol, symbols

ORDER = 130

#: Metrics as file names say them.
_NAMES = {"imp": "imp", "swd": "swd", "rho": "rho", "recovery_X": "recovery"}


def pictures(views: Sequence[View]) -> Iterator[Picture]:
    """A figure per condition and ranked metric, and per domain where there are several."""
    for view in views:
        for metric in RANKED:
            for part in view.with_domains():
                if (figure := critical_difference_diagram(part, metric)) is not None:
                    stem = "_".join(filter(None, ("cd", _NAMES[metric.name], part.domain)))
                    title = f"critical differences of {metric.title}: {part}"
                    lead = not part.domain
                    context = context_of(part)
                    yield Picture(f"{stem}_{view.condition.slug}", title, figure, context, lead)


def critical_difference_diagram(view: View, metric: Metric) -> Figure | None:
    """Average ranks in Demšar's form: an axis per protocol, best on the right.

    Methods that a bar joins are not told apart by Nemenyi's test. None where no protocol has two
    methods with two complete datasets.
    """
    found = {protocol: ranking(view, metric, protocol) for protocol in view.protocols}
    testable = {
        protocol: ranks
        for protocol, ranks in found.items()
        if ranks is not None and ranks.critical_difference is not None
    }
    if not testable:
        return None
    heights = [_diagram_height(ranks) for ranks in testable.values()]
    with style():
        figure = new_figure(6.6, 0.35 + sum(heights))
        axes = figure.subplots(len(testable), 1, squeeze=False, height_ratios=heights)[:, 0]
        write_title(figure, f"Average ranks by {metric.title}: {view}")
        for ax, (protocol, ranks) in zip(axes, testable.items(), strict=True):
            _draw_ranks(ax, ranks, protocol, symbols(view))
    return figure


# Drawing constants, in inches.
LINE = 0.2
ABOVE_AXIS = 0.62
BAR_STEP = 0.1


def _lines_below(ranks: Ranking) -> int:
    return math.ceil(ranks.k / 2)


def _diagram_height(ranks: Ranking) -> float:
    return ABOVE_AXIS + BAR_STEP * (len(ranks.groups) + 1) + LINE * (_lines_below(ranks) + 0.7)


def _draw_ranks(ax: Axes, ranks: Ranking, protocol: str, drawn: Mapping[str, Symbol]) -> None:
    """Draw one diagram; y runs in inches from the axis of ranks, x in ranks."""
    k, cd = ranks.k, ranks.critical_difference
    assert cd is not None
    margin = 0.55 * (k - 1)
    ax.set_xlim(k + margin, 1 - margin)
    ax.set_ylim(ABOVE_AXIS - _diagram_height(ranks), ABOVE_AXIS)
    ax.axis("off")
    description = f"{protocol}: k = {k}, N = {ranks.n} {ranks.block}s, α = {ranks.alpha:g}"
    if ranks.left_out:
        description += f" ({len(ranks.left_out)} left out)"
    ax.text(0.0, 1.0, description, transform=ax.transAxes, va="top", fontweight="bold")

    def line(xs: tuple[float, ...], ys: tuple[float, ...], width: float = 0.8) -> None:
        ax.add_line(Line2D(xs, ys, color="black", linewidth=width, solid_capstyle="butt"))

    line((1, k), (0, 0), 1.0)
    for tick in range(1, k + 1):
        line((tick, tick), (0, 0.06))
        ax.text(tick, 0.09, str(tick), ha="center", va="bottom")
    # The critical difference, from the left end of the axis on.
    line((k, k - cd), (0.34, 0.34), 1.2)
    for end in (k, k - cd):
        line((end, end), (0.31, 0.37))
    ax.text(k + 0.02 * (k - 1), 0.34, f"CD = {cd:.2f}", ha="right", va="center")
    ax.text(1, 0.34, "better →", ha="right", va="center", color=SOFT)

    first = BAR_STEP * (len(ranks.groups) + 1)
    half = k // 2
    for place, (name, rank) in enumerate(zip(ranks.methods, ranks.mean_ranks, strict=True)):
        best = place < k - half
        row = place if best else k - 1 - place
        y = -(first + LINE * row)
        end = 1 - 0.05 * (k - 1) if best else k + 0.05 * (k - 1)
        line((rank, rank, end), (0, y, y))
        draw_symbol(ax, end, y, drawn[name])
        side = "left" if best else "right"
        pad = -0.03 * (k - 1) if best else 0.03 * (k - 1)
        text = f"{name} ({rank:.2f})" if best else f"({rank:.2f}) {name}"
        ax.text(end + pad, y, text, ha=side, va="center")
    means = dict(zip(ranks.methods, ranks.mean_ranks, strict=True))
    for number, group in enumerate(ranks.groups, start=1):
        reach = 0.012 * (k - 1)
        y = -BAR_STEP * number + 0.02
        line((means[group[0]] - reach, means[group[-1]] + reach), (y, y), 2.6)
