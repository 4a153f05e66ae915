"""What is known of each parameter that a study may vary: its name in print, its published value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from denograd.published import SETTINGS

#: Stands for "no value is the published one".
UNSET = object()


@dataclass(frozen=True)
class Knob:
    """A parameter that studies vary.

    Attributes
    ----------
    title
        What it is, for titles and axes.
    wording
        A value in a few words, for legends and sentences: the value stands for the braces.
    published
        Its value in the published benchmark, or one per domain; `UNSET` where there is none.
    word
        What a setting with that value is called; "default" where the benchmark has no such
        parameter and a rule of this project has.
    is_time
        Whether it is always the horizontal axis, and never one of a heat map.
    names
        Words for some values.
    """

    title: str
    wording: str = "{}"
    published: Any = UNSET
    word: str = "published"
    is_time: bool = False
    names: Mapping[Any, str] = field(default_factory=dict)

    def published_on(self, domain: str) -> Any:
        """The published value for tables or series."""
        if isinstance(self.published, Mapping):
            return self.published.get(domain, UNSET)
        return self.published

    def say(self, value: Any) -> str:
        """A value in a few words, for example "η 0.01"; empty for a default of the class."""
        if value is None:
            return ""
        for known, name in self.names.items():
            if type(known) is type(value) and known == value:
                return name
        return self.wording.format(text_of(value))


#: By parameter, in the order in which studies of several name them.
KNOBS: dict[str, Knob] = {
    "denoiser": Knob("denoiser"),
    "protocol": Knob("protocol", "{}", "published"),
    "rule": Knob("step rule", "{}", SETTINGS["rule"]),
    "backbone": Knob("backbone", "{}", {"tabular": "mlp", "series": "lstm"}),
    "max_epochs": Knob("iterations", "{} iterations", SETTINGS["max_epochs"], is_time=True),
    "backbone_epochs": Knob("epochs of training", "{} epochs", is_time=True, names={1: "1 epoch"}),
    "level": Knob("level of noise", "level {}", is_time=True),
    "max_rows": Knob("rows", "{} rows", is_time=True),
    "window_size": Knob("window length", "{} steps", {"series": 24}, is_time=True),
    "nrr": Knob("step size η", "η {}", SETTINGS["nrr"]),
    "nr_threshold": Knob("gate τ", "τ {}", SETTINGS["nr_threshold"], names={0.0: "no gate"}),
    "normalization": Knob("normalisation of the gradient", "{}", "joint"),
    "consensus": Knob("consensus of the windows", "{}", "mean"),
    "refine": Knob(
        "what is refined",
        "{}",
        SETTINGS["refine"],
        names={"both": "X and y", "X": "X alone", "y": "y alone"},
    ),
    "lam": Knob("weight λ of staying close", "λ {}", 1.0, "default"),
    "eta_y": Knob("factor of the target's step", "η_y {}", 1.0, "default"),
    "backbone_width": Knob("width of the backbone", "× {}", 1.0),
    "early_stopping": Knob(
        "early stopping", "{}", True, names={True: "early stopping", False: "all epochs"}
    ),
    "noise": Knob("family of noise"),
}


def knob(key: str) -> Knob:
    """What is known of a parameter; of one that no study had before, its name."""
    return KNOBS.get(key, Knob(key.replace("_", " "), f"{key} {{}}"))


def order_of(key: str) -> tuple[int, str]:
    """Sorts parameters as `KNOBS` has them, unknown ones last."""
    known = list(KNOBS)
    return (known.index(key) if key in known else len(known), key)


def text_of(value: Any) -> str:
    """A value as text: numbers as short as they can be."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
