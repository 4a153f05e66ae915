"""The page in a browser: sorting, filtering, and what is linked or downloaded of it."""

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.report.page.results import FACETS, NOT_RUN
from tests.experiments.report.page.reader import Reader, wait_for
from tests.experiments.report.page.samples import HOSTILE, PLACE


def numbers_and_words(cells: list[str]) -> tuple[list[float], list[str]]:
    """The cells up to the first word, and those from there on."""
    is_number = [bool(re.fullmatch(r"-?[\d.]+(e[-\d]+)?", cell)) for cell in cells]
    first = is_number.index(False) if False in is_number else len(cells)
    return [float(cell) for cell in cells[:first]], cells[first:]


def test_sorting(reader: Reader, rows: pd.DataFrame) -> None:
    reader.unfold("#results")
    there = sorted(rows["imp"].dropna())
    absent = len(rows) - len(there)
    assert absent >= 3
    assert reader.head("Imp%").get_attribute("aria-sort") == "none"
    original = reader.column("Imp%")
    for direction, expected in (("ascending", there), ("descending", there[::-1])):
        assert reader.sort("Imp%") == direction
        values, words = numbers_and_words(reader.column("Imp%"))
        assert values == pytest.approx(expected, abs=0.051)
        assert len(words) == absent
        assert set(words) == {"failed", "skipped", "not run"}
    assert reader.sort("Imp%") == "none"
    assert reader.column("Imp%") == original


def test_sorting_with_the_keyboard(reader: Reader) -> None:
    reader.unfold("#results")
    reader.head("Method").find_element("css selector", "button").send_keys("\ue007")
    assert reader.head("Method").get_attribute("aria-sort") == "ascending"
    methods = reader.column("Method")
    order = ["denograd", "kalman", "moving_average", "pca", "dae_sane", "wtd_sane"]
    order += ["constant", "identity", "predicted_target", "shrink_target"]
    assert list(dict.fromkeys(methods)) == order
    assert methods == sorted(methods, key=order.index)


def test_filtering_by_every_facet(reader: Reader, long: pd.DataFrame, rows: pd.DataFrame) -> None:
    recorded = long.assign(level=long["level"].map("{:g}".format)).drop_duplicates(PLACE)
    left_out = rows[rows["status"] == NOT_RUN]
    whole = pd.concat([recorded, left_out], ignore_index=True)
    assert reader.shown() == len(whole)
    expected = {
        ("experiment", "noises"): int((recorded["experiments"] == "noises").sum()),
        ("kind", "control"): int((recorded["kind"] == "control").sum()),
        ("status", "failed"): 1,
        ("status", NOT_RUN): len(left_out),
    }
    for facet, value in (
        ("dataset", "seasonal"),
        ("dataset", HOSTILE),
        ("domain", "series"),
        ("denoiser", "pca"),
        ("regressor", "knn"),
        ("protocol", "held_out"),
        ("noise", "impulses"),
        ("level", "0.1"),
    ):
        expected[facet, value] = int((whole[facet] == value).sum())
    for (facet, value), count in expected.items():
        assert 0 < count < len(whole)
        reader.choose(facet, value)
        assert reader.shown() == count, facet
        reader.choose(facet, value)
    assert reader.shown() == len(whole)


def test_filters_join_and_are_cleared(reader: Reader, long: pd.DataFrame) -> None:
    recorded = long.drop_duplicates(PLACE)
    whole = reader.shown()
    reader.choose("denoiser", "pca", "kalman")
    reader.choose("dataset", "friedman")
    chosen = recorded["denoiser"].isin(["pca", "kalman"]) & (recorded["dataset"] == "friedman")
    assert reader.shown() == int(chosen.sum())
    assert set(reader.column("Method")) == {"pca", "kalman"}
    assert "(2 in use)" in reader.find("#filters > summary").text
    reader.find("#clear").click()
    assert reader.shown() == whole


def test_any_text(reader: Reader) -> None:
    reader.find("#search").send_keys("BOOM dae")
    wait_for(lambda: reader.shown() == 1)
    assert "ValueError: boom <x>" in reader.find("#explorer tbody").text
    reader.find("#search").send_keys(" nothing like this")
    wait_for(lambda: reader.shown() == 0)
    assert reader.find("#explorer tbody").text == "No row fits the filters."
    assert not reader.find("#download").is_enabled()


def test_tables_and_figures_are_filtered_too(reader: Reader) -> None:
    boxes, figures = "#tables details.table", "#figures figure"
    whole = reader.count(boxes)
    reader.choose("level", "0.1")
    assert (reader.count(boxes), reader.count(figures)) == (whole // 3, 1)
    assert reader.find("#figures > summary .count").text == "1 of 2"
    reader.unfold("#tables details:not([hidden])")
    table = "#tables details.group:first-of-type details.table:not([hidden]) table"
    groups = reader.count(f"{table} thead .group")
    reader.choose("dataset", "friedman")
    assert reader.count(f"{table} thead .group") < groups
    heads = "return [...document.querySelectorAll(arguments[0])].map((head) => head.textContent)"
    assert reader.run(heads, f"{table} thead .group") == ["friedman"]
    reader.choose("protocol", "held_out")
    rows = reader.count(f"{table} tbody tr:not(.section)")
    assert reader.count(f"{table} tbody td") == rows > 4
    reader.choose("kind", "control")
    assert reader.count(f"{table} tbody tr:not(.section)") == 4
    assert reader.count(f"{table} tbody") == 1
    reader.find("#clear").click()
    assert (reader.count(boxes), reader.count(figures)) == (whole, 2)


@pytest.mark.parametrize(
    ("query", "rows", "columns"),
    [
        ("pca", ["pca"], 8),
        ("pca friedman", ["pca"], 2),
        ("FRIEDMAN held_out", None, 1),
        ("riedman", [], 0),
    ],
)
def test_any_text_filters_every_table(reader: Reader, query: str, rows: Any, columns: int) -> None:
    reader.find("#search").send_keys(query)
    wait_for(lambda: reader.find("#filter-count").text == "(1 in use)")
    script = """
        const [table] = document.querySelectorAll("#main-table table");
        if (!table) return [[], 0];
        const rows = [...table.querySelectorAll("tbody tr:not(.section)")];
        return [rows.map((row) => row.cells[0].textContent), rows[0].cells.length - 1];
    """
    found, shown = reader.run(script)
    assert rows is None or found == rows
    assert shown == columns


def test_tables_are_sorted_within_their_parts(reader: Reader) -> None:
    values = """
        const rows = [...document.querySelector("#main-table tbody").rows];
        return rows.map((row) => row.cells[1].firstChild.textContent);
    """
    before = reader.run(values)
    for direction in ("ascending", "descending"):
        reader.run("document.querySelector('#main-table thead tr + tr button').click()")
        head = reader.find(f"#main-table th[aria-sort={direction}]")
        # The keyboard goes on where it was.
        assert reader.run("return document.activeElement.parentElement === arguments[0]", head)
        numbers, words = numbers_and_words(reader.run(values))
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert words == []
    reader.run("document.activeElement.click()")
    assert reader.run(values) == before


def test_a_view_can_be_linked(reader: Reader) -> None:
    reader.unfold("#results")
    reader.choose("dataset", HOSTILE, "friedman")
    reader.choose("regressor", "ridge")
    reader.sort("Imp%")
    reader.sort("Imp%")
    shown, cells = reader.shown(), reader.column("Imp%")
    hash_ = "#" + reader.run("return location.href").partition("#")[2]
    assert "regressor=ridge" in hash_
    assert "sort=-imp" in hash_
    reader.open(hash_)
    assert reader.shown() == shown
    assert reader.head("Imp%").get_attribute("aria-sort") == "descending"
    assert reader.column("Imp%") == cells
    reader.open("#dataset=nowhere&sort=nothing&page=x")
    assert reader.shown() > shown
    reader.open("#figures")
    assert reader.run("return document.getElementById('figures').open")
    top = "return document.getElementById('figures').getBoundingClientRect().top"
    assert abs(reader.run(top)) < 900


def test_the_download_is_what_is_shown(reader: Reader, tmp_path: Path) -> None:
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    reader.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    reader.choose("dataset", HOSTILE)
    assert reader.shown() == 2
    reader.find("#download").click()
    path = tmp_path / "results.csv"
    wait_for(path.exists)
    written = pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))
    assert len(written) == reader.shown() == 2
    assert set(written["dataset"]) == {HOSTILE}
    assert {*FACETS, "imp", "low", "high", "seeds", "reason"} <= set(written)
    imp = written.set_index("denoiser")["imp"]
    assert imp["pca"] == pytest.approx(50.0)
    assert imp["denograd"] == pytest.approx(0.0)
