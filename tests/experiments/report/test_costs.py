"""Where the time went: what the table adds up, and what it leaves to others."""

import pytest

from experiments.analysis.view import views
from experiments.report.tables.costs import tables
from tests.support.long_tables import make

HOUR = 3600.0


def cells(long):
    (table,) = tables(views(long))
    rows = {row.label: row for section in table.sections for row in section.rows}
    return table, {
        label: {
            f"{column.group} {column.title}": cell.value
            for column, cell in zip(table.columns, row.cells, strict=True)
        }
        for label, row in rows.items()
    }


def test_hours_of_a_cell_count_once_and_older_records_apart():
    spent = {"cpu_seconds_fit": 2 * HOUR, "cpu_seconds_denoise": HOUR, "reused_seconds": 9 * HOUR}
    scored = {"cpu_seconds_regressor_fit": 4 * HOUR, "cpu_seconds_regressor_predict": HOUR}
    shared = {"cpu_seconds_regressor_reference": 8 * HOUR}
    older = {"seconds_fit": 7 * HOUR, "seconds_denoise": HOUR, "seconds_regressor_fit": HOUR}
    table, found = cells(
        make(
            {"regressor": "ridge"} | spent | scored | shared,
            {"regressor": "knn"} | spent | scored,
            {"dataset": "seasonal", "domain": "series", "seed": 1} | older,
        )
    )

    assert found["pca"] == {
        "tabular fit": 2,
        "tabular denoise": 1,
        "tabular predict": None,
        "tabular reference": None,
        "tabular total": 3,
        "tabular wall only": None,
        **dict.fromkeys(f"series {s}" for s in ("fit", "denoise", "predict", "reference", "total")),
        "series wall only": 8,
    }
    assert found["ridge"]["tabular total"] == 13
    assert found["knn"]["tabular total"] == 5
    assert found["all"]["tabular total"] == 21
    assert found["all"]["series wall only"] == 9
    assert [section.title for section in table.sections] == ["denoisers", "regressors", ""]
    assert [row.label for row in table.sections[1].rows] == ["ridge", "knn"]
    assert "by the clock" in table.markdown()


@pytest.mark.parametrize("column", ["cpu_seconds_fit", "seconds_fit"])
def test_without_older_records_there_is_no_word_of_them(column):
    long = make({}).drop(columns=["seconds_fit", "seconds_denoise"])

    assert tables(views(long)) == []
    told = cells(long.assign(**{column: HOUR}))[0].markdown()
    assert ("wall only" in told) == (column == "seconds_fit")
