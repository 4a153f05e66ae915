"""Names of experiments: files and folders are called by them, so they are plain words."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from enum import StrEnum

_WORD = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_LONGEST = 100
#: What lies in a results folder beside the reports that carry an experiment's name.
RESERVED = frozenset(
    {
        "ablations",
        "all",
        "long.csv",
        "readme",
        "README.md",
        "records.jsonl.gz",
        "report.html",
        "runs",
    }
)
#: Experiments whose name begins so are ablations: their reports share a folder and an index.
ABLATION = "ablation_"


def why_no_name(name: str) -> str | None:
    """Say why an experiment cannot have this name; None if it can.

    A name is a word of letters, digits, ``_``, ``-``, ``.`` and ``+`` that leads with no dot.
    """
    if name in RESERVED or name.removeprefix(ABLATION) in ("", "README.md"):
        return f"{name!r} is no name of an experiment: the results keep a place of that name"
    if len(name) > _LONGEST:
        return f"{name[:20]!r}… is no name of an experiment: it is longer than {_LONGEST} letters"
    if _WORD.fullmatch(name) and _WORD.fullmatch(name.removeprefix(ABLATION)):
        return None
    wanted = "use letters, digits, '_', '-', '.' and '+', no leading dot"
    return f"{name!r} is no name of an experiment: {wanted}"


#: The columns of the long table that say what a row is of; it is sorted by them.
LABELS = (
    "dataset",
    "domain",
    "noise",
    "level",
    "seed",
    "target",
    "profile",
    "protocol",
    "denoiser",
    "kind",
    "regressor",
)
#: The columns of what decides a component's results begin so.
SETTING = "p_"


def setting(kind: str, parameter: str = "") -> str:
    """The column of the long table that holds a parameter; without one, what all begin with.

    Examples
    --------
    >>> setting("denoiser", "nrr")
    'p_denoiser_nrr'
    """
    return f"{SETTING}{kind}_{parameter}"


class Skip(StrEnum):
    """Why a piece of work was skipped."""

    #: The denoiser does not suit the dataset.
    DENOISER = "denoiser"
    #: The regressor is for data of the other domain: that is no gap.
    DOMAIN = "domain"
    #: The regressor lacks something on this machine.
    REGRESSOR = "regressor"


#: Shown where there is no number because none belongs there.
ABSENT = "–"


def number(value: float | None, decimals: int) -> str:
    """A number as tables show it: rounded, never "-0.0", short where it is huge."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) >= 1e6:
        digits, exponent = f"{value:.1e}".split("e")
        return f"{digits}e{int(exponent)}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def sentence(text: str) -> str:
    """A text with a capital at its beginning, unless that is a symbol such as ρ̄."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


def slug(text: str) -> str:
    """A text as part of a file name or label: letters, digits, dots and hyphens."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its type where it has none."""
    try:
        # A lone surrogate could be written nowhere.
        lines = str(error).encode(errors="replace").decode().strip().splitlines()
    except (Exception, SystemExit) as problem:
        return f"its message cannot be made ({type(problem).__name__})"
    return (lines or [type(error).__name__])[0]


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known key, or all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"


#: Stands behind the name of a denoiser that scores without signal, and what a table says of it.
MARK = " §"
MARK_NOTE = (
    "§: scores without signal: on targets in random order its published Imp% is more than 5 above "
    "that of doing nothing."
)
