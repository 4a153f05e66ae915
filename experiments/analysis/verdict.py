"""What becomes of something that was published, in claims and in studies alike."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """A verdict, as tables print it."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT = "not"
    #: What would deny it may be chance.
    OPEN = "open"
    UNTESTABLE = "cannot be tested"

    @property
    def predicate(self) -> str:
        """The verdict as a sentence says it of a statement."""
        return {
            Verdict.REPRODUCED: "holds",
            Verdict.PARTLY: "holds in part",
            Verdict.NOT: "does not hold",
            Verdict.OPEN: "is open",
            Verdict.UNTESTABLE: "cannot be tested",
        }[self]
