"""Small tables, and the command run on them."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from denograd.cleaning.cli import main

ROOT = Path(__file__).parents[3]
PUBLISHED = ("--method", "published")
NOISE = ("--noise", "10%", "--quiet")
SHORT = (*PUBLISHED, "--epochs", "3", "--iterations", "5", "--device", "cpu", "--quiet")


def table(n_rows: int = 120) -> pd.DataFrame:
    """Labels, dates, row numbers, a constant and integers around three columns of numbers."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n_rows))
    return pd.DataFrame(
        {
            "number": np.arange(1, n_rows + 1),
            "a": a,
            "label": [f"row {i}" for i in range(n_rows)],
            "price": 3 * a - b + rng.normal(scale=0.3, size=n_rows),
            "day": pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "b": b,
            "rooms": rng.integers(1, 9, n_rows),
            "fixed": 7,
        }
    )


def series(n_rows: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    t = np.arange(n_rows)
    return pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "humidity": np.cos(t / 5) + rng.normal(scale=0.2, size=n_rows),
            "temperature": np.sin(t / 5) + rng.normal(scale=0.2, size=n_rows),
        }
    )


def cells(path: Path, separator: str = ",", encoding: str = "utf-8") -> dict[str, list[str]]:
    """The text of every cell, by column."""
    with path.open(newline="", encoding=encoding) as file:
        header, *rows = csv.reader(file, delimiter=separator)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def page_tables(page: str) -> list[list[list[str]]]:
    """The text of every cell of the tables of a page, row by row."""
    found = re.findall(r"<table.*?</table>", page, re.DOTALL)
    rows = ([*ElementTree.fromstring(table).iter("tr")] for table in found)
    return [[["".join(cell.itertext()) for cell in row] for row in table] for table in rows]


def clean(*arguments: object) -> int:
    return main(["clean", *map(str, arguments)])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said about a command that must end with status 2, one line and no new file."""
    before = sorted(Path().rglob("*"))
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"denograd: [^\n]+\n", err), err
    assert sorted(Path().rglob("*")) == before
    return err
