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
from PIL import Image

from experiments.analysis import aggregate
from experiments.analysis.view import View, views
from experiments.report.figures import _drawing as drawing
from experiments.report.figures import _scatter as scatter
from experiments.report.figures.cd import critical_difference_diagram
from experiments.report.figures.imp_vs_swd import imp_against_swd
from tests.support.long_tables import METHODS, benchmark, make


def view_of(long: pd.DataFrame) -> View:
    (view,) = views(long)
    return view


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
    methods = [name for name, is_control in METHODS if not is_control]
    assert faces.count("none") == len(METHODS) - len(methods)
    filled = [face for face in faces if face != "none"]
    assert len(set(filled)) == len(methods)
    assert set(filled) <= set(drawing.COLOURS)


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
    assert texts[edge][1] == scatter.LOWEST
    assert ax.get_ylim()[0] <= scatter.LOWEST


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


def test_the_diagram_joins_what_is_not_told_apart() -> None:
    view = view_of(benchmark())
    figure = critical_difference_diagram(view, aggregate.IMP)
    assert figure is not None
    bars = [line for line in figure.axes[0].lines if line.get_linewidth() > 2]
    spans = sorted(tuple(round(x) for x in line.get_xdata()) for line in bars)  # type: ignore[union-attr]
    assert spans == [(1, 3), (2, 4)]


def test_files_are_the_same_each_time(tmp_path: Path) -> None:
    contents = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        paths = drawing.save(drawn(benchmark()), tmp_path / folder / "figure_0.1")
        assert [path.name for path in paths] == ["figure_0.1.png", "figure_0.1.pdf"]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert contents[0][1].startswith(b"%PDF")


def test_a_picture_has_few_colours_and_those_of_the_lines(tmp_path: Path) -> None:
    figure = drawing.new_figure(2, 1)
    figure.subplots().plot([1, 2], color=drawing.COLOURS[1], linewidth=9)
    with Image.open(drawing.save(figure, tmp_path / "figure")[0]) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (400, 200))
        seen = {colour for _, colour in picture.convert("RGB").getcolors()}
    assert seen >= {(255, 255, 255), (0xD5, 0x5E, 0x00)}


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
