"""Recovery over datasets and levels, with ranks worked out by hand."""

import numpy as np
import pytest

from experiments.analysis.view import views
from experiments.report.outputs import outputs
from experiments.report.tables.calibrated import tables
from tests.support.long_tables import make

RECOVERED = {"kalman_known": (0.4, 0.6), "savgol": (0.1, 0.5), "identity": (0.0, 0.0)}


@pytest.fixture
def found():
    rows = [
        {
            "denoiser": name,
            "kind": "control" if name == "identity" else "variant",
            "told": "told the noise" if name == "kalman_known" else np.nan,
            "dataset": dataset,
            "domain": "series",
            "level": level,
            "recovery_y": recovered + (0.2 if name == "savgol" and dataset == "b" else 0.0),
            "recovery_X": np.nan,
            "removed_y": 0.5,
        }
        for name, of_level in RECOVERED.items()
        for dataset in "ab"
        for level, recovered in zip((0.1, 0.3), of_level, strict=True)
    ]
    skipped = {"denoiser": "ppca", "kind": "variant", "status": "skipped", "skip": "denoiser"}
    return tables(views(make(*rows, skipped | {"domain": "series", "dataset": "a"})))


def test_levels_stand_side_by_side_and_what_was_not_measured_has_no_table(found):
    (table,) = found
    assert table.name == "recovery_y"
    columns = [(c.group, c.title) for c in table.columns[:4]]
    assert columns == [("a", "0.1"), ("a", "0.3"), ("b", "0.1"), ("b", "0.3")]
    ranked, controls = table.sections
    assert [row.label for row in ranked.rows] == ["kalman_known (told the noise)", "savgol"]
    assert [row.label for row in controls.rows] == ["identity"]


def test_ranks_are_over_datasets_and_levels_with_and_without_those_told(found):
    ranks = {row.label: [c.text for c in row.cells[-2:]] for row in found[0].sections[0].rows}
    # The smoother loses at 0.3 on b alone.
    assert ranks == {"kalman_known (told the noise)": ["1.25", "–"], "savgol": ["1.75", "–"]}
    assert any("k = 2 methods, N = 4" in note for note in found[0].notes)
    assert any("none told: no dataset" in note for note in found[0].notes)


def test_what_older_records_did_not_measure_is_absent(found):
    kalman = found[0].sections[0].rows[0].cells
    assert [cell.text for cell in kalman[4:7]] == ["0.500", "0.500", "–"]


def test_other_reports_are_what_they_were():
    assert not outputs()["calibrated"].standard
