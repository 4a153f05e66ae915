"""Whether DenoGrad, and it alone, gains more than 90 % on series with five regressors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from experiments.analysis.aggregate import IMP
from experiments.analysis.claims.base import Finding, Statement, UntestableError
from experiments.analysis.claims.runs import METHODS, Runs
from experiments.analysis.verdict import Verdict
from experiments.words import number

REGRESSORS = ("lstm", "xlstm", "cnn_lstm", "dlinear", "xgboost")
LIMIT = 90.0


def judge_alone(imp: Mapping[str, Mapping[str, float]]) -> Verdict:
    """Whether DenoGrad is above 90 %, and alone there.

    Parameters
    ----------
    imp
        Imp% by regressor and method.

    Returns
    -------
    Verdict
        Reproduced if DenoGrad and no other method is above 90 with every regressor, partly if
        DenoGrad is above 90 with at least one, otherwise not.
    """
    above = [of_method["denograd"] > LIMIT for of_method in imp.values()]
    if all(above) and not _others_above(imp):
        return Verdict.REPRODUCED
    return Verdict.PARTLY if any(above) else Verdict.NOT


def _others_above(imp: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Other methods above 90 with any of the regressors."""
    found = {
        method
        for of_method in imp.values()
        for method, value in of_method.items()
        if value > LIMIT and method != "denograd"
    }
    return sorted(found)


def _find(named: Sequence[str], runs: Runs) -> Finding:
    if not runs.datasets("series"):
        raise UntestableError("no runs of a series of the paper")
    runs.need_regressors(named)
    imp: dict[str, dict[str, float]] = {}
    used: set[str] = set()
    for regressor in named:
        scored = runs.of_regressor(regressor)
        try:
            datasets = scored.complete([IMP], "series")
        except UntestableError as error:
            raise UntestableError(f"{regressor}: {error}") from error
        used |= set(datasets)
        imp[regressor] = {method: scored.mean(IMP, method, datasets) for method in METHODS}
    own = {regressor: of_method["denograd"] for regressor, of_method in imp.items()}
    count = sum(value > LIMIT for value in own.values())
    others = _others_above(imp)
    each = ", ".join(f"{regressor} {number(value, 1)}" for regressor, value in own.items())
    too = f"also above with one or more: {', '.join(others)}" if others else "no other method is"
    return Finding(
        verdict=judge_alone(imp),
        reason=(
            f"denograd is above {LIMIT:g} with {count} of {len(own)} regressors ({each}); {too}; "
            f"over {runs.over(used, 'series')}"
        ),
        ours=f"{count} of {len(own)}, least {number(min(own.values()), 1)}",
        value=min(own.values()),
    )


def alone_above(named: Sequence[str] = REGRESSORS) -> Statement:
    """DenoGrad alone above 90 with some regressors: those that the paper names, or fewer."""
    return Statement(
        name="series, denograd alone above 90",
        paper=f"{len(named)} of {len(named)} regressors above 90",
        criterion=(
            f"Imp% averaged over series, with each of {', '.join(named)}: reproduced if denograd "
            "and no other method is above 90 with every one, partly if denograd is with at least "
            "one, otherwise not"
        ),
        find=partial(_find, named),
        controls=lambda runs: runs.controls(IMP, runs.datasets("series")),
    )


STATEMENTS = (alone_above(),)
