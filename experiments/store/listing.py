"""Which pieces of work a named experiment comprises: one line of JSON each, and their labels.

A record may have been made under other labels than the experiment's: another profile, another
option's name. While a run goes on, its pieces are added to the listing; when it has reached all of
them, the listing is replaced by them. A run that is killed therefore takes nothing out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.files import StoreError, read_text, write_text
from experiments.words import why_no_name

#: Paths of records below the store's root, with the labels under which an experiment has them.
Entries = dict[str, dict[str, Any]]

_FOLDER = "experiments"
_SUFFIX = ".jsonl"


def listing_path(runs: Path, name: str) -> Path:
    """Where the listing of an experiment lies; a name that might lead elsewhere is a StoreError."""
    why_not = why_no_name(name)
    if why_not is not None:
        raise StoreError(why_not)
    return runs / _FOLDER / f"{name}{_SUFFIX}"


def listed_names(runs: Path) -> list[str]:
    """Names of the experiments that have a listing."""
    return sorted(
        path.name.removesuffix(_SUFFIX) for path in (runs / _FOLDER).glob(f"[!.]*{_SUFFIX}")
    )


def read_listing(path: Path, damaged: Callable[[str, str], None]) -> Entries | None:
    """Read a listing; None if there is none.

    `damaged` is told of every line that is not an entry, and why; the others count.
    """
    try:
        lines = read_text(path).splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        damaged(str(path), str(error))
        return None
    entries: Entries = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            entries[str(entry["path"])] = dict(entry["labels"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            damaged(f"{path}, line {number}", f"{type(error).__name__}: {error}")
    return dict(sorted(entries.items()))


def write_listing(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a listing in the place of the one that is there, all at once."""
    lines = (
        json.dumps({"path": entry, "labels": labels}) for entry, labels in sorted(entries.items())
    )
    write_text(path, "".join(f"{line}\n" for line in lines))


def add_to_listing(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Add entries to a listing; those that it has get the labels given here."""
    # What is damaged in it is named where it is read.
    there = read_listing(path, lambda where, what: None) or {}
    write_listing(path, {**there, **entries})
