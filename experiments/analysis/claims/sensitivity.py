"""How much the step size η and the gate τ matter: for long tables of a sweep over them."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.analysis import aggregate
from experiments.analysis.aggregate import IMP
from experiments.analysis.claims.base import Finding, Statement, UntestableError, Verdict
from experiments.analysis.claims.runs import AS_PUBLISHED, Runs, split_label
from experiments.words import number

ETA, TAU = "nrr", "nr_threshold"
GOOD = (0.01, 0.1)
SMALL = 0.001
ROBUST_TAU = 0.1
ROBUST, FAIR = 5.0, 15.0


def judge_eta(imp: Mapping[float, float]) -> Verdict:
    """Whether a step size of 0.01 to 0.1 beats one of 0.001.

    Parameters
    ----------
    imp
        Imp% by η.

    Returns
    -------
    Verdict
        Reproduced if every η from 0.01 to 0.1 has a higher Imp% than every η up to 0.001, partly if
        the best one has, otherwise not.
    """
    good = [value for eta, value in imp.items() if GOOD[0] <= eta <= GOOD[1]]
    small = [value for eta, value in imp.items() if eta <= SMALL]
    if min(good) > max(small):
        return Verdict.REPRODUCED
    return Verdict.PARTLY if max(good) > max(small) else Verdict.NOT


def judge_tau(imp: Mapping[float, float]) -> Verdict:
    """Reproduced if τ 0.1 lies within 5 points of the best τ's Imp%, partly within 15, else not."""
    short = max(imp.values()) - imp[ROBUST_TAU]
    if short <= ROBUST:
        return Verdict.REPRODUCED
    return Verdict.PARTLY if short <= FAIR else Verdict.NOT


def _settings(runs: Runs, parameter: str, free: tuple[str, ...] = ()) -> dict[float, list[str]]:
    """Labels of DenoGrad by the value of a parameter; all others as published, but those in `free`.

    A label that does not state the parameter stands for its published value.
    """
    settings: dict[float, list[str]] = {}
    for label in sorted({str(label) for label in runs.every.rows["denoiser"]}):
        name, stated = split_label(label)
        others = {k: v for k, v in stated.items() if k != parameter and k not in free}
        if name == "denograd" and all(AS_PUBLISHED.get(k, v) == v for k, v in others.items()):
            value = float(stated.get(parameter, AS_PUBLISHED[parameter]))
            settings.setdefault(value, []).append(label)
    return settings


def _imp(runs: Runs, settings: Mapping[float, list[str]]) -> tuple[dict[float, float], int]:
    """Imp% by value, the best where several labels have it; and the number of datasets behind it.

    Only datasets that have every run of every label count, the paper's or others.
    """
    labels = [label for of_value in settings.values() for label in of_value]
    table = aggregate.scores(runs.every.summary(IMP), runs.protocol, labels).dropna()
    if table.empty:
        raise UntestableError(f"no dataset has every run of {', '.join(labels)}")
    means = table.mean()
    imp = {
        value: max(IMP.shown(float(means[label])) for label in of_value)
        for value, of_value in settings.items()
    }
    return imp, len(table)


def _find_eta(runs: Runs) -> Finding:
    settings = _settings(runs, ETA, free=("max_epochs",))
    small = any(eta <= SMALL for eta in settings)
    good = any(GOOD[0] <= eta <= GOOD[1] for eta in settings)
    if not (small and good):
        raise UntestableError(
            f"it takes runs with an η of at most {SMALL:g} and one of {GOOD[0]:g} to {GOOD[1]:g}, "
            f"here is {_values(settings)}; see the ablation over η"
        )
    imp, datasets = _imp(runs, settings)
    return _finding(judge_eta(imp), imp, "η", datasets)


def _find_tau(runs: Runs) -> Finding:
    settings = _settings(runs, TAU)
    if ROBUST_TAU not in settings or len(settings) < 2:
        raise UntestableError(
            f"it takes runs with a τ of {ROBUST_TAU:g} and another, here is {_values(settings)}; "
            "see the ablation over τ"
        )
    imp, datasets = _imp(runs, settings)
    return _finding(judge_tau(imp), imp, "τ", datasets)


def _values(settings: Mapping[float, object]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(settings)) or "no run of denograd"


def _finding(verdict: Verdict, imp: Mapping[float, float], symbol: str, datasets: int) -> Finding:
    ordered = sorted(imp.items())
    each = ", ".join(f"{symbol} {value:g}: {number(mean, 1)}" for value, mean in ordered)
    best = max(imp, key=lambda value: imp[value])
    return Finding(
        verdict=verdict,
        reason=f"Imp% by {symbol}: {each}; best at {best:g}; over {datasets} datasets",
        ours=each,
        value=imp[best],
    )


STATEMENTS = (
    Statement(
        name="sensitivity to η",
        paper="η 0.01–0.1 good, 0.001 does not match",
        criterion=(
            "reproduced if every η from 0.01 to 0.1 has a higher mean Imp% than every η up to "
            "0.001 whatever its iterations, partly if the best one has, otherwise not"
        ),
        find=_find_eta,
    ),
    Statement(
        name="sensitivity to τ",
        paper="τ 0.1 a robust base",
        criterion=(
            f"reproduced if the mean Imp% of τ 0.1 lies within {ROBUST:g} points of the best τ, "
            f"partly if within {FAIR:g}, otherwise not"
        ),
        find=_find_tau,
    ),
)
