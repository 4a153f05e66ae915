"""Pictures of a refinement: what is in them, and that every odd table can be drawn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from denograd.cleaning import plots, series_plot
from denograd.cleaning.plots import before_after, save


def frames(n_rows: int, n_features: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A target `y` and columns `c0`, `c1`, ...; the later a column, the further it moves."""
    rng = np.random.default_rng(seed)
    names = ["y", *(f"c{i}" for i in range(n_features))]
    before = pd.DataFrame(rng.normal(size=(n_rows, len(names))), columns=names)
    moves = rng.uniform(0.5, 1.0, size=before.shape) * np.arange(1, len(names) + 1) * 0.05
    return before, before + moves


def texts(figure: Figure) -> str:
    """All that is written on a figure, outside of tick labels."""
    found = [figure.get_suptitle()]
    for ax in figure.axes:
        found += [ax.get_title(loc) for loc in ("left", "center", "right")]
        found += [ax.get_xlabel(), ax.get_ylabel()]
        legend = ax.get_legend()
        found += [] if legend is None else [text.get_text() for text in legend.get_texts()]
    return "\n".join(found)


class TestTable:
    def test_shows_the_columns_that_moved_most_and_how_far_all_did(self) -> None:
        before, after = frames(40, 5)
        figure = before_after(before, after)
        *scatters, bars = figure.axes
        assert [ax.get_xlabel() for ax in scatters] == ["c4", "c3", "c2"]
        assert {ax.get_ylabel() for ax in scatters} == {"y"}
        labels = [label.get_text() for label in bars.get_yticklabels()]
        assert labels == ["c4", "c3", "c2", "c1", "c0", "y (target)"]
        lengths = [bar.get_width() for bar in bars.patches]
        expected = ((after - before).abs().mean() / before.std(ddof=0))[::-1]
        assert lengths == pytest.approx(expected.tolist())
        assert "standard deviations" in bars.get_xlabel()
        assert "before\nafter" in texts(figure)

    def test_joins_a_row_with_itself(self) -> None:
        before, after = frames(30, 1)
        after.iloc[10:] = before.iloc[10:]
        ax = before_after(before, after).axes[0]
        grey, blue = (c for c in ax.collections if not isinstance(c, LineCollection))
        (lines,) = (c for c in ax.collections if isinstance(c, LineCollection))
        np.testing.assert_allclose(grey.get_offsets(), before[["c0", "y"]])
        np.testing.assert_allclose(blue.get_offsets(), after[["c0", "y"]][:10])
        paths = [segment.tolist() for segment in lines.get_segments()]
        ends = np.stack([before[["c0", "y"]][:10], after[["c0", "y"]][:10]], axis=1)
        np.testing.assert_allclose(paths, ends)

    def test_a_long_table_is_sampled_and_says_so(self) -> None:
        n_rows = 3 * plots.MAX_POINTS
        figure = before_after(*frames(n_rows, 2))
        assert f"{plots.MAX_POINTS:,} of {n_rows:,} rows" in texts(figure)

    def test_many_columns(self) -> None:
        figure = before_after(*frames(20, 40))
        assert len(figure.axes[-1].patches) == plots.MAX_BARS
        assert f"{plots.MAX_BARS} of 41 columns" in texts(figure)

    def test_a_few_far_values_do_not_squeeze_the_others(self) -> None:
        before, after = frames(400, 1)
        for frame in (before, after):
            frame["y"] = frame["c0"] = np.linspace(0, 1, 400)
        before.loc[7, "c0"] = after.loc[7, "c0"] = 1e4
        figure = before_after(before, after)
        assert figure.axes[0].get_xlim()[1] < 10
        assert "1 row outside" in texts(figure)

    def test_ticks_have_no_offset_and_no_common_factor(self, tmp_path: Path) -> None:
        before, after = frames(30, 1)
        before["y"], after["y"] = before["y"] * 1e6, after["y"] * 1e6
        before["c0"], after["c0"] = before["c0"] / 100 + 1015, after["c0"] / 100 + 1015
        figure = before_after(before, after)
        save(figure, tmp_path / "x.png")
        ax = figure.axes[0]
        assert ax.yaxis.get_offset_text().get_text() == ax.xaxis.get_offset_text().get_text() == ""
        assert "1M" in [label.get_text() for label in ax.get_yticklabels()]
        assert any(label.get_text().startswith("101") for label in ax.get_xticklabels())


class TestSeries:
    def test_shows_the_target_and_the_columns_that_moved(self) -> None:
        before, after = frames(50, 3)
        after["c2"] = before["c2"] + 1e-6
        figure = before_after(before, after, series=True)
        assert [ax.get_ylabel() for ax in figure.axes[:6]] == ["y", "c1", "c0", *["change"] * 3]
        assert "1 column that moved less not shown" in texts(figure)
        grey, blue = figure.axes[0].lines
        np.testing.assert_array_equal(grey.get_ydata(), before["y"])
        np.testing.assert_array_equal(blue.get_ydata(), after["y"])
        np.testing.assert_array_equal(blue.get_xdata(), np.arange(1, 51))
        assert figure.axes[5].get_xlabel() == "row"
        mean = ((after["y"] - before["y"]).abs() / before["y"].std(ddof=0)).mean()
        assert f"mean change {mean:.2g} standard deviations" in texts(figure)

    def test_of_a_long_series_the_stretch_that_changed_most(self) -> None:
        n_rows = 3 * series_plot.MAX_STEPS
        before, _ = frames(n_rows, 0)
        after = before.copy()
        after.loc[500 : 500 + series_plot.MAX_STEPS - 1, "y"] += 1
        figure = before_after(before, after, series=True)
        x = figure.axes[0].lines[0].get_xdata()
        assert (x[0], x[-1]) == (501, 500 + series_plot.MAX_STEPS)
        assert f"rows 501 to {500 + series_plot.MAX_STEPS} of {n_rows:,}" in texts(figure)

    def test_times(self) -> None:
        times = pd.Series(pd.date_range("2020-01-01", periods=50), name="day")
        figure = before_after(*frames(50, 1), series=True, times=times)
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), times)
        assert figure.axes[3].get_xlabel() == "day"

    def test_the_largest_corrections_are_enlarged_and_found_again(self) -> None:
        before, _ = frames(100, 1)
        after = before.copy()
        after.loc[[20, 21, 60, 80], "y"] += [3.0, 2.0, 1.0, -2.0]
        after.loc[5, "c0"] += 2.5
        y, c0, change, _, *enlarged = before_after(before, after, series=True).axes
        places = [(5, "c0"), (20, "y"), (80, "y")]
        for count, (ax, (step, name)) in enumerate(zip(enlarged, places, strict=True), start=1):
            grey, blue, joined = ax.lines
            near = slice(max(step - series_plot.AROUND, 0), step + series_plot.AROUND + 1)
            np.testing.assert_array_equal(grey.get_ydata(), before[name][near])
            np.testing.assert_array_equal(blue.get_ydata(), after[name][near])
            assert list(joined.get_xdata()) == [step + 1, step + 1]
            assert list(joined.get_ydata()) == [before[name][step], after[name][step]]
            (mark,) = (m for m in (c0 if name == "c0" else y).texts if m.get_text() == f"{count}")
            assert mark.xy == (step + 1, before[name][step])
            assert ax.get_title("left").startswith(f"{name}: ")
        drawn = change.collections[0].get_paths()[0].vertices[:, 1]
        assert (drawn.min(), drawn.max()) == pytest.approx((-2, 3))


@pytest.mark.parametrize(("suffix", "series"), [(".png", True), (".pdf", True), (".svg", False)])
def test_the_same_picture_gives_the_same_bytes(tmp_path: Path, suffix: str, series: bool) -> None:
    for name in ("a", "b"):
        save(
            before_after(*frames(20, 0 if series else 1), series=series),
            tmp_path / f"{name}{suffix}",
        )
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.filterwarnings("error")
def test_odd_tables_can_be_drawn(tmp_path: Path, series: bool) -> None:
    before, after = frames(2, 2)
    before["c0"] = after["c0"] = 3.0
    names = {"y": "$\\alpha_{", "c0": "", "c1": "a name " * 20}
    figure = before_after(before.rename(columns=names), after.rename(columns=names), series)
    save(figure, tmp_path / "x.png")
    save(before_after(before, before, series), tmp_path / "y.png")
    assert r"\$" in figure.axes[0].get_ylabel()


def test_frames_have_to_agree() -> None:
    before, after = frames(5, 2)
    with pytest.raises(ValueError, match="the same rows and columns"):
        before_after(before, after[:4])
    with pytest.raises(ValueError, match="the same rows and columns"):
        before_after(before, after[["c0", "y", "c1"]])


def test_colours_differ_for_every_eye() -> None:
    """Grey and blue differ in lightness too; simulated for the lack of each kind of cone."""
    # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
    lacks = {
        "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
        "none": np.eye(3),
        "all": [[0.2126, 0.7152, 0.0722]] * 3,
    }

    def linear(colour: str) -> np.ndarray:
        return np.array([int(to_hex(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5)]) ** 2.2

    for matrix in lacks.values():
        seen = np.clip(
            np.array(matrix) @ np.stack([linear(plots.BEFORE), linear(plots.AFTER)]).T, 0, 1
        )
        assert np.abs(seen[:, 0] ** (1 / 2.2) - seen[:, 1] ** (1 / 2.2)).max() > 0.12


def test_matplotlib_is_imported_late_and_without_a_display() -> None:
    code = (
        "import sys, pandas as pd\n"
        "from denograd.cleaning.plots import before_after\n"
        "print('matplotlib' in sys.modules)\n"
        "frame = pd.DataFrame({'y': [1.0, 2.0], 'a': [3.0, 4.0]})\n"
        "before_after(frame, frame + 1)\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["False", "False"]
