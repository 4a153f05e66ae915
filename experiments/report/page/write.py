"""Putting the page together: one file, the same bytes for the same input."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from experiments.analysis.view import View
from experiments.files import write_text
from experiments.report.page import overview
from experiments.report.page.html import details, escaped
from experiments.report.page.results import columnar, merged, result_rows
from experiments.report.table import Table, sentence
from experiments.words import slug

#: Outputs of a report that have a place of their own on the page.
CLAIMS, EVERY_RESULT = "published", "by_regressor"


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
        If there are no views, or an image is not a PNG file.
    """
    page = render_page(views, contents, command=command, title=title)
    write_text(path, page)
    return path


def render_page(
    views: Sequence[View],
    contents: Contents | None = None,
    *,
    command: str = "python -m experiments report",
    title: str = "Report",
) -> str:
    """Render what `write_page` writes."""
    if not views:
        raise ValueError("a page needs at least one view; the long table has no rows")
    contents = contents or Contents()
    views = merged(views)
    results = result_rows(views)
    script, style = _asset("page.js"), _asset("page.css")
    optional = {
        "claims": _claims(contents.claims),
        "tables": _tables(contents.groups),
        "figures": _figures(contents.images),
    }
    return _filled(
        _asset("template.html"),
        {
            "policy": _policy(script, style),
            "title": escaped(title),
            "style": style,
            "facts": overview.facts(views, command),
            "run": overview.what_was_run(views, results),
            **{name: _part(name, body) for name, body in optional.items()},
            **{f"to_{name}": _link(name) if body else "" for name, body in optional.items()},
            "data": _json(columnar(results)),
            "script": script,
        },
    )


def _policy(script: str, style: str) -> str:
    """Nothing may be fetched; this script and these styles run, and no others."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return files("experiments.report.page").joinpath(name).read_text(encoding="utf-8")


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with its names filled in, all at once: what is filled in is never searched."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], template)


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _part(name: str, body: str) -> str:
    if not body:
        return ""
    return f'<section id="{name}"><h2>{sentence(name)}</h2>{body}</section>'


def _link(name: str) -> str:
    return f'<li><a href="#{name}">{sentence(name)}</a></li>'


def _claims(claims: Sequence[Table]) -> str:
    return "".join(details(table, is_open=i == 0) for i, table in enumerate(claims))


def _tables(groups: Sequence[Group]) -> str:
    several = len({group.experiment for group in groups}) > 1
    parts = []
    for i, group in enumerate(groups):
        title = f"{group.title} ({group.experiment})" if several else group.title
        tables = "".join(
            details(table, experiment=group.experiment, is_open=i == 0) for table in group.tables
        )
        parts.append(f'<div class="kind"><h3>{escaped(title)}</h3>{tables}</div>')
    return "".join(parts)


def _figures(images: Sequence[Image]) -> str:
    return "".join(_figure(image, f"figure-{i}") for i, image in enumerate(images, 1))


def _figure(image: Image, name: str) -> str:
    if not image.png.startswith(b"\x89PNG"):
        raise ValueError(f"the image {image.title!r} is not a PNG file")
    width, height = (int.from_bytes(image.png[i : i + 4], "big") for i in (16, 20))
    title = escaped(sentence(image.title))
    source = f"data:image/png;base64,{base64.b64encode(image.png).decode()}"
    return (
        f'<figure id="{name}-{escaped(slug(image.title)).lower()}">'
        f'<img src="{source}" width="{width}" height="{height}" alt="{title}" '
        f'loading="lazy" decoding="async"><figcaption>{title}</figcaption></figure>'
    )
