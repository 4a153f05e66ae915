"""Putting the page together: one file, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from experiments.analysis.view import View
from experiments.files import write_text
from experiments.report.page import overview
from experiments.report.page.results import FACETS, SIGNS, columnar, merged, result_rows
from experiments.report.table import Column, Table, TableCell
from experiments.words import sentence, slug

#: Outputs of a report that have a place of their own on the page.
CLAIMS, EVERY_RESULT = "published", "by_regressor"
#: Verdicts on a claim, each with a sign, so that nothing hangs on its colour.
VERDICTS = {"reproduced": "✓", "partly": "◐", "not": "✗", "cannot be tested": "?"}
# What tables call a facet whose values stand at the heads of rows or columns.
FACETS_BY_NAME = {"method": "denoiser", "methods": "denoiser"} | {name: name for name in FACETS}


@dataclass(frozen=True)
class Group:
    """Tables of one kind below a heading.

    Attributes
    ----------
    title
        The heading.
    tables
        One per condition, or more.
    experiment
        The named experiment that they belong to, where the page is about several.
    """

    title: str
    tables: Sequence[Table]
    experiment: str = ""


@dataclass(frozen=True)
class Image:
    """A figure: the bytes of a PNG file and its title, also for those who cannot see it."""

    title: str
    png: bytes

    def __post_init__(self) -> None:
        if not self.png.startswith(b"\x89PNG"):
            raise ValueError(f"the image {self.title!r} is not a PNG file")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int.from_bytes(self.png[16:20], "big"), int.from_bytes(self.png[20:24], "big")


@dataclass
class Contents:
    """What a page shows beside what was run and every result.

    Attributes
    ----------
    groups
        The tables, by kind. A table of every single regressor is not needed: the page shows every
        result anyhow.
    images
        The figures.
    claims
        Published statements beside our figures; a cell that says "reproduced", "partly", "not" or
        "cannot be tested" becomes a badge.
    """

    groups: list[Group] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    claims: list[Table] = field(default_factory=list)

    def add_tables(
        self, output: str, title: str, tables: Sequence[Table], experiment: str = ""
    ) -> None:
        """Take over what an output of this name made, but for what the page shows anyhow."""
        if output == CLAIMS:
            self.claims += tables
        elif output != EVERY_RESULT:
            self.groups.append(Group(title, tables, experiment))

    def add_image(self, title: str, path: Path, experiment: str = "") -> None:
        """Take over a figure from its PNG file."""
        named = f"{title} ({experiment})" if experiment else title
        self.images.append(Image(named, path.read_bytes()))


def write_page(
    views: Sequence[View],
    path: Path,
    contents: Contents | None = None,
    *,
    command: str = "python -m experiments report",
    title: str = "Report",
) -> Path:
    """Write the page of a report.

    Parameters
    ----------
    views
        The conditions of a long table, at least one; or of the long tables of several experiments,
        each with its name in the column ``experiments``.
    path
        The file to write, for example ``results/quick/report.html``; its folder must exist.
    contents
        The tables, figures and claims.
    command
        The command that made the report.
    title
        What the page is called.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no views.
    """
    if not views:
        raise ValueError("a page needs at least one view; the long table has no rows")
    views = merged(views)
    results = result_rows(views)
    page = _TEMPLATES.get_template("page.html").render(
        title=title,
        command=command,
        contents=contents or Contents(),
        facts=overview.facts(views),
        runs=list(overview.runs(views, results)),
        outcomes=list(overview.outcomes(views)),
        coverage=[overview.coverage(view) for view in views],
        data=columnar(results),
        script=_asset("page.js"),
        style=_asset("page.css"),
    )
    write_text(path, page)
    return path


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Groups of columns that stand beside each other, with the number of their columns."""
    return [(name, len(list(of))) for name, of in groupby(columns, lambda column: column.group)]


def _is_words(cell: TableCell) -> bool:
    return cell.value is None and (cell.status == "ok" or cell.text in VERDICTS)


_TEMPLATES = Environment(
    loader=PackageLoader("experiments.report.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {"signs": SIGNS | VERDICTS, "verdicts": VERDICTS}
_TEMPLATES.tests["words"] = _is_words
_TEMPLATES.filters |= {
    "base64": _base64,
    "digest": _digest,
    "facet": lambda name: FACETS_BY_NAME.get(name, ""),
    "groups": _groups,
    "sentence": sentence,
    "slug": slug,
}
_TEMPLATES.policies["json.dumps_kwargs"] = {
    "allow_nan": False,
    "ensure_ascii": False,
    "separators": (",", ":"),
}
