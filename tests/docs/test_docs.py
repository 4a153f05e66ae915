"""The documentation builds without a warning, its tutorials run, and it knows all that there is."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import denograd
from denograd import networks, rules
from tests.support.surroundings import outside_of_make

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_hold_all_that_there_is(tmp_path: Path) -> None:
    """One test, so that one worker builds them once."""
    pages = build(tmp_path)
    tutorials = {path.stem for path in (DOCS / "tutorials").glob("*.py")}
    assert tutorials
    assert {path.stem for path in pages.glob("_downloads/*/*.ipynb")} == tutorials
    for name in tutorials:
        assert "sphx-glr-timing" in (pages / f"auto_tutorials/{name}.html").read_text()
    for name in denograd.__all__:
        page = pages / f"reference/generated/denograd.{name}.html"
        assert f'id="denograd.{name}"' in page.read_text()
    groups = ("dataset", "noise", "denoiser", "regressor", "profile", "experiment")
    files = {path.stem for group in groups for path in (ROOT / "conf" / group).glob("*.yaml")}
    assert titles(pages / "reference/config.html") == files
    found_by_name = {*networks.available(), *rules.rules()}
    assert titles(pages / "reference/found_by_name.html") == found_by_name


def build(folder: Path) -> Path:
    """Build from a copy, since Sphinx writes beside what it reads."""
    for path in ROOT.iterdir():
        if path != DOCS:
            (folder / path.name).symlink_to(path)
    written = shutil.ignore_patterns("_build", "auto_tutorials", "generated", "__pycache__")
    shutil.copytree(DOCS, folder / "docs", ignore=written)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "html"],
        cwd=folder, env=outside_of_make() | {"OMP_NUM_THREADS": "1", "DENOGRAD_DATA": ""},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def titles(page: Path) -> set[str]:
    """The titles of the third level."""
    return set(re.findall(r"<h3>([\w.-]+)<", page.read_text()))


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("b.html#here", None),
        ("#top", None),
        ("https://example.org/nothing", None),
        ("mailto:someone@example.org", None),
        ("c.html", "a.html: nothing at c.html"),
        ("b.html#there", "a.html: nothing at b.html#there"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str, said: str | None) -> None:
    (tmp_path / "a.html").write_text(f'<p id="top"><a href="{link}">x</a></p>')
    (tmp_path / "b.html").write_text('<p id="here">x</p>')
    broken = runpy.run_path(os.fspath(DOCS / "_ext" / "local_links.py"))["broken"]
    assert broken(tmp_path) == ([said] if said else [])
