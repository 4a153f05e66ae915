"""What a study shows, in words that follow from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from experiments.analysis import aggregate
from experiments.analysis.studies.plan import lines_of, plan_of
from experiments.analysis.studies.study import Panel, Setting, Study
from experiments.analysis.studies.verdicts import verdicts
from experiments.metrics import imp_from_log_ratio
from experiments.words import number

#: The quantities that findings speak of.
TOLD = (aggregate.IMP, aggregate.RECOVERY_X, aggregate.RECOVERY_Y)


def findings_of(study: Study) -> list[str]:
    """What is best under each protocol, what that does to the data, and what holds.

    Means are over tables and over series, of means over seeds and regressors. Settings are compared
    seed by seed on these datasets.
    """
    findings = []
    for title, datasets in study.groups():
        told = [text for panel in _told(study) if (text := _of_panel(study, panel, datasets))]
        told += verdicts(study, datasets)
        findings += [f"{title}: {text}" if title else text for text in told]
    return findings


def _told(study: Study) -> list[Panel]:
    """The quantities that the findings speak of; of protocols the verdicts say what there is."""
    if "protocol" in study.keys:
        return []
    return [panel for panel in study.panels if panel.metric in TOLD]


def _of_panel(study: Study, panel: Panel, datasets: Sequence[str]) -> str:
    means = means_of(study, panel, datasets)
    if len(means) < 2:
        return ""
    plan = plan_of(study)
    lines = lines_of(study, plan) if plan.kind == "lines" else []
    if len(lines) > 1 and study.published(datasets) is None:
        return _each(panel, means, lines, plan.x)
    if len(lines) == 1 and panel.metric is aggregate.IMP:
        return f"{_best(study, panel, means, datasets)}; {_shape(study, panel, means)}."
    return f"{_best(study, panel, means, datasets)}."


def _each(
    panel: Panel, means: dict[str, float], lines: Sequence[tuple[str, list[Setting]]], x: str
) -> str:
    """Both ends of every line, where no setting is the one to compare with."""
    texts = []
    for label, settings in lines:
        known = [setting for setting in settings if setting.name in means]
        if known:
            ends = dict.fromkeys((_mean(panel, means, known[0]), _mean(panel, means, known[-1])))
            texts.append(f"{label} {' to '.join(ends)}")
    every = sorted((s for _, of in lines for s in of), key=lambda setting: setting.values[x])
    span = f"from {every[0].label_of([x])} to {every[-1].label_of([x])}"
    return f"{_name(panel)} {span}: {', '.join(texts)}."


def means_of(study: Study, panel: Panel, datasets: Sequence[str]) -> dict[str, float]:
    """Mean of the statistic per setting, by its name, of those that all datasets have."""
    found = {s.name: study.mean(panel, s, datasets) for s in study.settings}
    return {name: mean for name, mean in found.items() if mean is not None}


def best_of(study: Study, panel: Panel, means: dict[str, float]) -> Setting:
    """The setting whose shown value is the best."""
    sign = 1.0 if panel.metric.larger_is_better else -1.0
    known = [setting for setting in study.settings if setting.name in means]
    return max(known, key=lambda setting: sign * panel.metric.shown(means[setting.name]))


def _best(study: Study, panel: Panel, means: dict[str, float], datasets: Sequence[str]) -> str:
    best = best_of(study, panel, means)
    value = _shown(panel, means[best.name])
    text = f"{_name(panel)} is best at {best.label or 'the default'} ({value})"
    published = study.published(datasets)
    if published is None or published.name not in means:
        others = [s for s in study.settings if s.name in means and s != best]
        worst = min(others, key=lambda s: _worth(panel, means[s.name]))
        return f"{text} and worst at {worst.label or 'the default'} ({_mean(panel, means, worst)})"
    if published == best:
        return f"{text}, the {study.word} setting"
    return (
        f"{text}, against {_mean(panel, means, published)} at the {study.word} "
        f"{published.label}{_compared(study, panel, best, published, datasets)}"
    )


def _compared(
    study: Study, panel: Panel, best: Setting, published: Setting, datasets: Sequence[str]
) -> str:
    found = study.difference(panel, best, published, datasets)
    if found is None or found.low is None or found.high is None:
        return ""
    clear = "" if found.is_clear else ", which does not tell them apart"
    over = f"over {found.pairs} pairs of dataset and seed"
    if panel.metric is aggregate.IMP:
        mean, *ends = (imp_from_log_ratio(x) for x in (found.mean, found.low, found.high))
        low, high = sorted(ends)
        return (
            f": errors lower by {number(mean, 1)} % [{number(low, 1)}, {number(high, 1)}] "
            f"{over}{clear}"
        )
    return (
        f": a difference of {number(found.mean, 3)} "
        f"[{number(found.low, 3)}, {number(found.high, 3)}] {over}{clear}"
    )


def _shape(study: Study, panel: Panel, means: dict[str, float]) -> str:
    """How the values run along the axis."""
    key = plan_of(study).x
    known = sorted((s for s in study.settings if s.name in means), key=lambda s: s.values[key])
    values = [panel.metric.shown(means[s.name]) for s in known]
    first, last = known[0], known[-1]
    if max(values) - min(values) < panel.metric.rope:
        return "it hardly depends on it"
    ends = (
        f"from {_mean(panel, means, first)} at {first.label} to "
        f"{_mean(panel, means, last)} at {last.label}"
    )
    steps = [b - a for a, b in pairwise(values)]
    if all(step >= 0 for step in steps):
        return f"it rises throughout, {ends}"
    if all(step <= 0 for step in steps):
        return f"it falls throughout, {ends}"
    top = values.index(max(values))
    if 0 < top < len(values) - 1:
        return f"it runs {ends}, with its peak between"
    return f"it runs {ends}, not evenly"


def _name(panel: Panel) -> str:
    if panel.metric is aggregate.IMP:
        return f"Imp% under {panel.protocol}" if panel.protocol else "Imp%"
    return panel.metric.title[:1].upper() + panel.metric.title[1:]


def _worth(panel: Panel, mean: float) -> float:
    value = panel.metric.shown(mean)
    return value if panel.metric.larger_is_better else -value


def _mean(panel: Panel, means: dict[str, float], setting: Setting) -> str:
    return _shown(panel, means[setting.name])


def _shown(panel: Panel, mean: float) -> str:
    return number(panel.metric.shown(mean), panel.metric.decimals)
