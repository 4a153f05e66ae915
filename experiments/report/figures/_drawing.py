"""What every figure shares: style, symbols, numbers on axes, and the files; needs no display."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from PIL import Image

from experiments.analysis.aggregate import CONDITION
from experiments.analysis.view import View
from experiments.files import write_bytes
from experiments.report.symbols import Symbol
from experiments.words import sentence

#: Of the text and the lines beside what is shown.
SOFT, RULE, GRID = "#333333", "#999999", "#e6e6e6"

#: Dark and light text on coloured cells, which stay as they are at night.
ON_CELLS = "#111111", "#fafafa"
#: What is ink, paper or line in an SVG, which turn with the colour scheme of the reader.
TURNING = {
    "i": ("#1b1f24", "#e6e9ed", ("#000000", "#1a1a1a", SOFT)),
    "p": ("#ffffff", "#14171b", ("#ffffff",)),
    "g": (GRID, "#363d47", (GRID, "#eeeeee", "#bbbbbb")),
}

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}
TITLE_SIZE = STYLE["axes.labelsize"]
NOTE_SIZE = 7.5
DPI = 200
#: Imp% has no lower bound: where it falls below STEEP its axis is logarithmic below -LINEAR.
STEEP, LINEAR = -150.0, 100.0
# What lies below this Imp% is drawn on the edge, with its value in the label.
LOWEST = -1e6


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the benchmark, and leave the caller's settings as they were."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, with a canvas that needs no display."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, title: str, **how: Any) -> None:
    """Write the title of a whole figure, to the left."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE, **how)


def over_datasets(view: View) -> str:
    """The title of means over the datasets of a view."""
    return f"{sentence(str(view))}; mean over {counted(view.datasets, 'dataset')}"


def settle(figure: Figure) -> None:
    """Lay a figure out once for all: every other drawing would do so again, and not quite alike."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        # Not "none", which stands in for an engine: with one, all that is saved is drawn twice.
        figure.set_layout_engine(None)


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its files, its title, what it is of, and whether the index shows it.

    What it is of is told by `context_of`, for the filters of the page.
    """

    stem: str
    title: str
    figure: Figure
    context: Mapping[str, str]
    lead: bool = True


def context_of(*views: View) -> dict[str, str]:
    """What views hold: the values of every facet, one per line."""
    rows = pd.concat([view.rows for view in views])
    facets = (*CONDITION, "domain", "dataset", "protocol", "denoiser")
    found = {
        name: sorted({f"{value:g}" if name == "level" else str(value) for value in rows[name]})
        for name in facets
    }
    return {name: "\n".join(values) for name, values in found.items()}


def draw_symbol(ax: Axes, x: float, y: float, symbol: Symbol, **changes: Any) -> None:
    """A denoiser at its place: filled, half filled or hollow."""
    look: dict[str, Any] = {
        "marker": symbol.marker,
        "markersize": 8.5 if symbol.marker == "*" else 6.5,
        "fillstyle": symbol.fill,
        "markerfacecolor": "none" if symbol.fill == "none" else symbol.colour,
        "markerfacecoloralt": "white",
        "markeredgecolor": symbol.colour,
        "markeredgewidth": 1.1,
        "linestyle": "none",
        "clip_on": False,
        "zorder": 3,
    }
    ax.plot(x, y, **(look | changes))


def outlines(symbol: Symbol) -> list[str]:
    """The outline of a symbol and what of it is filled, as paths of an SVG around the origin."""
    parts = [MarkerStyle(symbol.marker), MarkerStyle(symbol.marker, fillstyle=symbol.fill)]
    return [
        "".join(
            "M" + "L".join(f"{x:.2f},{-y:.2f}" for x, y in np.asarray(polygon).tolist()) + "Z"
            for polygon in part.get_path().transformed(part.get_transform()).to_polygons()
        )
        for part in parts[: 1 if symbol.fill == "none" else 2]
    ]


def logarithmic_below(ax: Axes, lowest: float, which: Literal["x", "y"] = "y") -> None:
    """An axis of Imp% that is linear down to -LINEAR and logarithmic below, and says so."""
    axis, set_scale, set_limits = (
        (ax.xaxis, ax.set_xscale, ax.set_xlim)
        if which == "x"
        else (ax.yaxis, ax.set_yscale, ax.set_ylim)
    )
    decades = max(3, math.ceil(math.log10(-lowest) + 0.1))
    set_scale("symlog", linthresh=LINEAR, linscale=max(1.0, 0.7 * (decades - 2)))
    set_limits(-(10.0**decades), 1.35 * LINEAR)
    powers = [-(10.0**power) for power in range(2, decades + 1)]
    axis.set_major_locator(FixedLocator([*powers, -50.0, 0.0, 50.0, 100.0]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axis.get_label().set_text(f"Imp% (per cent; logarithmic below {plain(-LINEAR)})")


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF, to a path without suffix in a folder that exists.

    The two files carry no date, so that the same figure gives the same bytes.
    """
    png, pdf = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.pdf")
    printed = BytesIO()
    with style():
        settle(figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = limit_colours(np.asarray(canvas.buffer_rgba()))
        undated = {"CreationDate": None, "Producer": None, "Creator": None}
        figure.savefig(printed, format="pdf", metadata=undated)
    write_bytes(png, drawn)
    write_bytes(pdf, printed.getvalue())
    return [png, pdf]


def svg(figure: Figure) -> str:
    """A figure for a page: its texts are texts, its ink and paper follow the reader's colours.

    It is small, and the same figure gives the same text.
    """
    halos = {text: effects for text in figure.findobj(Text) if (effects := text.get_path_effects())}
    drawn = StringIO()
    with style(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "figure"}):
        settle(figure)
        # Outlines of letters would be most of the file.
        for text in halos:
            text.set_path_effects([])
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(drawn, format="svg", metadata=nothing)
        for text, effects in halos.items():
            text.set_path_effects(effects)
    found = drawn.getvalue()
    found = found[found.index("<svg") :]
    found = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|\n *", " ", found, flags=re.S)
    found = re.sub(r"<[^>]+>", lambda tag: re.sub(r"-?\d+\.\d{2,}", _short, tag[0]), found)
    found = re.sub(r" {2,}|(?<=>) | (?=<)", "", found)
    found = found.replace("'DejaVu Sans'", "'DejaVu Sans',sans-serif")
    rules = ["svg{fill:var(--i)}"]
    if halos:
        rules.append("text{paint-order:stroke;stroke:var(--p);stroke-width:2px}")
    for name, (_, _, colours) in TURNING.items():
        for colour in colours:
            found = found.replace(colour, f"var(--{name})")
    light, dark = (
        "".join(f"--{name}:{shades[which]};" for name, shades in TURNING.items())
        for which in (0, 1)
    )
    rules = [f":root{{{light}}}", f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}", *rules]
    return found.replace("</style>", f"{''.join(rules)}</style>", 1)


def _short(number: re.Match[str]) -> str:
    """A number of an SVG, in points, to the hundredth."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def limit_colours(pixels: np.ndarray) -> bytes:
    """A PNG of 256 colours: the same to the eye as all of a drawing's, a third of the bytes."""
    limited = BytesIO()
    drawing = Image.fromarray(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    drawing.save(limited, format="png", optimize=True)
    return limited.getvalue()


def plain(value: float) -> str:
    """A number as axes show it: without decimals, with a true minus sign."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    if abs(value) > 1e6:
        return f"{value:.0e}".replace("-", "−").replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}".replace("-", "−")


def counted(things: Sequence[str], name: str) -> str:
    """How many things of a name, for example "3 datasets"."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
