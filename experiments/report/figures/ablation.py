"""The figure of a study, in small multiples: quantities by datasets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from textwrap import fill
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from experiments.analysis import aggregate
from experiments.analysis.outcome import OURS
from experiments.analysis.studies.knobs import UNSET, knob, text_of
from experiments.analysis.studies.plan import Plan, lines_of, plan_of, scale_of
from experiments.analysis.studies.study import Panel, Setting, Study, study_of
from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    LINEAR,
    NOTE_SIZE,
    ON_CELLS,
    STEEP,
    TITLE_SIZE,
    Picture,
    context_of,
    new_figure,
    plain,
    style,
    write_title,
)
from experiments.report.symbols import MARKERS, symbol_of
from experiments.words import number

# Sizes in inches: a panel, one of a heat map, and a line of numbers or of words.
WIDTH, HEIGHT, HEAT_WIDTH = 1.95, 1.45, 2.35
CELL_HEIGHT, LINE_HEIGHT = 0.27, 0.21
TITLE_HEIGHT = 0.21
# The name of a dataset has to fit beside its lines.
LEAST_HEIGHT = 1.1
# What is above 100 % or far below -100 % would wash out the colours of all the rest.
STRONGEST_IMP = 100.0
# An axis of recovery, which is 1 at most, does not blow up what rounds to nothing.
LEAST_RECOVERY = 0.01
# Of a note below a figure.
LETTERS_PER_INCH = 16.0
# What a turned label takes of the width of a panel.
LABEL_SHARE = 0.08
PUBLISHED_COLOUR = "#777777"
TICK_SIZE, LABEL_SIZE = 7.0, 8.0
#: Orange for worse, purple for better: told apart with any colour vision, and in grey by the
#: numbers in the cells.
DIVERGING, RISING = "PuOr", "Greys"
#: Lines of settings, in shades.
SETTINGS = "viridis"

BARS = "mean over seeds and regressors. Bars: from the lowest to the highest seed."
NOTES = {
    "lines": f"Lines: {BARS}",
    "dots": f"Points: {BARS}",
    "heat": "Cells: mean over seeds and regressors; one scale per row, white at zero.",
}
#: What stands out in each kind of figure.
MARKED = {
    "lines": "Dashed: the {} value.",
    "dots": "Filled: the {} setting.",
    "heat": "Framed: the {} setting.",
}


@dataclass(frozen=True)
class Value:
    """A mean over seeds as it is shown, with the lowest and the highest seed."""

    mean: float
    low: float
    high: float


ORDER = 0
STANDARD = False


def pictures(views: Sequence[View]) -> Iterator[Picture]:
    """The figure of the study, if there is one."""
    study = study_of(views)
    if study is not None and (figure := ablation_figure(study)) is not None:
        yield Picture("ablation", study.title, figure, context_of(*views))


def ablation_figure(study: Study) -> Figure | None:
    """Draw a study in small multiples; None where nothing in it was measured."""
    if not study.panels:
        return None
    plan = plan_of(study)
    with style():
        figure = _dots_figure(study) if plan.kind == "dots" else _grid_figure(study, plan)
        # The legend stands in a line of its own below the title.
        title = f"{study.title}\n" if plan.hues else study.title
        write_title(figure, title, fontweight="bold")
        note = NOTES[plan.kind]
        if _is_marked(study, plan):
            note += f" {MARKED[plan.kind].format(study.word)}"
        if plan.kind != "heat" and _is_steep(study):
            note += f" Imp% is logarithmic below {plain(-LINEAR)}."
        note = fill(note, int(LETTERS_PER_INCH * figure.get_figwidth()))
        figure.supxlabel(note, x=0.01, ha="left", fontsize=NOTE_SIZE, color="#333333")
    return figure


def _is_marked(study: Study, plan: Plan) -> bool:
    """Whether any value or setting of the figure is the one to compare with."""
    keys = (plan.x,) if plan.kind == "lines" else study.keys
    domains = set(study.domains.values())
    return any(s.is_published(domain, keys) for s in study.settings for domain in domains)


def _is_steep(study: Study) -> bool:
    """Whether Imp% falls so low anywhere that its axis changes."""
    panels = [panel for panel in study.panels if panel.metric is aggregate.IMP]
    means = (np.mean(list(of.values())) for p in panels for of in study.blocks(p).values())
    return any(aggregate.IMP.shown(float(mean)) < STEEP for mean in means)


def _grid_figure(study: Study, plan: Plan) -> Figure:
    """Lines or heat maps: a row per quantity, a column per dataset."""
    panels, datasets = study.panels, study.datasets
    width, height = WIDTH, HEIGHT
    if plan.kind == "heat":
        width, height = HEAT_WIDTH, CELL_HEIGHT * len(study.values_of(plan.y)) + 0.45
    figure = new_figure(width * len(datasets) + 0.5, height * len(panels) + 0.9)
    axes = figure.subplots(len(panels), len(datasets), squeeze=False)
    for row, panel in enumerate(panels):
        for column, dataset in enumerate(datasets):
            ax = axes[row, column]
            if row == 0:
                ax.set_title(dataset, fontsize=TITLE_SIZE)
            if column == 0:
                ax.set_ylabel(_stacked(panel), fontsize=LABEL_SIZE)
            ax.tick_params(labelsize=TICK_SIZE)
            last = row == len(panels) - 1
            if not any(of == dataset for of, _ in study.blocks(panel)):
                _leave_empty(ax)
            elif plan.kind == "heat":
                _draw_heat(ax, study, plan, panel, dataset, last, column == 0)
            else:
                _draw_lines(ax, study, plan, panel, dataset, last)
    if plan.hues:
        handles, labels = _legend(axes)
        columns = min(6, len(labels))
        below = 1 - TITLE_HEIGHT / figure.get_figheight()
        figure.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(0.0, below),
            borderaxespad=0,
            ncols=columns,
            fontsize=LABEL_SIZE,
        )
    return figure


def _dots_figure(study: Study) -> Figure:
    """Words: a row per dataset, so that they stand beside the points; a column per quantity."""
    panels = study.panels
    known = {
        name: [s for s in study.settings if _measured(study, name, s)] for name in study.datasets
    }
    heights = [max(LEAST_HEIGHT, LINE_HEIGHT * (len(of) + 1)) for of in known.values()]
    figure = new_figure(WIDTH * len(panels) + 1.6, sum(heights) + 1.1)
    axes = figure.subplots(len(known), len(panels), squeeze=False, height_ratios=heights)
    for row, (dataset, settings) in enumerate(known.items()):
        for column, panel in enumerate(panels):
            ax = axes[row, column]
            ax.tick_params(labelsize=TICK_SIZE)
            if row == 0:
                ax.set_title(_stacked(panel), fontsize=LABEL_SIZE)
            if any(of == dataset for of, _ in study.blocks(panel)):
                _draw_dots(ax, study, panel, dataset, settings)
            else:
                _leave_empty(ax)
            ax.tick_params(axis="y", labelleft=column == 0, length=0)
        axes[row, 0].set_ylabel(dataset, fontsize=LABEL_SIZE)
    figure.align_ylabels(axes[:, 0])
    return figure


def _leave_empty(ax: Axes) -> None:
    """Say that there is nothing to measure, such as the recovery of a target without noise."""
    ax.text(0.5, 0.5, "nothing to measure", transform=ax.transAxes, ha="center", va="center")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _legend(axes: np.ndarray) -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def _stacked(panel: Panel) -> str:
    return panel.title.replace(", ", "\n")


def _value(study: Study, panel: Panel, dataset: str, setting: Setting) -> Value | None:
    of_seed = study.blocks(panel).get((dataset, setting.name))
    if not of_seed:
        return None
    values = np.array(list(of_seed.values()))
    shown = panel.metric.shown
    ends = sorted((shown(float(values.min())), shown(float(values.max()))))
    found = Value(shown(float(values.mean())), *ends)
    return found if np.isfinite([found.mean, found.low, found.high]).all() else None


def _draw_lines(ax: Axes, study: Study, plan: Plan, panel: Panel, dataset: str, last: bool) -> None:
    lines = [
        (label, [s for s in settings if _measured(study, dataset, s)])
        for label, settings in lines_of(study, plan)
    ]
    places = _places(sorted({s.values[plan.x] for _, settings in lines for s in settings}))
    lowest = 0.0
    for (label, settings), (colour, marker) in zip(lines, _hues(len(lines)), strict=True):
        found = [(s, v) for s in settings if (v := _value(study, panel, dataset, s)) is not None]
        if not found:
            continue
        x = [places[s.values[plan.x]] for s, _ in found]
        y = np.array([v.mean for _, v in found])
        errors = [y - [v.low for _, v in found], [v.high for _, v in found] - y]
        lowest = min([lowest, *y])
        ax.errorbar(
            x,
            y,
            yerr=np.clip(errors, 0, None),
            color=colour,
            marker=marker,
            markersize=3.2,
            linewidth=1.1,
            elinewidth=0.7,
            capsize=1.5,
            label=label,
        )
    _lay_out_x(ax, study, plan, places, last)
    published = knob(plan.x).published_on(study.domains[dataset])
    if published is not UNSET and published in places:
        ax.axvline(places[published], color=PUBLISHED_COLOUR, linewidth=0.9, dashes=(3, 2))
    ax.axhline(0, color="#bbbbbb", linewidth=0.7, zorder=0)
    _lay_out_values(ax, "y", panel, lowest)


def _hues(number: int) -> Sequence[tuple[Any, str]]:
    """Colour and marker of each line: DenoGrad's of one, and no method's of settings of it."""
    if number == 1:
        symbol = symbol_of(OURS, "method")
        return [(symbol.colour, symbol.marker)]
    shades = mpl.colormaps[SETTINGS](np.linspace(0.3, 0.7, number))
    return list(zip(shades, cycle(MARKERS), strict=False))


def _places(values: Sequence[float]) -> dict[float, float]:
    """Where each value stands on the axis."""
    if scale_of(values) == "ordinal":
        return {value: float(place) for place, value in enumerate(sorted(values))}
    return {value: float(value) for value in values}


def _lay_out_x(ax: Axes, study: Study, plan: Plan, places: dict[float, float], last: bool) -> None:
    scale = scale_of(list(places))
    if scale == "log":
        ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(sorted(places.values())))
    ax.xaxis.set_minor_locator(NullLocator())
    published = {knob(plan.x).published_on(domain) for domain in study.domains.values()}
    chosen = _apart(places.values(), scale, [places[v] for v in published if v in places])
    labels = {place: text_of(value) for value, place in places.items() if place in chosen}
    ax.xaxis.set_major_formatter(FuncFormatter(lambda place, _: labels.get(place, "")))
    ax.tick_params(axis="x", labelrotation=60 if len(places) > 4 else 0, labelbottom=last)
    ax.margins(x=0.06)
    if last:
        ax.set_xlabel(knob(plan.x).title, fontsize=LABEL_SIZE)


def _apart(places: Iterable[float], scale: str, first: Iterable[float]) -> list[float]:
    """Places far enough apart for a label at each; those that come first are among them."""
    at = {place: math.log(place) if scale == "log" else place for place in sorted(places)}
    least = LABEL_SHARE * (max(at.values()) - min(at.values()))
    chosen: list[float] = []
    for place in (*first, *at):
        if all(abs(at[place] - at[other]) >= least for other in chosen):
            chosen.append(place)
    return chosen


def _lay_out_values(ax: Axes, which: Literal["x", "y"], panel: Panel, lowest: float) -> None:
    """Numbers on the axis of a quantity; logarithmic far below zero."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    set_limits = ax.set_xlim if which == "x" else ax.set_ylim
    if panel.metric is aggregate.IMP and lowest < STEEP:
        set_scale = ax.set_xscale if which == "x" else ax.set_yscale
        set_scale("symlog", linthresh=LINEAR)
        set_limits(1.5 * lowest, 1.35 * LINEAR)
        decades = math.log10(-1.5 * lowest)
        between = (1, 2, 5) if decades < 3 and which == "y" else (1,)
        ticks = [
            -factor * 10.0**power for power in range(2, 1 + int(decades)) for factor in between
        ]
        axis.set_major_locator(FixedLocator([*ticks, 0.0, LINEAR]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
        return
    if panel.metric in (aggregate.RECOVERY_X, aggregate.RECOVERY_Y):
        low, high = axis.get_view_interval()
        lacking = max(LEAST_RECOVERY - (high - low), 0.0)
        set_limits(low - lacking / 2, high + lacking / 2)
    axis.set_major_locator(MaxNLocator(4))


def _draw_dots(
    ax: Axes, study: Study, panel: Panel, dataset: str, settings: Sequence[Setting]
) -> None:
    domain = study.domains[dataset]
    lowest = 0.0
    for place, setting in enumerate(settings):
        found = _value(study, panel, dataset, setting)
        if found is None:
            ax.text(0.5, place, "none", transform=ax.get_yaxis_transform(), va="center", fontsize=6)
            continue
        lowest = min(lowest, found.mean)
        symbol = symbol_of(setting.values.get("denoiser", OURS), "method")
        below, above = max(found.mean - found.low, 0.0), max(found.high - found.mean, 0.0)
        ax.errorbar(
            found.mean,
            place,
            xerr=[[below], [above]],
            color=symbol.colour,
            marker=symbol.marker,
            markersize=4.5,
            markerfacecolor=symbol.colour if setting.is_published(domain) else "white",
            elinewidth=0.8,
            capsize=2,
            linestyle="none",
        )
    ax.set_ylim(len(settings) - 0.5, -0.5)
    ax.set_yticks(range(len(settings)), [setting.label or "default" for setting in settings])
    ax.axvline(0, color="#bbbbbb", linewidth=0.7, zorder=0)
    ax.grid(axis="y", color="#eeeeee", linewidth=0.6)
    ax.set_axisbelow(True)
    _lay_out_values(ax, "x", panel, lowest)


def _measured(study: Study, dataset: str, setting: Setting) -> bool:
    """Whether a setting has any value on a dataset; one that was skipped has no place."""
    return any((dataset, setting.name) in study.blocks(panel) for panel in study.panels)


def _draw_heat(
    ax: Axes, study: Study, plan: Plan, panel: Panel, dataset: str, last: bool, first: bool
) -> None:
    columns, rows = study.values_of(plan.x), study.values_of(plan.y)
    cells = np.full((len(rows), len(columns)), np.nan)
    for setting in study.settings:
        found = _value(study, panel, dataset, setting)
        place = rows.index(setting.values[plan.y]), columns.index(setting.values[plan.x])
        if found is not None:
            cells[place] = found.mean
        if setting.is_published(study.domains[dataset]):
            corner = (place[1] - 0.5, place[0] - 0.5)
            ax.add_patch(
                Rectangle(corner, 1, 1, fill=False, edgecolor=ON_CELLS[0], linewidth=1.6, zorder=3)
            )
    norm, colours = _colours(study, panel)
    image = ax.imshow(cells, norm=norm, cmap=colours, aspect="auto", origin="lower")
    decimals = 0 if panel.metric is aggregate.IMP else 2
    for (row, column), value in np.ndenumerate(cells):
        if np.isnan(value):
            continue
        light = np.mean(image.cmap(image.norm(value))[:3]) > 0.5
        text = number(value, decimals).replace("-", "−")
        ax.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=6.5,
            color=ON_CELLS[0] if light else ON_CELLS[1],
        )
    ax.set_xticks(range(len(columns)), [text_of(value) for value in columns])
    ax.set_yticks(range(len(rows)), [text_of(value) for value in rows])
    ax.tick_params(length=0, labelbottom=last, labelleft=first)
    ax.spines[:].set_visible(False)
    if last:
        ax.set_xlabel(knob(plan.x).title, fontsize=LABEL_SIZE)
    if first:
        ax.set_ylabel(f"{_stacked(panel)}\n{knob(plan.y).title}", fontsize=LABEL_SIZE)


def _colours(study: Study, panel: Panel) -> tuple[Normalize, str]:
    """One scale for a row of panels: two-sided around zero, or from zero up."""
    shown = panel.metric.shown
    means = [shown(float(np.mean(list(of.values())))) for of in study.blocks(panel).values()]
    strongest = max((abs(mean) for mean in means if np.isfinite(mean)), default=1.0) or 1.0
    if panel.metric is aggregate.IMP:
        strongest = min(strongest, STRONGEST_IMP)
    if panel.metric is aggregate.SWD:
        return Normalize(0.0, strongest), RISING
    return TwoSlopeNorm(0.0, -strongest, strongest), DIVERGING
