"""The parts of the reference that are written from the code.

``.. config-group:: denoiser`` describes every file of ``conf/denoiser`` by the docstring of its
class and its text, ``.. found-by-name:: networks`` (or ``rules``) what `DenoGrad` finds by name,
and ``.. command:: denograd clean`` shows what a command says of itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from denograd import networks, rules
from experiments.settings.schema import config_dir

TUTORIALS = ("clean_table", "clean_series", "help_a_regressor", "paper_table", "own_dataset")


def tutorial_order(file: str) -> int:
    """Where a tutorial stands among the others."""
    return TUTORIALS.index(Path(file).stem)


def components_of(group: str) -> Iterator[str]:
    """Lines that describe every file of a group of ``conf/``."""
    seen: set[str] = set()
    for file in sorted((config_dir() / group).glob("*.yaml")):
        text = file.read_text()
        content = yaml.safe_load(text)
        target = content.get("_target_") or content.get(file.stem, {}).get("_target_")
        yield from heading(file.stem)
        if target is None:
            yield from (line.removeprefix("# ") for line in comments(text))
        elif target in seen:
            yield f"``{target.rpartition('.')[2]}``, described above, with other values."
        else:
            yield from described(target)
            seen.add(target)
        yield from ("", ".. code-block:: yaml", "", *indented(text), "")


def comments(text: str) -> Iterator[str]:
    """The sentences that a file begins with: neither Hydra's directive nor the command."""
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        if "@package" not in line:
            yield re.sub(r"python -m \S.*", r"``\g<0>``\n", line).rstrip()


def found_by_name(what: str) -> Iterator[str]:
    """Lines that describe every network or rule."""
    if what == "networks":
        found: dict[str, type] = {
            name: networks.network_class(name) for name in networks.available()
        }
    else:
        found = dict(sorted(rules.rules().items()))
    for name, cls in found.items():
        yield from heading(name)
        yield from described(f"{cls.__module__}.{cls.__qualname__}")


def heading(name: str) -> tuple[str, ...]:
    """A title of the third level."""
    return "", name, "~" * len(name), ""


def described(target: str) -> tuple[str, ...]:
    """The docstring of a class."""
    return f".. autoclass:: {target}", "   :no-index:", ""


def indented(text: str) -> list[str]:
    """The lines of a block below a directive."""
    return [f"   {line}" if line else "" for line in text.splitlines()]


class Generated(Directive):
    """Parses the lines that a function writes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write and parse the lines, sections and all."""
        (what,) = self.arguments
        lines = list(components_of(what) if self.name == "config-group" else found_by_name(what))
        node = nodes.Element()
        self.state.nested_parse(
            StringList(lines, f"<{self.name} {what}>"), 0, node, match_titles=True
        )
        return node.children


class Command(Directive):
    """Shows what a command of this project says of itself."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Ask the command."""
        said = subprocess.run(
            [sys.executable, "-m", *self.arguments[0].split(), "--help"],
            env=os.environ | {"COLUMNS": "88", "NO_COLOR": "1"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [nodes.literal_block(text=said.stdout, language="none")]


def foreign(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: object
) -> bool | None:
    """Leave out what scikit-learn and torch hand down."""
    home = getattr(getattr(obj, "fget", obj), "__module__", None) or ""
    return None if home.partition(".")[0] in ("", "denograd", "baselines", "experiments") else True


def as_it_reads(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Let ``|r|`` and ``weights_`` stand for themselves, as they do in a terminal."""
    for i, line in enumerate(lines):
        if not re.match(r"\s*(\.\. |>>> |\.\.\. )", line):
            line = re.sub(r"(?<!\\)\|", r"\|", line)
            lines[i] = re.sub(r"(?<![\w`\\])(\w+)_(?![\w`])", r"\1\_", line)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("config-group", Generated)
    app.add_directive("found-by-name", Generated)
    app.add_directive("command", Command)
    app.connect("autodoc-skip-member", foreign)
    # After numpydoc, which reads names and types as they are.
    app.connect("autodoc-process-docstring", as_it_reads, priority=900)
    return {"parallel_read_safe": True}
