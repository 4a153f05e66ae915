"""Who is on the Pareto front, in the table and in the figure."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.analysis import fronts
from experiments.report.figures.pareto import pareto_figure
from experiments.report.symbols import symbols as symbols_of
from experiments.report.table import Table
from experiments.report.tables.pareto import front_table
from tests.support.long_tables import benchmark, make, view_of

# MSE after / before, SWD, 1 - rho: b is beaten by a; c costs least by SWD, d by 1 - rho.
METHODS = {
    "a": (0.2, 0.5, 0.30),
    "b": (0.3, 0.6, 0.40),
    "c": (0.7, 0.1, 0.35),
    "d": (0.8, 0.2, 0.10),
    "a_sane": (0.1, 0.0, 0.0),
    "identity": (1.0, 0.0, 0.0),
    "constant": (0.0, 0.0, 0.0),
}


def long_table(datasets: tuple[str, ...] = ("x", "y"), **common: object) -> pd.DataFrame:
    return make(
        *(
            {
                "dataset": dataset,
                "denoiser": name,
                **({"kind": "control"} if name in ("identity", "constant") else {}),
                "mse_after": after,
                "swd": swd,
                "rho": 1 - loss,
            }
            for dataset in datasets
            for name, (after, swd, loss) in METHODS.items()
        ),
        **common,
    )


def fronts_of(long: pd.DataFrame) -> list[tuple[str, ...]]:
    found = fronts.field(view_of(long), "published")
    return [found.front(plane) for plane in fronts.PLANES]


def row(table: Table, label: str) -> list[str]:
    rows = {row.label: row for section in table.sections for row in section.rows}
    return [cell.text for cell in rows[label].cells]


def test_the_front_holds_what_no_other_beats_in_both() -> None:
    values = {"a": (80.0, 0.5), "b": (70.0, 0.6), "c": (30.0, 0.1), "twin": (30.0, 0.1)}
    assert fronts.front(values) == ("a", "c", "twin")
    # As good in one and better in the other is enough.
    assert fronts.front({"a": (80.0, 0.5), "b": (80.0, 0.6), "c": (70.0, 0.5)}) == ("a",)
    assert fronts.front({}) == ()


def test_sane_variants_and_controls_are_never_on_it_and_take_nobody_off_it() -> None:
    assert fronts_of(long_table()) == [("a", "c"), ("a", "d")]


def test_values_are_means_over_datasets_with_every_run() -> None:
    long = long_table(("x", "y", "z"))
    lost = (long["dataset"] == "z") & (long["denoiser"] == "d")
    long.loc[lost, ["status", "reason"]] = ["failed", "boom"]
    long.loc[(long["dataset"] == "z") & (long["denoiser"] == "b"), "mse_after"] = 1e-6
    found = fronts.field(view_of(long), "published")
    assert (found.datasets, found.left_out) == (("x", "y"), ("z",))
    assert found.spots["b"].imp == pytest.approx(70.0)
    assert found.spots["b"].costs["1 − ρ̄"] == pytest.approx(0.4)
    assert fronts_of(long) == [("a", "c"), ("a", "d")]


def test_a_method_that_is_skipped_everywhere_leaves_the_others_their_datasets() -> None:
    long = long_table()
    long.loc[long["denoiser"] == "b", ["status", "reason"]] = ["skipped", "rows have no order"]
    found = fronts.field(view_of(long), "published")
    assert found.methods == ("a", "c", "d")
    assert found.left_out == ()


def test_the_table_names_who_is_on_which_front() -> None:
    table = front_table(view_of(long_table()).of_domain("tabular"))
    assert table is not None
    assert table.title == (
        "Pareto fronts of Imp% against SWD and 1 − ρ̄: "
        "tables only, gaussian noise of level 0.1, profile quick"
    )
    assert [column.title for column in table.columns] == [
        "Imp%",
        "SWD",
        "SWD: front",
        "1 − ρ̄",
        "1 − ρ̄: front",
    ]
    assert row(table, "c") == ["30.0", "0.100", "yes", "0.350", "no"]
    assert row(table, "a_sane") == ["90.0", "0.000", "–", "0.000", "–"]
    assert row(table, "constant") == ["100.0", "0.000", "–", "0.000", "–"]
    assert "published, Imp% against SWD: on the front: a, c." in table.notes
    assert "published, Imp% against 1 − ρ̄: on the front: a, d." in table.notes
    assert table.context["domain"] == "tabular"


def test_a_variant_without_a_place_is_no_row() -> None:
    lost = {"denoiser": "b_sane", "status": "skipped", "reason": "rows have no order"}
    long = pd.concat([long_table(), make(lost | {"dataset": "x"}, lost | {"dataset": "y"})])
    table = front_table(view_of(long))
    assert table is not None
    assert [row.label for row in table.sections[1].rows] == ["a_sane"]


def test_nothing_of_nothing() -> None:
    view = view_of(make({"status": "failed", "reason": "boom"}))
    assert front_table(view) is None
    assert pareto_figure(view) is None


def figure_of(long: pd.DataFrame) -> Figure:
    figure = pareto_figure(view_of(long))
    assert figure is not None
    return figure


def test_a_panel_per_protocol_and_plane_each_with_its_front() -> None:
    figure = figure_of(benchmark(datasets={"friedman": "tabular", "paraboloid": "tabular"}))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "published, 2 datasets: Imp% against SWD",
        "published, 2 datasets: Imp% against 1 − ρ̄",
        "held_out, 2 datasets: Imp% against SWD",
        "held_out, 2 datasets: Imp% against 1 − ρ̄",
    ]
    assert {ax.get_xlabel() for ax in figure.axes} == {plane.axis for plane in fronts.PLANES}
    drawn = [[line for line in ax.lines if line.get_label() == "front"] for ax in figure.axes]
    assert [len(lines) for lines in drawn] == [1] * 4


def test_the_front_is_a_staircase_through_its_methods() -> None:
    ax = figure_of(long_table()).axes[0]
    (line,) = [line for line in ax.lines if line.get_label() == "front"]
    corners = [tuple(corner) for corner in np.asarray(line.get_xydata()).tolist()]
    bottom, right = ax.get_ylim()[0], ax.get_xlim()[1]
    expected = [(0.1, bottom), (0.1, 30.0), (0.5, 30.0), (0.5, 80.0), (right, 80.0)]
    assert corners == [pytest.approx(corner) for corner in expected]


def test_methods_are_filled_sane_variants_half_filled_and_controls_hollow() -> None:
    symbols = symbols_of(view_of(long_table()))
    assert {name: symbol.fill for name, symbol in symbols.items()} == {
        **dict.fromkeys("abcd", "full"),
        "a_sane": "left",
        "constant": "none",
        "identity": "none",
    }
    assert (symbols["a_sane"].colour, symbols["a_sane"].marker) == (
        symbols["a"].colour,
        symbols["a"].marker,
    )
    note = figure_of(long_table()).get_supxlabel()
    assert "Half filled: their sane variants." in str(note)


def test_eight_methods_have_eight_symbols() -> None:
    long = make(*({"denoiser": f"method_{number}"} for number in range(8)))
    symbols = symbols_of(view_of(long)).values()
    assert len({(symbol.colour, symbol.marker) for symbol in symbols}) == 8
