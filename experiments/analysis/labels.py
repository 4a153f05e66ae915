"""Labels: what tables and figures call a component, made where it is printed, never read again.

A component is called by its name. Where one name stands for different settings, those that differ
are added; the columns of the long table that hold them are its facts, a label is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.words import LABELS, MARK, setting

#: What is labelled, and the columns of its settings; `experiments.words.setting` names them.
KINDS = ("dataset", "noise", "denoiser", "regressor")
#: Settings that speak only where no parameter differs.
_LAST = ("class", "file", "revision")
#: Kinds whose components of one name may have different parameters: what one of them lacks, it
#: leaves as it is.
_NESTED = ("denoiser", "regressor")
#: Columns of the long table that say something of a denoiser beside its name.
_BESIDE = ("told", "signal")
#: Where runs of one profile stand in for those of another, each is labelled among its own.
_APART = "own_profile"
_PLAIN = re.compile(r"[\w.+\-/]+")


def labelled(long: pd.DataFrame) -> pd.DataFrame:
    """The long table with distinct labels.

    Parameters
    ----------
    long
        A long table: components under their names, their settings in columns.

    Returns
    -------
    DataFrame
        For each kind, its column holds the label, ``<kind>_name`` the name, and ``<kind>_differs``
        the settings in the label, as a mapping. Sorted by the labels.
    """
    added: dict[str, Any] = {}
    for kind in KINDS:
        differing = _differing(long, kind)
        names = long[kind].astype(object)
        remarks = _remarks(long, kind) if kind != "dataset" else _sizes(long, differing)
        labels = zip(names, differing, *remarks, strict=True)
        added |= {
            kind: [label(str(name), of, remark, mark) for name, of, remark, mark in labels],
            f"{kind}_name": names,
            f"{kind}_differs": differing,
        }
    rest = long.drop(columns=list(KINDS))
    found = pd.concat([rest, pd.DataFrame(added, index=long.index)], axis="columns")
    return found.sort_values(list(LABELS), kind="stable", ignore_index=True)


def label(name: str, settings: Mapping[str, Any], remark: str = "", mark: str = "") -> str:
    """A name with the settings that tell it from others of that name, a remark and a mark.

    Examples
    --------
    >>> label("denograd", {"nrr": 0.01, "rule": "global"})
    'denograd (nrr=0.01, rule=global)'
    """
    parts = [f"{key}={_written(value)}" for key, value in settings.items()]
    parts += [remark] if remark else []
    return (f"{name} ({', '.join(parts)})" if parts else name) + mark


def _remarks(long: pd.DataFrame, kind: str) -> tuple[list[str], list[str]]:
    """Per row, what a denoiser is told, and the mark of one that scores without signal."""
    none = pd.Series("", index=long.index)
    if kind != "denoiser":
        return list(none), list(none)
    told, signal = (long[name].astype(object) if name in long else none for name in _BESIDE)
    marked = signal.notna() & (signal != "")
    if _APART in long:
        # It is known at one size, and a method is called the same at all.
        marked = marked.groupby([long["denoiser"], told.fillna("")]).transform("any")
    return list(told.where(told.notna(), "")), list(none.mask(marked, MARK))


def _sizes(
    long: pd.DataFrame, differing: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Per row, the size of its dataset: the largest of the forms that protocols give it."""
    none = [""] * len(long)
    if "n_rows" not in long:
        return none, none
    # Records of one dataset that are old do not say it, and stand beside those that do.
    datasets = [label(str(name), of) for name, of in zip(long["dataset"], differing, strict=True)]
    groups = [pd.Series(datasets, index=long.index), *(long[name] for name in _apart(long))]
    sizes = long[["n_rows", "n_columns"]].groupby(groups).transform("max")
    return [
        "" if math.isnan(rows) else f"{int(rows):,} × {int(columns)}"
        for rows, columns in sizes.itertuples(index=False)
    ], none


def _differing(long: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    """Per row, the settings in which it differs from others of its name and protocol."""
    settings = {
        column.removeprefix(setting(kind)): list(long[column])
        for column in sorted(long.columns)
        if column.startswith(setting(kind))
    }
    if kind == "dataset":
        settings["target"] = list(long["target"])
    if kind in _NESTED:
        settings = {key: [None if _lacks(v) else v for v in of] for key, of in settings.items()}
    found: list[dict[str, Any]] = [{} for _ in range(len(long))]
    # A dataset may take another form under another protocol, and is the same one in print.
    for rows in long.groupby([kind, "protocol", *_apart(long)]).indices.values():
        seen = {
            key: {repr(of[row]) for row in rows if not _lacks(of[row])}
            for key, of in settings.items()
        }
        differing = [key for key, values in seen.items() if len(values) > 1]
        # Parameters say more than a class or a checksum: those speak where nothing else does.
        telling = [key for key in differing if key not in _LAST] or differing
        for row in rows:
            values = {key: settings[key][row] for key in telling}
            found[row] = {key: value for key, value in values.items() if not _lacks(value)}
    if kind == "dataset":
        # Another target makes another dataset, also where all have it.
        for of_row, target in zip(found, long["target"], strict=True):
            of_row |= {"target": target} if target == "permuted" else {}
    return found


def _apart(long: pd.DataFrame) -> list[str]:
    return [_APART] if _APART in long else []


def _lacks(value: Any) -> bool:
    """Whether a cell says that a component has no such setting: None is a value."""
    return isinstance(value, float) and math.isnan(value)


def _written(value: Any) -> str:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else repr(value)
