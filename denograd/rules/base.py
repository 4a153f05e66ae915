"""What a step rule is."""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from denograd.loops import series_epochs, table_epochs

if TYPE_CHECKING:
    from torch import Tensor

    from denograd.gradients import SampleGradient
    from denograd.problem import Problem, Step


@dataclass(frozen=True)
class Rule(ABC):
    """A way to move data down the gradient; its fields are its arguments, with their defaults.

    A concrete rule is a frozen dataclass in a module of this package; it is found by its `name`.

    Attributes
    ----------
    name : str
        What ``DenoGrad(rule=...)`` calls it.
    domains : frozenset of str
        "table", "series" or both.
    ties_target : bool
        Whether a target that is a column of X is one variable with both roles.
    """

    name: ClassVar[str]
    domains: ClassVar[frozenset[str]] = frozenset({"table", "series"})
    ties_target: ClassVar[bool] = False

    max_epochs: int = 100

    def __post_init__(self) -> None:
        check_count("max_epochs", self.max_epochs)

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """Names of the arguments that have an effect under this rule."""
        return tuple(field.name for field in fields(cls))

    @abstractmethod
    def refine(self, problem: Problem) -> Iterator[Step]:
        """Move the problem's data in place, one epoch per item, until it is done."""


@dataclass(frozen=True)
class SampleRule(Rule):
    """A rule that moves every sample (row or window) by a direction of its own.

    A sample rests while all its residuals are at most `nr_threshold`. In a series the
    directions of all windows that cover a time step are averaged.

    Attributes
    ----------
    gated_windows_count : bool
        Whether windows at rest count in that average.
    """

    gated_windows_count: ClassVar[bool] = True

    nrr: float = 0.05
    nr_threshold: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("nrr", self.nrr, positive=True)
        check_number("nr_threshold", self.nr_threshold)

    @abstractmethod
    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """Direction of each sample, (B, n_inputs) and (B, n_targets); zero gradient, zero step."""

    def refine(self, problem: Problem) -> Iterator[Step]:
        """Run the loop over the rows of a table or the windows of a series."""
        epochs = table_epochs if problem.windows is None else series_epochs
        for _, step in zip(range(self.max_epochs), epochs(problem, self), strict=False):
            yield step


def check_count(name: str, value: object) -> None:
    """Refuse what is not an integer of at least 1."""
    try:
        count = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        count = 0
    if count < 1 or isinstance(value, bool):
        raise ValueError(f"{name} has to be an integer of at least 1, got {value!r}.")


def check_number(name: str, value: object, *, positive: bool = False) -> None:
    """Refuse what is not a finite number of at least (or, if `positive`, above) 0."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    valid = number > 0 if positive else number >= 0
    if not (valid and math.isfinite(number)) or isinstance(value, bool | str):
        bound = "above 0" if positive else "of at least 0"
        raise ValueError(f"{name} has to be a finite number {bound}, got {value!r}.")
