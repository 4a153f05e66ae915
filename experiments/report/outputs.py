"""What a report can write: every module of `report/tables` and `report/figures`, by its file name.

A module of `tables` has a `TITLE` and a function `tables(views)`; one of `figures` has a function
`pictures(views)`. Both have an `ORDER`, their place in a report; with ``STANDARD = False`` they are
written only where an experiment file names them with its key ``report``. Tables that also say what
other experiments found name these as `STUDIES`, and `tables` takes their views by name besides.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments.report import figures, tables

if TYPE_CHECKING:
    from experiments.analysis.view import View
    from experiments.report.figures._drawing import Picture
    from experiments.report.table import Table

    Studies = Mapping[str, Sequence[View]]

#: What a module of each folder has, and of what type.
_OF_TABLES = {"TITLE": str, "ORDER": int, "tables": Callable}
_OF_FIGURES = {"ORDER": int, "pictures": Callable}


@dataclass(frozen=True)
class Output:
    """Something that a report can write: tables, figures or both, under one name."""

    name: str
    of_tables: ModuleType | None
    of_figures: ModuleType | None

    @property
    def title(self) -> str:
        """Heading of its tables."""
        return str(self.of_tables.TITLE) if self.of_tables is not None else ""

    @property
    def order(self) -> int:
        """Its place in a report."""
        return min(module.ORDER for module in self._modules)

    @property
    def standard(self) -> bool:
        """Whether a report writes it unless it is told what to write."""
        return all(getattr(module, "STANDARD", True) for module in self._modules)

    @property
    def _modules(self) -> list[ModuleType]:
        return [module for module in (self.of_tables, self.of_figures) if module is not None]

    @property
    def studies(self) -> tuple[str, ...]:
        """Other experiments that its tables speak of."""
        return getattr(self.of_tables, "STUDIES", ())

    def tables(self, views: Sequence[View], studies: Studies | None = None) -> list[Table]:
        """The tables of one file, in the order of the views; empty where there is none to show.

        `studies` has the views of the experiments that were run of `Output.studies`.
        """
        if self.of_tables is None:
            return []
        return self.of_tables.tables(views, *([studies or {}] if self.studies else []))

    def pictures(self, views: Sequence[View]) -> Iterable[Picture]:
        """The figures, drawn one at a time, their labels without marks, which tables explain."""
        if self.of_figures is None:
            return ()
        return self.of_figures.pictures([view.unmarked() for view in views])


@cache
def outputs() -> dict[str, Output]:
    """Every output by its name, in the order of a report.

    Raises
    ------
    ValueError
        If a module lacks something, or has the place of another; it names the file.
    """
    of_tables, of_figures = _modules(tables, _OF_TABLES), _modules(figures, _OF_FIGURES)
    places: dict[int, Output] = {}
    for name in sorted(of_tables.keys() | of_figures.keys()):
        output = Output(name, of_tables.get(name), of_figures.get(name))
        other = places.setdefault(output.order, output)
        if other is not output:
            files = " and ".join(str(each._modules[0].__file__) for each in (other, output))
            raise ValueError(f"{files} both have ORDER = {output.order}: change that of one")
    return {places[order].name: places[order] for order in sorted(places)}


def chosen(names: Iterable[str] | None = None) -> dict[str, Output]:
    """The outputs of these names, or the standard ones, in the order of a report."""
    if names is None:
        return {name: output for name, output in outputs().items() if output.standard}
    wanted = set(names)
    unknown = sorted(wanted - set(outputs()))
    if unknown:
        raise ValueError(f"no such output {unknown[0]!r}; there are {', '.join(outputs())}")
    return {name: output for name, output in outputs().items() if name in wanted}


def _modules(package: ModuleType, wanted: Mapping[str, Any]) -> dict[str, ModuleType]:
    """The modules of a package but for those that the others share, by file name.

    Each has what is `wanted`, a type by name.
    """
    found = {
        module.name: importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_")
    }
    for module, (name, kind) in product(found.values(), wanted.items()):
        if not isinstance(getattr(module, name, None), kind):
            raise ValueError(
                f"{module.__file__} lacks `{name}` ({kind.__name__}): {', '.join(wanted)} "
                "are what a module of this folder has"
            )
    return found
