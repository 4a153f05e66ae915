"""The table of regressors that decide themselves whether to train on a refined target."""

import pandas as pd
import pytest

from experiments.analysis.view import views
from experiments.report.outputs import chosen
from experiments.report.tables.refined_regressor import tables
from tests.support.long_tables import benchmark, gated, make

ERRORS = {
    # (dataset, level, seed): error of the plain regressor, and of the one inside the gate
    ("friedman", 0.0, 0): (1.0, 1.0),
    ("friedman", 0.1, 0): (0.5, 0.49),
    ("friedman", 0.1, 1): (0.5, 0.5125),
    ("seasonal", 0.1, 0): (2.0, 1.8),
}


def long() -> pd.DataFrame:
    common = {"denoiser": "identity", "kind": "control", "protocol": "held_out"}
    rows = [
        common
        | {"dataset": dataset, "level": level, "seed": seed, "regressor": regressor}
        | {"mse_before": error, "mse_after": error}
        | ({} if number == 0 else {"refines": "ridge"})
        for (dataset, level, seed), errors in ERRORS.items()
        for number, (regressor, error) in enumerate(
            zip(("ridge", "refined_ridge"), errors, strict=True)
        )
    ]
    failed = rows[-1] | {"seed": 7, "status": "failed"}
    elsewhere = rows[1] | {"protocol": "published", "mse_after": 9.0}
    return make(*rows, failed, elsewhere)


def test_gains_are_against_the_regressor_inside_in_the_same_cell() -> None:
    (table,) = tables(views(long()))
    cells = {
        (row.label, column.group, column.title): cell
        for section in table.sections
        for row in section.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
    }
    values = {key[1:]: cell.value for key, cell in cells.items() if key[0] == "ridge"}

    assert values["gaussian 0", "mean gain, %"] == 0
    assert values["gaussian 0.1", "mean gain, %"] == pytest.approx((2 - 2.5 + 10) / 3)
    assert values["all", "mean gain, %"] == pytest.approx(9.5 / 4)
    assert values["all", "% above ½"] == 50
    assert values["all", "% below −1"] == values["all", "% below −2"] == 25
    assert values["all", "cells"] == 4
    worst = cells["all", "all", "worst cell"]
    assert worst.text == "ridge on friedman, gaussian 0.1, seed 1: -2.50 %"


def test_cells_of_regressors_without_skill_are_told_apart() -> None:
    (table,) = tables(views(long().assign(mse_naive=1.0)))
    (everywhere,) = table.sections[-1].rows
    titles = ((column.group, column.title) for column in table.columns)
    named = dict(zip(titles, everywhere.cells, strict=True))

    assert named["all", "cells"].value == 2
    assert named["all", "mean gain, %"].value == pytest.approx((2 - 2.5) / 2)
    assert "Left out: 2 cells of regressors without skill" in table.notes[-1]
    assert table.notes[-1].endswith(
        "(ridge on friedman, seasonal). Their mean gain is 5.00 %, "
        "the worst ridge on friedman, gaussian 0, seed 0: 0.00 %."
    )

    (table,) = tables(views(long().assign(mse_naive=0.1)))
    assert "Left out: 4 cells" in table.notes[-1]
    assert not any(cell.value for cell in table.sections[-1].rows[0].cells)


def test_they_are_in_no_other_table() -> None:
    without, with_them = views(benchmark()), views(gated(benchmark()))

    for name, output in chosen().items():
        written = [[t.csv() for t in output.tables(found)] for found in (without, with_them)]
        assert (written[0] == written[1]) == (name != "refined_regressor"), name
    assert tables(without) == []
