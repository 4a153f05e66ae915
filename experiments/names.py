"""Names of experiments: files and folders are called by them, so they are plain words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_LONGEST = 100
#: What lies in a results folder beside the reports that carry an experiment's name.
RESERVED = frozenset({"all", "runs"})


def why_no_name(name: str) -> str | None:
    """Say why an experiment cannot have this name; None if it can.

    A name is a word of letters, digits, ``_``, ``-``, ``.`` and ``+`` that leads with no dot.
    """
    if name in RESERVED:
        return f"{name!r} is no name of an experiment: the results keep a folder of that name"
    if len(name) > _LONGEST:
        return f"{name[:20]!r}… is no name of an experiment: it is longer than {_LONGEST} letters"
    if _WORD.fullmatch(name):
        return None
    wanted = "use letters, digits, '_', '-', '.' and '+', no leading dot"
    return f"{name!r} is no name of an experiment: {wanted}"
