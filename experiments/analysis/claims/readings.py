"""What becomes of the published figures under every reading of the paper that was run."""

from __future__ import annotations

from experiments.analysis.claims import fronts, improvements, kalman, ranks, series
from experiments.analysis.claims.base import Finding, Statement
from experiments.analysis.claims.runs import Runs, of_the_paper, readings_of
from experiments.analysis.view import View

#: The dataset of the figures whose mean over regressors is looked at.
DATASET = "microsoft_stock"


def figures(view: View) -> tuple[Statement, ...]:
    """The published figures that tell readings apart, by those regressors that were run."""
    named = [name for name in series.REGRESSORS if name in set(view.rows["regressor_name"])]
    return (
        *ranks.RANKS,
        *kalman.STATEMENTS,
        improvements.mean_improvement(DATASET, improvements.MEANS[DATASET], named),
        series.alone_above(named),
        improvements.CLEAN,
        *fronts.STATEMENTS,
    )


def findings(view: View) -> dict[str, list[Finding]]:
    """The finding on each of the `figures`, by reading, in the order of the run."""
    # A method that no reading changes tells all of them, as the run had them.
    told = sorted(readings_of(view.rows), key=len, reverse=True)
    names = dict.fromkeys(name for of_row in told for name in of_row)
    every = figures(view)
    runs = {name: Runs(view, of_the_paper(view, name), "published") for name in names}
    return {name: [figure.tested(of) for figure in every] for name, of in runs.items()}
