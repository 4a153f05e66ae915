"""How a study is drawn: lines over a number, points over words, or cells over two numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from experiments.analysis.studies.knobs import knob
from experiments.analysis.studies.study import Setting, Study

#: Fewer values than this are words, not an axis.
FEWEST = 3
#: Positive values that span this factor are on a logarithmic axis.
WIDE = 8.0


@dataclass(frozen=True)
class Plan:
    """What stands where in the figure of a study.

    Attributes
    ----------
    kind
        "lines" over `x`, a line for each of `hues`; "heat" with `x` over `y`; "dots", a place for
        each setting.
    x, y
        Parameters.
    hues
        The parameters that tell lines apart.
    """

    kind: Literal["lines", "heat", "dots"]
    x: str = ""
    y: str = ""
    hues: tuple[str, ...] = ()


def plan_of(study: Study) -> Plan:
    """Choose by the values: two full ranges of numbers, one, or none."""
    numeric = [
        key for key in study.keys if study.is_numeric(key) and len(study.values_of(key)) >= FEWEST
    ]
    times = [key for key in numeric if knob(key).is_time]
    if numeric == list(study.keys) and len(numeric) == 2 and not times and _is_grid(study):
        return Plan("heat", x=numeric[0], y=numeric[1])
    if numeric:
        x = (times or numeric)[0]
        return Plan("lines", x=x, hues=tuple(key for key in study.keys if key != x))
    return Plan("dots")


def lines_of(study: Study, plan: Plan) -> list[tuple[str, list[Setting]]]:
    """Label and settings of every line, the settings in the order of `x`."""
    found: dict[str, list[Setting]] = {}
    for setting in sorted(study.settings, key=lambda setting: setting.values[plan.x]):
        found.setdefault(setting.label_of(plan.hues), []).append(setting)
    order = list(dict.fromkeys(setting.label_of(plan.hues) for setting in study.settings))
    return [(label, found[label]) for label in order]


def scale_of(values: Sequence[float]) -> Literal["linear", "log", "ordinal"]:
    """How numbers are laid out: with zero among widely spread ones, one place for each."""
    positive = [value for value in values if value > 0]
    if not positive or max(positive) / min(positive) < WIDE:
        return "linear"
    return "log" if len(positive) == len(values) else "ordinal"


def _is_grid(study: Study) -> bool:
    """Whether every combination of values was run."""
    there: set[tuple[Any, ...]] = {tuple(s.values.values()) for s in study.settings}
    return there == set(product(*(study.values_of(key) for key in study.keys)))
