"""What a step rule is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from denograd.checks import check_choice, check_count, check_number
from denograd.refinement.consensus import CONSENSUS
from denograd.refinement.loops import series_epochs, table_epochs

if TYPE_CHECKING:
    from torch import Tensor

    from denograd.refinement.gradients import SampleGradient
    from denograd.refinement.problem import Problem, Step


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A way to move data down the gradient; its fields are its arguments, with their defaults.

    A concrete rule is a frozen dataclass in a module of this package; it is found by its `name`.

    Attributes
    ----------
    name : str
        What ``DenoGrad(rule=...)`` calls it.
    domains : frozenset of str
        "tabular", "series" or both.
    ties_target : bool
        Whether a target that is a column of X is one variable with both roles.
    series_arguments : frozenset of str
        Arguments that have no effect on a table.
    """

    name: ClassVar[str]
    domains: ClassVar[frozenset[str]] = frozenset({"tabular", "series"})
    ties_target: ClassVar[bool] = False
    series_arguments: ClassVar[frozenset[str]] = frozenset()

    max_epochs: int = 100

    def __post_init__(self) -> None:
        check_count("max_epochs", self.max_epochs)

    @classmethod
    def arguments(cls, domain: str | None = None) -> tuple[str, ...]:
        """Names of the arguments that have an effect under this rule, in this domain if given."""
        idle = cls.series_arguments if domain == "tabular" else ()
        return tuple(field.name for field in fields(cls) if field.name not in idle)

    def scaled(self, scaling: Any) -> Self:
        """The rule for data that a `Scaling` scales, where arguments are in units of those before.

        Steps and gates are in units of what is refined, and stay what they are.
        """
        return self

    @abstractmethod
    def refine(self, problem: Problem) -> Iterator[Step]:
        """Move the problem's data in place, one epoch per item, until it is done."""


@dataclass(frozen=True, kw_only=True)
class SampleRule(Rule):
    """A rule that moves every sample (row or window) by a direction of its own.

    A sample rests while all its residuals are at most `nr_threshold`. With 0 none rests but on the
    model's surface, where the gradient is zero too: the gate is then off.

    In a series a time step moves by what `consensus` makes of the windows that cover it: "mean",
    "sum", or "last", the direction of the latest-starting of them alone (with a stride of 1 the
    window that begins at the step, or the last one of the series).

    Attributes
    ----------
    gated_windows_count : bool
        Whether windows at rest count in that consensus, with a direction of zero; where not, the
        mean is over the other windows, and the last one is the last of those.
    """

    series_arguments: ClassVar[frozenset[str]] = frozenset({"consensus"})
    gated_windows_count: ClassVar[bool] = True

    nrr: float = 0.05
    nr_threshold: float = 0.01
    consensus: str = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("nrr", self.nrr, positive=True)
        check_number("nr_threshold", self.nr_threshold)
        check_choice("consensus", self.consensus, CONSENSUS)

    @abstractmethod
    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """Direction of each sample, (B, n_inputs) and (B, n_targets); zero gradient, zero step."""

    def refine(self, problem: Problem) -> Iterator[Step]:
        """Run the loop over the rows of a table or the windows of a series."""
        epochs = table_epochs if problem.windows is None else series_epochs
        for _, step in zip(range(self.max_epochs), epochs(problem, self), strict=False):
            yield step
