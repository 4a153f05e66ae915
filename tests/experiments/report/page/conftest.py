"""One page, one browser and one reader at a time for all tests of the page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.analysis.view import views
from experiments.report.page.results import result_rows
from tests.experiments.report.page.reader import Reader
from tests.experiments.report.page.samples import long_table, write
from tests.support.browser import chromium


@pytest.fixture(scope="session")
def long() -> pd.DataFrame:
    return long_table()


@pytest.fixture(scope="session")
def rows(long: pd.DataFrame) -> pd.DataFrame:
    return result_rows(views(long))


@pytest.fixture(scope="session")
def page(long: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(long, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def html(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
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
