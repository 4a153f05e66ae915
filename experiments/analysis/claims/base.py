"""What a claim is: a published figure, a criterion, and what our numbers make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.analysis.aggregate import Condition
from experiments.analysis.verdict import Verdict

if TYPE_CHECKING:
    from experiments.analysis.claims.runs import Runs

#: A criterion that several claims share, as `by_share` applies it.
BY_SHARE = (
    "reproduced if it holds on every dataset of the paper that was run, partly if on at least half "
    "of them, otherwise not"
)


class UntestableError(Exception):
    """What a claim needs is not in the long table; the message says what."""


@dataclass(frozen=True)
class Finding:
    """What the runs of one protocol say about a claim.

    Attributes
    ----------
    verdict
        What the criterion makes of the numbers.
    reason
        A sentence with the numbers in it.
    ours
        The paper's quantity in our runs, as it is shown; empty where there is none.
    value
        The number that comes first in `ours`.
    """

    verdict: Verdict
    reason: str
    ours: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Statement:
    """Something that the paper says, and how it is tested.

    Attributes
    ----------
    name
        A few words.
    paper
        The paper's number.
    criterion
        What decides the verdict, in a sentence.
    find
        From the runs of one protocol to the finding; raises `UntestableError` where something is
        missing.
    controls
        What the controls score in the same quantity; empty where that says nothing.
    """

    name: str
    paper: str
    criterion: str
    find: Callable[[Runs], Finding]
    controls: Callable[[Runs], str] = lambda runs: ""

    def tested(self, runs: Runs) -> Finding:
        """The finding, also where it is that the claim cannot be tested."""
        try:
            runs.need_protocol()
            return self.find(runs)
        except UntestableError as error:
            return Finding(Verdict.UNTESTABLE, str(error))


@dataclass(frozen=True)
class Claim:
    """A statement under one condition: what the published way of scoring says, and the other.

    Attributes
    ----------
    statement
        What the paper says.
    condition
        Noise and profile of the runs.
    published
        The finding under the protocol of the paper.
    held_out
        The same quantity on test rows that nobody touched: whether the claim survives there.
    controls
        What controls score under the paper's protocol; empty where they do not say anything.
    """

    statement: Statement
    condition: Condition
    published: Finding
    held_out: Finding
    controls: str

    @property
    def name(self) -> str:
        """A few words."""
        return self.statement.name

    @property
    def verdict(self) -> Verdict:
        """The verdict under the protocol of the paper."""
        return self.published.verdict


def by_share(hits: int, total: int) -> Verdict:
    """The verdict of `BY_SHARE`.

    Parameters
    ----------
    hits
        Datasets on which the claim holds.
    total
        Datasets on which it could be tested; at least one.
    """
    if hits == total:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if 2 * hits >= total else Verdict.NOT
