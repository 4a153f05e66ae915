"""The paper's published figures beside ours, claim by claim.

Every claim has a criterion that decides it from numbers of the long table; what cannot be tested
says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis.claims import fronts, improvements, kalman, ranks, series
from experiments.analysis.claims.base import Claim, Finding, Statement
from experiments.analysis.claims.runs import Runs, of_the_paper
from experiments.analysis.verdict import Verdict
from experiments.analysis.view import View

__all__ = ["STATEMENTS", "Claim", "Finding", "Statement", "Verdict", "claims", "claims_of"]

#: What the paper says, in the order of print.
STATEMENTS: tuple[Statement, ...] = (
    *ranks.STATEMENTS,
    *kalman.STATEMENTS,
    *improvements.STATEMENTS,
    *series.STATEMENTS,
    *fronts.STATEMENTS,
)


def claims(views: Sequence[View], statements: Sequence[Statement] = STATEMENTS) -> list[Claim]:
    """Test statements of the paper under every condition.

    Parameters
    ----------
    views
        The conditions of a long table, as made by `experiments.analysis.view.views`.
    statements
        What is tested; all that the paper says unless told otherwise.

    Returns
    -------
    list of Claim
        Condition by condition, in the order of the statements.
    """
    return [claim for view in views for claim in claims_of(view, statements)]


def claims_of(view: View, statements: Sequence[Statement] = STATEMENTS) -> list[Claim]:
    """Test statements of the paper under one condition."""
    of_paper = of_the_paper(view)
    published = Runs(view, of_paper, "published")
    held_out = Runs(view, of_paper, "held_out")
    return [
        Claim(
            statement=statement,
            condition=view.condition,
            published=statement.tested(published),
            held_out=statement.tested(held_out),
            controls=statement.controls(published),
        )
        for statement in statements
    ]
