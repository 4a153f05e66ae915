"""What every figure shares: style, palette, numbers on axes, and the files; needs no display."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from experiments.files import write_bytes

# Okabe and Ito's palette, told apart with any colour vision; yellow is too faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
CONTROL_COLOUR = "#555555"

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


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its files, its title, and whether the index of a report shows it."""

    stem: str
    title: str
    figure: Figure
    lead: bool = True


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF, to a path without suffix in a folder that exists.

    The two files carry no date, so that the same figure gives the same bytes.
    """
    png, pdf = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.pdf")
    drawn, printed = BytesIO(), BytesIO()
    with style():
        figure.savefig(drawn, format="png", dpi=DPI, metadata={"Software": None})
        undated = {"CreationDate": None, "Producer": None, "Creator": None}
        figure.savefig(printed, format="pdf", metadata=undated)
    write_bytes(png, limit_colours(drawn.getvalue()))
    write_bytes(pdf, printed.getvalue())
    return [png, pdf]


def limit_colours(png: bytes) -> bytes:
    """Give a drawing a palette of 256 colours: the same to the eye, a third of the bytes."""
    limited = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        drawing = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
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
