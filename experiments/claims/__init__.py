"""The paper's published figures beside ours, claim by claim.

Every claim has a criterion that decides it from numbers of the long table; what cannot be tested
says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from experiments.claims import (
    fronts,
    improvements,
    kalman,
    printed,
    ranks,
    sensitivity,
    series,
)
from experiments.claims.base import Claim, Finding, Statement, Verdict
from experiments.claims.runs import Runs, of_the_paper
from experiments.layout import Table
from experiments.tables import View

__all__ = ["STATEMENTS", "Claim", "Finding", "Statement", "Verdict", "claims", "claims_table"]

#: What the paper says, in the order of print.
STATEMENTS: tuple[Statement, ...] = (
    *ranks.STATEMENTS,
    *kalman.STATEMENTS,
    *improvements.STATEMENTS,
    *series.STATEMENTS,
    *fronts.STATEMENTS,
    *sensitivity.STATEMENTS,
)


def claims(views: Sequence[View], statements: Sequence[Statement] = STATEMENTS) -> list[Claim]:
    """Test statements of the paper under every condition.

    Parameters
    ----------
    views
        The conditions of a long table, as made by `experiments.tables.views`.
    statements
        What is tested; all that the paper says unless told otherwise.

    Returns
    -------
    list of Claim
        Condition by condition, in the order of the statements.
    """
    return [claim for view in views for claim in _of_view(view, statements)]


def claims_table(views: Sequence[View]) -> list[Table]:
    """The claims as tables: the verdicts on one page, then the numbers of every condition.

    Parameters
    ----------
    views
        The conditions of a long table.

    Returns
    -------
    list of Table
        An overview per profile, of Gaussian noise of level 0 and 0.1 (none where neither was run);
        then one table per condition.
    """
    found = {view.condition: _of_view(view) for view in views}
    lacking = {
        view.condition: Runs(view, of_the_paper(view), "published").lacking() for view in views
    }
    return [
        *printed.overviews([claim for of_view in found.values() for claim in of_view]),
        *(printed.table(of_view, lacking[condition]) for condition, of_view in found.items()),
    ]


def _of_view(view: View, statements: Sequence[Statement] = STATEMENTS) -> list[Claim]:
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
