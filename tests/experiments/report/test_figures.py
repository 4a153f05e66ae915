"""What the figures show, read back from the figures."""

import math
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from experiments.analysis import aggregate
from experiments.report.figures import _drawing as drawing
from experiments.report.figures._placing import MARKER_RADIUS
from experiments.report.figures.cd import critical_difference_diagram
from experiments.report.figures.imp_vs_swd import imp_against_swd
from experiments.report.figures.outcome import outcome_figure
from experiments.report.symbols import OF_CONTROLS, OF_METHODS, symbol_of
from tests.support.long_tables import METHODS, benchmark, make, view_of


def drawn(long: pd.DataFrame) -> Figure:
    figure = imp_against_swd(view_of(long))
    assert figure is not None
    return figure


def labels(figure: Figure, panel: int) -> list[Annotation]:
    return [text for text in figure.axes[panel].texts if isinstance(text, Annotation)]


def boxes(figure: Figure, panel: int) -> dict[str, Bbox]:
    assert isinstance(figure.canvas, FigureCanvasAgg)
    renderer = figure.canvas.get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in labels(figure, panel)}


def test_a_panel_per_protocol_and_a_point_per_denoiser() -> None:
    figure = drawn(benchmark())
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["published", "held_out"]
    names = {name for name, _ in METHODS}
    for panel in (0, 1):
        assert {text.get_text() for text in labels(figure, panel)} == names


def test_points_are_the_means_over_datasets() -> None:
    long = make(
        {"dataset": "a", "mse_after": 0.5, "swd": 0.1},
        {"dataset": "b", "mse_after": 0.125, "swd": 0.3},
    )
    figure = drawn(long)
    (label,) = labels(figure, 0)
    assert label.xy == pytest.approx((0.2, 75.0))


def test_controls_are_hollow() -> None:
    figure = drawn(benchmark())
    faces = [
        line.get_markerfacecolor()
        for line in figure.axes[0].lines
        if line.get_marker() not in ("None", None, "")
    ]
    methods = [name for name, kind in METHODS if kind == "method"]
    assert faces.count("none") == len(METHODS) - len(methods)
    filled = [face for face in faces if face != "none"]
    assert len(set(filled)) == len(methods)
    assert set(filled) == {symbol_of(name, "method").colour for name in methods}


def test_axes_have_units() -> None:
    figure = drawn(benchmark())
    assert {ax.get_xlabel() for ax in figure.axes} == {
        "SWD between noisy and refined X (standard deviations)"
    }
    assert figure.axes[0].get_ylabel() == "Imp% (per cent)"


def test_a_steep_axis_is_logarithmic_and_says_so() -> None:
    figure = drawn(benchmark())
    published, held_out = figure.axes
    assert published.get_yscale() == "linear"
    assert held_out.get_yscale() == "symlog"
    assert held_out.get_ylabel() == "Imp% (per cent; logarithmic below −100)"


@pytest.mark.parametrize("mse_before", [0.0, 1e-30])
def test_an_unbounded_value_is_drawn_on_the_edge(mse_before: float) -> None:
    long = make({"denoiser": "a", "mse_before": mse_before}, {"denoiser": "b", "mse_after": 0.5})
    figure = drawn(long)
    (ax,) = figure.axes
    texts = {text.get_text(): text.xy for text in labels(figure, 0)}
    (edge,) = [text for text in texts if text.startswith("a (")]
    assert edge == ("a (−∞)" if mse_before == 0 else "a (−1e32)")
    assert texts[edge][1] == drawing.LOWEST
    assert ax.get_ylim()[0] <= drawing.LOWEST


def test_labels_cover_neither_each_other_nor_the_edge() -> None:
    figure = drawn(benchmark())
    for panel, ax in enumerate(figure.axes):
        found = boxes(figure, panel)
        inside = ax.get_window_extent()
        for (first, a), (second, b) in combinations(found.items(), 2):
            assert not a.shrunk(0.98, 0.98).overlaps(b.shrunk(0.98, 0.98)), (first, second)
        for name, box in found.items():
            assert box.x0 >= inside.x0 - 1, name
            assert box.x1 <= inside.x1 + 1, name


def test_no_label_is_on_a_marker_however_crowded() -> None:
    long = make(
        *(
            {"denoiser": f"a_long_name_{i}", "mse_after": 0.5 + 0.02 * (i % 4), "swd": 0.01 * i}
            for i in range(12)
        )
    )
    figure = drawn(long)
    (ax,) = figure.axes
    radius = MARKER_RADIUS * figure.dpi / 72
    for name, box in boxes(figure, 0).items():
        for label in labels(figure, 0):
            x, y = ax.transData.transform(label.xy)
            marker = Bbox([(x - radius, y - radius), (x + radius, y + radius)])
            assert not box.overlaps(marker), (name, label.get_text())


def test_one_cost_far_from_all_others_does_not_squeeze_them() -> None:
    costs = {"a": 0.1, "b": 0.4, "c": 0.8, "far": 29.0}
    figure = drawn(make(*({"denoiser": name, "swd": cost} for name, cost in costs.items())))
    (ax,) = figure.axes
    assert ax.get_xlabel().endswith("\nlogarithmic above 1")
    to_axes = ax.transData + ax.transAxes.inverted()
    at = [to_axes.transform((cost, 0))[0] for cost in costs.values()]
    assert at[2] - at[0] > 0.5
    assert at[2] < at[3] < 1


def test_a_method_looks_the_same_in_every_figure() -> None:
    """Whoever else is there; and no two of them look alike."""
    colours, markers = zip(*OF_METHODS.values(), strict=True)
    assert len(set(colours)) == len(set(markers)) == len(OF_METHODS)
    assert len(set(OF_CONTROLS.values())) == len(OF_CONTROLS)
    few = benchmark().query("denoiser in ['kalman', 'pca']")
    kalman = symbol_of("kalman", "method")
    for figure in (
        drawn(benchmark()),
        drawn(few),
        outcome_figure(view_of(few)),
        critical_difference_diagram(view_of(few), aggregate.IMP),
    ):
        assert figure is not None
        lines = [line for ax in figure.axes for line in ax.lines]
        markers = {(line.get_markeredgecolor(), line.get_marker()) for line in lines}
        assert (kalman.colour, kalman.marker) in markers


def test_many_points_in_one_place_keep_readable_labels() -> None:
    long = make(
        *({"denoiser": f"method_{i}", "mse_after": 0.5, "swd": 0.1} for i in range(9)),
        {"denoiser": "other", "mse_after": 2.0, "swd": 0.5},
    )
    figure = drawn(long)
    found = list(boxes(figure, 0).values())
    assert len(found) == 10
    for a, b in combinations(found, 2):
        assert not a.shrunk(0.95, 0.9).overlaps(b.shrunk(0.95, 0.9))


def test_a_denoiser_with_missing_runs_is_marked() -> None:
    long = make(
        {"dataset": "a", "denoiser": "x", "mse_after": 0.5},
        {"dataset": "b", "denoiser": "x", "mse_after": 0.5},
        {"dataset": "a", "denoiser": "y", "mse_after": 0.5},
        {"dataset": "b", "denoiser": "y", "status": "failed", "reason": "boom"},
    )
    figure = drawn(long)
    assert {text.get_text() for text in labels(figure, 0)} == {"x", "y†"}
    assert "† some runs are missing." in str(figure.get_supxlabel())


def test_no_figure_of_nothing() -> None:
    view = view_of(make({"status": "failed", "reason": "boom"}))
    assert imp_against_swd(view) is None
    assert critical_difference_diagram(view, aggregate.IMP) is None


def test_the_diagram_shows_ranks_best_on_the_right() -> None:
    figure = critical_difference_diagram(view_of(benchmark()), aggregate.IMP)
    assert figure is not None
    published = figure.axes[0]
    left, right = published.get_xlim()
    assert left > right
    texts = [text.get_text() for text in published.texts]
    assert "published: k = 4, N = 3 datasets, α = 0.05" in texts
    assert "kalman (1.00)" in texts
    assert "(4.00) denograd" in texts
    assert "CD = 2.71" in texts
    assert "better →" in texts


def test_the_diagram_joins_what_is_not_told_apart() -> None:
    view = view_of(benchmark())
    figure = critical_difference_diagram(view, aggregate.IMP)
    assert figure is not None
    bars = [line for line in figure.axes[0].lines if line.get_linewidth() > 2]
    spans = sorted(tuple(round(x) for x in line.get_xdata()) for line in bars)  # type: ignore[union-attr]
    assert spans == [(1, 3), (2, 4)]


def test_drawing_leaves_the_settings_of_the_caller_alone() -> None:
    before = dict(mpl.rcParams)
    drawn(benchmark())
    assert dict(mpl.rcParams) == before


def test_no_display_is_needed(tmp_path: Path) -> None:
    program = (
        "from tests.support.long_tables import benchmark\n"
        "from experiments.analysis.view import views\n"
        "from experiments.report.figures._drawing import save\n"
        "from experiments.report.figures.imp_vs_swd import imp_against_swd\n"
        "figure = imp_against_swd(views(benchmark())[0])\n"
        f"save(figure, __import__('pathlib').Path({str(tmp_path / 'figure')!r}))\n"
        "import sys\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = Path(__file__).parents[3]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), "MPLBACKEND": "TkAgg"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, timeout=120)
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-math.inf, "−∞"), (-100.0, "−100"), (-12345.0, "−12,345"), (-3e32, "−3e32"), (0.0, "0")],
)
def test_plain_numbers(value: float, expected: str) -> None:
    assert drawing.plain(value) == expected
    assert not re.search("-", drawing.plain(value))
