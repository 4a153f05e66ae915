"""The page of a report: its content as data, and what a browser makes of it."""

import base64
import hashlib
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image as Screenshot

from experiments.analysis import aggregate
from experiments.analysis.view import View, views
from experiments.report.figures._drawing import Picture
from experiments.report.page import Contents, Group, Image, write_page
from experiments.report.page.results import FACETS, NOT_RUN, columnar, merged, result_rows
from experiments.report.symbols import symbol_of
from experiments.report.table import Column, Row, Section, Table, TableCell
from experiments.report.tables import _cells as tables
from experiments.report.tables.imp_by_regressor import imp_by_regressor
from tests.support.browser import REQUIRED, chromium, programs
from tests.support.long_tables import benchmark, make

HOSTILE = "</script><b onclick=alert(1)>&amp;'\"x"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>'
PLACE = ["noise", "level", "protocol", "dataset", "denoiser", "regressor"]


def long_table() -> pd.DataFrame:
    """Every kind of outcome: values, failures, skips, a missing seed, and a run left out."""
    whole = benchmark(levels=(0.0, 0.1), regressors=("ridge", "knn", "xgboost"))
    left_out = "denoiser == 'pca' and dataset == 'seasonal' and protocol == 'held_out' and "
    no_seed = "denoiser == 'kalman' and dataset == 'friedman' and protocol == 'published' and "
    gone = [
        *whole.query(left_out + "regressor == 'knn' and level == 0.1").index,
        *whole.query(no_seed + "regressor == 'ridge' and level == 0 and seed == 1").index,
    ]
    more = make(
        {"denoiser": "dae_sane", "status": "failed", "reason": "ValueError: boom <x>\nTraceback"},
        {"denoiser": "wtd_sane", "status": "skipped", "reason": "rows have no order"},
        {"noise": "impulses", "level": 0.2, "dataset": HOSTILE, "mse_after": 0.5},
        {"noise": "impulses", "level": 0.2, "denoiser": "denograd", "dataset": HOSTILE},
    )
    table = pd.concat([whole.drop(index=gone), more], ignore_index=True)
    table["experiments"] = np.where(table["noise"] == "impulses", "noises", "main+ranks")
    table["processor"] = "AMD EPYC"
    table["identity"] = [f"{i:016x}" for i in range(len(table))]
    return table


def claims() -> Table:
    """Two verdicts in words."""
    rows = tuple(
        Row(name, tuple(map(TableCell, ("98.4", "97.1", verdict, "because <it> is"))))
        for name, verdict in (("self-consistency", "reproduced"), ("ranks", "cannot be tested"))
    )
    columns = (
        *(Column("", "paper"), Column("published", "ours"), Column("published", "verdict")),
        Column("", "reason", True),
    )
    return Table(
        "claims", "claims", "claim", ("protocol", "quantity"), columns, (Section("", rows),)
    )


def write(long: pd.DataFrame, path: Path) -> Path:
    """A page with something in every part of it."""
    found = views(long)
    contents = Contents(
        groups=[
            Group("Imp% per dataset", [tables.metric_table(v, aggregate.IMP) for v in found]),
            Group("Imp% per regressor", [imp_by_regressor(v) for v in found]),
        ],
        images=[
            Image("a red <picture>", {"level": level, "dataset": "friedman"}, SVG, "main")
            for level in ("0", "0.1")
        ],
        claims=[claims()],
    )
    command = "python -m experiments report --experiment main"
    return write_page(found, path, contents, command=command, title="Main")


def parts(page: str) -> dict[str, Any]:
    """What lies in a page to be read when it is needed."""
    found = re.findall(r'<script type="text/plain" id="part-([^"]+)">([^<]+)</script>', page)
    return {name: json.loads(zlib.decompress(base64.b64decode(text))) for name, text in found}


def written(found: list[View], folder: Path, contents: Contents | None = None) -> str:
    return write_page(found, folder / "page.html", contents).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def long() -> pd.DataFrame:
    return long_table()


@pytest.fixture(scope="module")
def rows(long: pd.DataFrame) -> pd.DataFrame:
    return result_rows(views(long))


@pytest.fixture(scope="module")
def page(long: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(long, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def html(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# What the page holds.


def test_rows_are_means_over_seeds(long: pd.DataFrame, rows: pd.DataFrame) -> None:
    place = (
        "dataset == 'paraboloid' and denoiser == 'denograd' and protocol == 'held_out' and "
        "regressor == 'knn' and level == "
    )
    part = long.query(place + "0.1")
    row = rows.query(place + "'0.1'").squeeze()
    assert len(part) == 2
    logs = np.log(part["mse_after"] / part["mse_before"])
    assert row["imp"] == pytest.approx(100 * (1 - math.exp(logs.mean())))
    assert row["low"] < row["imp"] < row["high"]
    assert row["before"] == pytest.approx(part["mse_before"].iloc[0])
    assert row["imp"] == pytest.approx(100 * (1 - row["after"] / row["before"]))
    assert row["swd"] == pytest.approx(part["swd"].mean())
    assert row["rho"] == pytest.approx(0.99)
    assert row["recovery_x"] == pytest.approx(0.15)
    assert (row["seeds"], row["status"], row["kind"]) == (2, "ok", "method")
    assert row["experiment"] == ["main", "ranks"]


def test_what_is_missing_is_no_number(rows: pd.DataFrame) -> None:
    known = rows[rows["status"].isin(["failed", "skipped", "partial"])].sort_values("status")
    shown = known[["denoiser", "kind", "status", "seeds", "seeds_expected", "reason"]]
    assert shown.values.tolist() == [
        ["kalman", "method", "partial", 1, 2, ""],
        ["dae_sane", "variant", "failed", 0, 2, "ValueError: boom <x>"],
        ["wtd_sane", "variant", "skipped", 0, 2, "rows have no order"],
    ]
    left_out = rows[rows["status"] == NOT_RUN]
    assert ["held_out", "seasonal", "pca", "knn"] in left_out[PLACE[2:]].values.tolist()
    assert (left_out["seeds"] == 0).all()
    nothing = pd.concat([known[1:], left_out])
    assert nothing[["imp", "after"]].isna().all(axis=None)


def test_what_another_experiment_ran_is_not_missing() -> None:
    """Two experiments over different regressors leave no gap between them."""
    table = make(
        {"denoiser": "pca", "regressor": "ridge", "experiments": "one"},
        {"denoiser": "dae", "regressor": "knn", "experiments": "two"},
    )
    assert result_rows(views(table))["status"].tolist() == ["ok", "ok"]
    rows = result_rows(views(table.assign(experiments="one")))
    assert rows["status"].tolist().count(NOT_RUN) == 2
    assert rows["experiment"].tolist() == [["one"]] * 4


def test_what_experiments_share_is_there_once(tmp_path: Path) -> None:
    one = make({"identity": "a"}, {"identity": "b", "seed": 1}, experiments="one")
    two = make({"identity": "a"}, {"identity": "c", "regressor": "knn"}, experiments="two")
    (view,) = merged([*views(one), *views(two)])
    assert sorted(zip(view.rows["identity"], view.rows["experiments"], strict=True)) == [
        ("a", "one+two"),
        ("b", "one"),
        ("c", "two"),
    ]
    page = written([*views(one), *views(two)], tmp_path)
    assert "<dd>3 ok, 0 failed, 0 skipped</dd>" in page
    assert "<dd>one, two</dd>" in page


def test_equal_labels_of_different_work_stay_apart() -> None:
    one = make({"identity": "a", "mse_after": 0.5}, experiments="one")
    two = make({"identity": "b", "mse_after": 0.25}, experiments="two")
    rows = result_rows(merged([*views(one), *views(two)]))
    assert rows["experiment"].tolist() == [["one"], ["two"]]
    assert rows["imp"].tolist() == pytest.approx([50.0, 75.0])


def test_an_infinite_error_is_valid_json() -> None:
    table = make({"mse_before": 0.0, "mse_after": 1.0})
    columns = columnar(result_rows(views(table)))["columns"]
    assert columns["imp"] == ["-inf"]
    json.dumps(columns, allow_nan=False)


def test_the_same_input_gives_the_same_bytes(long: pd.DataFrame, html: str, tmp_path: Path) -> None:
    again = write(long.sample(frac=1, random_state=0), tmp_path / "page.html")
    assert again.read_text(encoding="utf-8") == html


def test_nothing_is_fetched_and_only_this_script_runs(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; img-src data:;")
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy.group(1)
    assert not re.search(r"https?://(?!www\.w3\.org)|\bon\w+=[\"']|style=\"", html)
    sources = re.findall(r'(?:src|href)="([^"]{5})', html)
    assert {source for source in sources if not source.startswith("#")} == {"data:"}


def test_texts_stay_texts(html: str) -> None:
    assert "<b " not in html
    assert "<x>" not in html
    assert "<it>" not in html
    assert html.count("</script>") == 1 + len(parts(html))


def test_a_page_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one view"):
        write_page([], tmp_path / "page.html")


def test_what_the_outputs_of_a_report_become() -> None:
    contents = Contents()
    for name in ("imp", "published", "by_regressor"):
        contents.add_tables(name, f"Title of {name}", [claims()], "main")
    contents.add_image(Picture("stem", "a figure", Figure(), {"level": "0"}), "main")
    assert contents.groups == [Group("Title of imp", [claims()], "main")]
    assert contents.claims == [claims()]
    (image,) = contents.images
    assert image.title == "a figure (main)"
    assert image.context == {"level": "0", "experiment": "main"}


def test_every_number_is_there_once(long: pd.DataFrame, html: str) -> None:
    """The parts hold what was given; a page of numbers alone needs few bytes for each."""
    found = parts(html)
    titles = [table["title"] for _, tables_ in found["tables"]["tables"] for table in tables_]
    assert len(titles) == len(set(titles)) == 6
    assert len(html) < 40 * len(long) + 120_000


def test_parts_without_content_are_left_out(tmp_path: Path) -> None:
    page = written(views(make({})), tmp_path)
    assert 'id="claims"' not in page
    assert "#figures" not in page
    assert "Nothing failed and nothing was skipped." in page


def test_a_missing_browser_fails_where_one_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        programs()
    monkeypatch.delenv(REQUIRED)
    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        programs()


# What a browser makes of it.


class Reader:
    """Someone who reads the page in a browser."""

    def __init__(self, driver: Any, page: Path) -> None:
        self.driver = driver
        self.address = page.as_uri()

    def open(self, hash_: str = "", width: int = 1400, height: int = 900) -> None:
        self.resize(width, height)
        # From elsewhere: a change of the hash alone would not load the page again.
        self.driver.get("about:blank")
        self.driver.get(self.address + hash_)
        wait_for(lambda: self.run("return 'ready' in document.documentElement.dataset"))

    def unfold(self, selector: str) -> None:
        """Open what is folded, and wait until it is drawn."""
        self.run(
            "document.querySelectorAll(arguments[0]).forEach((box) => (box.open = true))", selector
        )
        self.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0]))")

    def count(self, selector: str) -> int:
        """How many elements are not hidden, wherever they are folded in."""
        script = "return [...document.querySelectorAll(arguments[0])]"
        return int(self.run(f"{script}.filter((e) => !e.closest('[hidden]')).length", selector))

    def scheme(self, name: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": name}] if name else []
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def head(self, title: str) -> Any:
        heads = self.driver.find_elements("css selector", "#explorer thead th")
        (head,) = [head for head in heads if head.text.strip() == title]
        return head

    def sort(self, title: str) -> str:
        self.head(title).find_element("css selector", "button").click()
        return str(self.head(title).get_attribute("aria-sort"))

    def column(self, title: str) -> list[str]:
        """The cells of a column on every page, without their intervals."""
        script = """
            const [title] = arguments;
            const press = (page) => document.querySelector(`[data-page=${page}]`).click();
            const heads = [...document.querySelectorAll("#explorer thead th")];
            const column = heads.findIndex((head) => head.textContent === title);
            const cells = [];
            for (press("first"); ; press("next")) {
                for (const row of document.querySelectorAll("#explorer tbody tr")) {
                    const cell = row.cells[column].cloneNode(true);
                    cell.querySelector("small")?.remove();
                    cells.push(cell.textContent.trim());
                }
                if (document.querySelector("[data-page=next]").disabled) return cells;
            }
        """
        return list(self.run(script, title))

    def choose(self, facet: str, *values: str) -> None:
        for value in values:
            script = """
                const [facet, value] = arguments;
                const boxes = [...document.querySelectorAll(`[data-facet="${facet}"] input`)];
                boxes.find((box) => box.value === value).click();
            """
            self.run(script, facet, value)

    def shown(self) -> int:
        """How many rows of every result pass the filters; this draws them."""
        self.unfold("#results")
        return int(self.find("#shown").text.split(" of ")[0].replace(",", ""))

    def screenshot(self) -> Screenshot.Image:
        return Screenshot.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")

    def complaints(self) -> list[Any]:
        return list(self.driver.get_log("browser"))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def reader(driver: Any, page: Path) -> Iterator[Reader]:
    """A reader who has just opened the page; nothing that happens may trouble the console."""
    opened = Reader(driver, page)
    opened.scheme("")
    opened.open()
    yield opened
    assert opened.complaints() == []


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


def wait_for(condition: Any) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(None, timeout=20, poll_frequency=0.05).until(lambda _: condition())


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
    assert (
        abs(reader.run("return document.getElementById('figures').getBoundingClientRect().top"))
        < 900
    )


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


def test_texts_of_the_page_are_what_was_given(reader: Reader) -> None:
    assert reader.run("return document.querySelectorAll('b, x, it').length") == 0
    assert reader.run("return document.querySelectorAll('#figures img[src]').length") == 0
    reader.unfold("details:not(.facet):not(#filters)")
    assert HOSTILE in reader.find("#run").text
    image = reader.find("#figures img")
    wait_for(lambda: reader.run("return arguments[0].naturalWidth", image) == 30)
    assert image.get_attribute("alt") == "A red <picture>"
    assert reader.find("#badges .badge").text == "✓ reproduced"
    assert reader.find("#badges .ours").text == "97.1"
    unnamed = "return [...document.querySelectorAll('table')].filter((t) => !t.caption).length"
    assert reader.run(unnamed) == 0
    unscoped = "return document.querySelectorAll('th:not([scope])').length"
    assert reader.run(unscoped) == 0


def test_the_policy_forbids_every_request(reader: Reader) -> None:
    names = reader.run("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert [name for name in names if not name.startswith("data:")] == []
    script = """
        const done = arguments[0];
        addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        fetch("http://127.0.0.1:9/").catch(() => {});
    """
    assert reader.driver.execute_async_script(script) == "connect-src"
    assert reader.complaints() != []


def test_the_first_screen_is_the_outcome(reader: Reader) -> None:
    told = [item.text for item in reader.driver.find_elements("css selector", "#outcome strong")]
    assert told == [
        "The published score is won without skill.",
        "On rows that nobody touched no method helps on average.",
        "Where the calibrated step stands was not measured.",
    ]
    bottom = "return arguments[0].getBoundingClientRect().bottom"
    for selector in ("#outcome figure", "#outcome ol", "#main-table thead"):
        assert 0 < reader.run(bottom, reader.find(selector)) <= 900, selector
    folded = "return [...document.querySelectorAll('.part')].every((part) => !part.open)"
    assert reader.run(folded)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1400])
def test_what_it_looks_like(reader: Reader, width: int, scheme: str) -> None:
    reader.scheme(scheme)
    reader.open(width=width)
    picture = reader.screenshot()
    assert picture.size == (width, 900)
    # A blank one has one colour.
    assert len(picture.getcolors(width * 900)) > 50
    brightness = np.median(picture)
    assert brightness < 60 if scheme == "dark" else brightness > 200
    # The figure is drawn in the colours of the page.
    box = reader.run(
        "return document.querySelector('#outcome img').getBoundingClientRect().toJSON()"
    )
    corner = picture.getpixel((int(box["x"]) + 1, int(box["y"]) + 1))
    assert corner == picture.getpixel((1, 1))


CONTRAST = """
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => parts(colour).slice(0, 3).map((of) => of / 255)
        .map((of) => (of <= 0.04045 ? of / 12.92 : ((of + 0.055) / 1.055) ** 2.4))
        .reduce((sum, of, i) => sum + of * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if ((parts(colour)[3] ?? 1) > 0) return colour;
        }
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
        if (node.closest(":disabled")) continue;
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push([texts.currentNode.data, contrast]);
    }
    return faint;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(reader: Reader, scheme: str) -> None:
    reader.scheme(scheme)
    reader.unfold("details")
    assert reader.run(CONTRAST) == []


@pytest.mark.parametrize("width", [420, 1400])
def test_who_cannot_see_or_point_finds_everything(reader: Reader, width: int) -> None:
    reader.open(width=width)
    for selector in (
        "html[lang]",
        "title",
        "header",
        "main",
        "h1",
        "[role=search]",
        "meta[name=description]",
    ):
        assert len(reader.driver.find_elements("css selector", selector)) == 1, selector
    reader.unfold("details")
    unnamed = """
        const name = (e) => e.ariaLabel || e.labels?.[0]?.textContent || e.textContent || e.alt;
        const named = "input, button, summary, img, [role=region], [tabindex='0']";
        return [...document.querySelectorAll(named)]
            .filter((e) => e.checkVisibility() && !name(e).trim()).map((e) => e.outerHTML);
    """
    assert reader.run(unnamed) == []
    levels = (
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    )
    found = reader.run(levels)
    assert all(after - before <= 1 for before, after in pairwise(found))
    reader.open(width=width)
    reached = []
    focused = """
        const focused = document.activeElement;
        return [focused.className || focused.id, getComputedStyle(focused).outlineStyle];
    """
    for _ in range(12):
        reader.driver.switch_to.active_element.send_keys("\ue004")
        reached.append(reader.run(focused))
    assert reached[0] == ["skip", "solid"]
    assert ["search", "solid"] in reached
    assert all(outline == "solid" for _, outline in reached)
    summary = reader.find("#tables > summary")
    summary.send_keys("\ue007")
    assert reader.run("return document.getElementById('tables').open")


@pytest.mark.parametrize("width", [320, 420, 800, 1400])
def test_only_tables_scroll_sideways_and_names_stay_whole(reader: Reader, width: int) -> None:
    reader.open(width=width)
    reader.unfold("details")
    wide, window = reader.run("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == width
    broken = """
        return [...document.querySelectorAll(".name")]
            .filter((name) => name.checkVisibility() && name.scrollWidth > name.clientWidth + 1)
            .map((name) => name.textContent);
    """
    assert reader.run(broken) == []


def test_a_denoiser_has_its_symbol_wherever_it_is_named(reader: Reader) -> None:
    reader.unfold("#results")
    for name in ("denograd", "kalman", "shrink_target"):
        symbol = symbol_of(name, "control" if name == "shrink_target" else "method")
        script = """
            const places = "#main-table tbody th, #explorer td, #facets label";
            return [...document.querySelectorAll(places)]
                .filter((e) => e.textContent.trim().split(" ")[0] === arguments[0])
                .map((e) => e.querySelector("svg path").getAttribute("stroke"));
        """
        found = reader.run(script, name)
        assert len(found) > 2
        assert set(found) == {symbol.colour}
