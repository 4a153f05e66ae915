"""The outcome in a picture: what the published score says of each denoiser, and untouched rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from experiments.analysis.outcome import HELD_OUT, PUBLISHED, mean_imp
from experiments.analysis.view import View
from experiments.report.figures._drawing import (
    GRID,
    LOWEST,
    NOTE_SIZE,
    RULE,
    SOFT,
    STEEP,
    Picture,
    context_of,
    draw_symbol,
    logarithmic_below,
    new_figure,
    over_datasets,
    style,
    write_title,
)
from experiments.report.symbols import symbols
from experiments.report.tables._cells import PARTIAL

ORDER = 105
WIDTH, LINE_HEIGHT, AROUND = 5.2, 0.2, 1.15
# Letters of a name that the width has room for, and the width of each beyond.
ROOM, LETTER = 20, 0.075
#: Beside what is drawn of the published score.
PALE = 0.45


def pictures(views: Sequence[View]) -> Iterator[Picture]:
    """A figure per condition under both protocols."""
    for view in views:
        if (figure := outcome_figure(view)) is not None:
            title = f"published score and untouched rows: {view.condition}"
            yield Picture(f"outcome_{view.condition.slug}", title, figure, context_of(view))


def outcome_figure(view: View) -> Figure | None:
    """Mean Imp% of every denoiser, under both protocols; None where none has both.

    The best by the published score come first, and a line leads from there to untouched rows.
    """
    published, held_out = (mean_imp(view, protocol) for protocol in (PUBLISHED, HELD_OUT))
    names = sorted(published.keys() & held_out.keys(), key=lambda name: (-published[name][0], name))
    if not names:
        return None
    drawn = symbols(view)
    lowest = min(max(held_out[name][0], LOWEST) for name in names)
    with style():
        beyond = max(0, max(map(len, names)) - ROOM)
        figure = new_figure(WIDTH + LETTER * beyond, AROUND + LINE_HEIGHT * len(names))
        ax = figure.subplots()
        write_title(figure, over_datasets(view))
        for place, name in enumerate(names):
            ends = [max(found[name][0], LOWEST) for found in (published, held_out)]
            colour = drawn[name].colour
            ax.plot(ends, [place, place], color=colour, linewidth=1.2, alpha=PALE, zorder=2)
            draw_symbol(ax, ends[0], place, drawn[name], alpha=PALE)
            draw_symbol(ax, ends[1], place, drawn[name])
        ax.set_yticks(
            range(len(names)),
            [
                name if published[name][1] and held_out[name][1] else f"{name}{PARTIAL}"
                for name in names
            ],
        )
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.grid(axis="y", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.axvline(0, color=RULE, linewidth=0.8, zorder=0)
        ax.set_xlabel("Imp% (per cent)")
        if lowest < STEEP:
            logarithmic_below(ax, lowest, "x")
        note = "Pale: the published score. Full: rows that nobody touched. Grey: controls."
        figure.supxlabel(note, x=0.01, ha="left", fontsize=NOTE_SIZE, color=SOFT)
    return figure
