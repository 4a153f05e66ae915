"""What the pictures of a refinement have in common; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

# Grey and the blue of Okabe and Ito: apart with any colour vision, and in print without colours.
BEFORE, AFTER = "#9A9A9A", "#0072B2"
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "denograd",
    "pdf.fonttype": 42,
}
DPI = 160
MAX_FEATURES = 3


def head(figure: Figure, title: str, ax: Axes) -> None:
    """Put title and legend above the panels."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    legend = ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        markerscale=2.5,
        borderpad=0.1,
        borderaxespad=0.1,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def remark(ax: Axes, text: str) -> None:
    """Put a small line above a panel."""
    ax.set_title(text, color="#555555", fontsize=7.5)


def few_ticks(most: int = 5) -> MaxNLocator:
    """Place at most so many steps on an axis."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most)


def plain_numbers(axis: Axis, largest: float) -> None:
    """Write ticks without a common factor or offset: 2M, not 2 and 1e6 somewhere else."""
    from matplotlib.ticker import EngFormatter, ScalarFormatter

    large = abs(largest) >= 1e4
    axis.set_major_formatter(EngFormatter(sep="") if large else ScalarFormatter(useOffset=False))


def concise_dates(ax: Axes) -> None:
    """Write dates on the horizontal axis, the year once."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def short_name(name: str) -> str:
    """Return a name of any length, in which dollar signs are not mathematics."""
    text = str(name) if len(str(name)) <= 28 else f"{str(name)[:27]}…"
    return text.replace("$", r"\$")


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in the style of these pictures, whatever matplotlib is set to."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of this size in inches that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
