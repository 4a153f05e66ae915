"""What was published about the knobs, each statement with the criterion that decides it.

Beside them, what a study was made to tell and no general sentence can.

A criterion speaks of Imp% as a mean over tables or over series, under each protocol by itself, and
of differences by more than `ROPE` percentage points. Where such a difference would decide, and is
within chance, the statement is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from experiments.analysis import aggregate
from experiments.analysis.studies.study import Difference, Panel, Setting, Study
from experiments.analysis.verdict import Verdict
from experiments.metrics import imp_from_log_ratio
from experiments.words import number

#: Percentage points of Imp% that make no difference.
ROPE = aggregate.IMP.rope
GOOD_ETA = (0.01, 0.1)
PEAK = 200
SLOW_ETA, TIMES_SLOWER = 0.001, 10
BASE_TAU = 0.1


@dataclass(frozen=True)
class Judged:
    """What a study makes of something that was published.

    Attributes
    ----------
    statement
        What was published, in a sentence.
    protocol
        That of the numbers.
    verdict
        What the criterion makes of them.
    told
        The numbers.
    """

    statement: str
    protocol: str
    verdict: Verdict
    told: str

    def __str__(self) -> str:
        holds = f"{self.verdict.predicate} under {self.protocol}"
        return f"Published, “{self.statement}”: {holds} ({self.told})."


def judged(study: Study, datasets: Sequence[str]) -> list[Judged]:
    """Every published statement that a study puts to the test on these datasets."""
    return [found for judge in _JUDGES.get(study.keys, ()) for found in judge(study, datasets)]


def verdicts(study: Study, datasets: Sequence[str]) -> list[str]:
    """A sentence for each of these, or for what the study was made to tell."""
    told = [text for tell in _TOLD.get(study.keys, ()) for text in tell(study, datasets)]
    return [*map(str, judged(study, datasets)), *told]


def _panels(study: Study) -> Iterator[Panel]:
    return (panel for panel in study.panels if panel.metric is aggregate.IMP)


def _imp(
    study: Study, panel: Panel, datasets: Sequence[str]
) -> dict[tuple[Any, ...], tuple[float, Setting]]:
    """Imp% by the values of a setting, and the setting."""
    found = {}
    for setting in study.settings:
        mean = study.mean(panel, setting, datasets)
        if mean is not None:
            found[tuple(setting.values.values())] = (panel.metric.shown(mean), setting)
    return found


def _eta_range(study: Study, datasets: Sequence[str]) -> Iterator[Judged]:
    low, high = GOOD_ETA
    for panel in _panels(study):
        settings = _imp(study, panel, datasets)
        found = {eta: value for (eta,), (value, _) in settings.items()}
        inside = {eta: value for eta, value in found.items() if low <= eta <= high}
        outside = {eta: value for eta, value in found.items() if eta not in inside}
        if not inside or not outside:
            continue
        best_in, best_out = (
            max(inside, key=inside.__getitem__),
            max(outside, key=outside.__getitem__),
        )
        better_out = outside[best_out] > inside[best_in] + ROPE
        ends = settings[(best_out,)][1], settings[(best_in,)][1]
        yield _judged(
            f"η from {low:g} to {high:g} is the good range",
            panel,
            _unless(better_out, _are_apart(study, panel, *ends, datasets)),
            f"best within {number(inside[best_in], 1)} at η {best_in:g}, "
            f"best outside {number(outside[best_out], 1)} at η {best_out:g}",
        )


def _tau_base(study: Study, datasets: Sequence[str]) -> Iterator[Judged]:
    for panel in _panels(study):
        found = _imp(study, panel, datasets)
        base = found.get((BASE_TAU,))
        if base is None or len(found) < 2:
            continue
        better = []
        for (tau,), (value, setting) in found.items():
            apart = study.difference(panel, setting, base[1], datasets)
            if apart is not None and apart.is_clear and value > base[0] + ROPE:
                better.append(f"τ {tau:g} ({number(value, 1)}, errors lower by {_percent(apart)})")
        told = f"{', '.join(better)} clearly better" if better else "no other τ is clearly better"
        yield _judged(
            f"τ {BASE_TAU:g} is a robust base",
            panel,
            _unless(bool(better)),
            f"{number(base[0], 1)} there; {told}",
        )


def _peak_of_iterations(study: Study, datasets: Sequence[str]) -> Iterator[Judged]:
    low, high = GOOD_ETA
    for panel in _panels(study):
        settings = _imp(study, panel, datasets)
        found = {key: value for key, (value, _) in settings.items()}
        late, clearly = [], False
        tested = sorted({eta for _, eta in found if low <= eta <= high})
        for eta in tested:
            curve = {count: value for (count, of), value in found.items() if of == eta}
            before = [count for count in curve if count <= PEAK]
            after = [count for count in curve if count > PEAK]
            if not before or not after:
                continue
            early, best = (max(of, key=curve.__getitem__) for of in (before, after))
            if curve[best] > curve[early] + ROPE:
                late.append(
                    f"η {eta:g} goes on from {number(curve[early], 1)} to "
                    f"{number(curve[best], 1)} at {best}"
                )
                ends = settings[best, eta][1], settings[early, eta][1]
                clearly = clearly or _are_apart(study, panel, *ends, datasets)
        if tested:
            told = "; ".join(late) or f"beyond it no η of {_listed(tested)} gains {ROPE:g} point"
            verdict = _unless(bool(late), clearly)
            yield _judged(f"the peak comes by about {PEAK} iterations", panel, verdict, told)


def _slow_eta(study: Study, datasets: Sequence[str]) -> Iterator[Judged]:
    for panel in _panels(study):
        settings = _imp(study, panel, datasets)
        found = {key: value for key, (value, _) in settings.items()}
        fast_eta = SLOW_ETA * TIMES_SLOWER
        pairs = [
            (count, found[count, fast_eta], found[count * TIMES_SLOWER, SLOW_ETA])
            for count, eta in sorted(found)
            if eta == fast_eta and (count * TIMES_SLOWER, SLOW_ETA) in found
        ]
        if not pairs:
            continue
        alike = all(abs(fast - slow) <= ROPE for _, fast, slow in pairs)
        told = ", ".join(
            f"{number(fast, 1)} after {count} and {number(slow, 1)} after {count * TIMES_SLOWER}"
            for count, fast, slow in pairs
        )
        yield _judged(
            f"η {SLOW_ETA:g} needs ten times the iterations of η {fast_eta:g}",
            panel,
            _unless(not alike),
            told,
        )
        fast_best, slow_best = (
            max((key for key in found if key[1] == of), key=found.__getitem__)
            for of in (fast_eta, SLOW_ETA)
        )
        ahead = found[slow_best] >= found[fast_best] - ROPE
        apart = _are_apart(study, panel, settings[slow_best][1], settings[fast_best][1], datasets)
        yield _judged(
            f"η {SLOW_ETA:g} does not match it",
            panel,
            Verdict.NOT if ahead else Verdict.REPRODUCED if apart else Verdict.OPEN,
            f"at best {number(found[slow_best], 1)} against {number(found[fast_best], 1)}",
        )


def _spectral_bias(study: Study, datasets: Sequence[str]) -> Iterator[str]:
    """Whether a backbone stopped early recovers something, and one trained on takes it back.

    In part if the former recovers something and the latter, though not below zero, clearly less.
    """
    stopped = [s for s in study.settings if s.values["early_stopping"] is True]
    rest = [s for s in study.settings if s.values["early_stopping"] is False]
    if not stopped or not rest:
        return
    longest = max(rest, key=lambda s: s.values["backbone_epochs"])
    for metric, dataset in product((aggregate.RECOVERY_X, aggregate.RECOVERY_Y), datasets):
        panel = Panel(metric, study.protocols[0])
        apart = study.difference(panel, stopped[0], longest, [dataset])
        early, late = (study.mean(panel, s, [dataset]) for s in (stopped[0], longest))
        if apart is None or early is None or late is None:
            continue
        if early <= 0 or (late >= 0 and not (apart.is_clear and apart.mean > 0)):
            verdict = Verdict.NOT
        else:
            verdict = Verdict.REPRODUCED if late < 0 else Verdict.PARTLY
        interval = (
            ""
            if apart.low is None or apart.high is None
            else f" [{number(apart.low, 3)}, {number(apart.high, 3)}]"
        )
        clear = "" if apart.is_clear else ", not told apart"
        yield (
            "Spectral bias, a backbone stopped early points to the signal (recovery above 0) and "
            f"one trained on to the noise (below 0): {verdict.predicate} on {dataset} "
            f"({metric.title} {number(early, 3)} stopped early, {number(late, 3)} after "
            f"{longest.values['backbone_epochs']:,} epochs, a difference of "
            f"{number(apart.mean, 3)}{interval}{clear})."
        )


def _test_rows(study: Study, datasets: Sequence[str]) -> Iterator[str]:
    """What of the published score comes from refining the rows that it is taken on."""
    panel = Panel(aggregate.IMP, "")
    found: dict[str, dict[str, float]] = {}
    for (*denoiser, protocol), (value, _) in _imp(study, panel, datasets).items():
        found.setdefault("".join(map(str, denoiser)), {})[protocol] = value
    for name, of in found.items():
        told = [f"{number(of[p], 1)} {words}" for p, words in _OF_PROTOCOLS.items() if p in of]
        if len(told) > 1:
            yield f"{name} Imp% {', '.join(told)}.".strip()


_OF_PROTOCOLS = {
    "published": "as published",
    "published_train_only": "with the test rows left alone",
    "held_out": "held out",
}


def _are_apart(
    study: Study, panel: Panel, one: Setting, other: Setting, datasets: Sequence[str]
) -> bool:
    """Whether two settings differ by more than chance."""
    found = study.difference(panel, one, other, datasets)
    return found is not None and found.is_clear


def _unless(denied: bool, clearly: bool = True) -> Verdict:
    """Whether a statement holds; open where the difference that denies it may be chance."""
    if not denied:
        return Verdict.REPRODUCED
    return Verdict.NOT if clearly else Verdict.OPEN


def _judged(statement: str, panel: Panel, verdict: Verdict, told: str) -> Judged:
    chance = ", which may be chance" if verdict is Verdict.OPEN else ""
    return Judged(statement, panel.protocol, verdict, told + chance)


def _percent(found: Difference) -> str:
    return f"{number(imp_from_log_ratio(found.mean), 1)} %"


def _listed(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


_JUDGES: dict[tuple[str, ...], tuple[Callable[[Study, Sequence[str]], Iterator[Judged]], ...]] = {
    ("nrr",): (_eta_range,),
    ("nr_threshold",): (_tau_base,),
    ("max_epochs", "nrr"): (_peak_of_iterations, _slow_eta),
}
_TOLD: dict[tuple[str, ...], tuple[Callable[[Study, Sequence[str]], Iterator[str]], ...]] = {
    ("backbone_epochs", "early_stopping"): (_spectral_bias,),
    ("denoiser", "protocol"): (_test_rows,),
    ("protocol",): (_test_rows,),
}
