"""What the page holds: its content as data."""

import base64
import hashlib
import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments.analysis.view import View, views
from experiments.report.figures._drawing import Picture
from experiments.report.page import Contents, Group, write_page
from experiments.report.page.results import NOT_RUN, columnar, merged, result_rows
from tests.experiments.report.page.samples import PLACE, claims, write
from tests.support.long_tables import make


def parts(page: str) -> dict[str, Any]:
    """What lies in a page to be read when it is needed."""
    found = re.findall(r'<script type="text/plain" id="part-([^"]+)">([^<]+)</script>', page)
    return {name: json.loads(zlib.decompress(base64.b64decode(text))) for name, text in found}


def written(found: list[View], folder: Path, contents: Contents | None = None) -> str:
    return write_page(found, folder / "page.html", contents).read_text(encoding="utf-8")


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
