"""All records as one long table: a row per cell × regressor.

Tables, tests and figures are pure functions of this table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.settings.schema import class_of
from experiments.store.records import Record, identity
from experiments.store.rows import FIRST, LABELS, MEASURES, TEXTS, flatten, without_regressor
from experiments.store.store import Store, tell_damage
from experiments.words import write_label

#: Columns whose components may be given a name with arguments.
_NESTED = ("denoiser", "regressor")
#: Parameters of noise that say its level, which has a column of its own.
LEVELS = ("sigma", "share")


def read_long_table(
    results: Path, experiment: str | None = None, command: str | None = None
) -> pd.DataFrame:
    """Read the records of a results folder.

    Parameters
    ----------
    results
        The folder that holds ``runs``.
    experiment
        Only what the last run of the experiment of this name comprises; None takes every record.
    command
        On whose behalf damaged records are named on the error stream; None names none.

    Returns
    -------
    DataFrame
        The columns of `LABELS`, ``status`` (ok, failed or skipped) and ``reason``, those of
        `MEASURES`, the whole grid as ``mse_<fit>_<inputs>_<targets>``, seconds and peak memory per
        stage, the processor, what to know of the dataset (``note``) and the identity. Sorted; empty
        if there are no records.

    Raises
    ------
    experiments.files.StoreError
        If no experiment of that name was run.
    """
    store = Store(results)
    try:
        records = list(store.records()) if experiment is None else store.listed(experiment)
    finally:
        if command is not None:
            tell_damage(store, command)
    return long_table(records)


def long_table(records: Iterable[Record]) -> pd.DataFrame:
    """Join the records of cells and scores into one row per score."""
    records = list(records)
    cells = {_cell_id(r): r for r in records if "regressor" not in r["config"]}
    scores = [r for r in records if "regressor" in r["config"]]
    names = _Names(scores)
    rows = [flatten(score, cells.get(_cell_id(score))) | names.of(score) for score in scores]
    # What no row has a value for is no column, whatever the records call it.
    table = pd.DataFrame(rows).dropna(axis="columns", how="all")
    if table.empty:
        return pd.DataFrame(columns=[*FIRST, "identity"])
    for measure in MEASURES:
        if measure not in table:
            table[measure] = float("nan")
    rest = sorted(c for c in table.columns if c not in FIRST and c != "identity")
    table = table[[*FIRST, *rest, "identity"]]
    numbers = [*MEASURES, *(c for c in rest if c not in TEXTS)]
    table[numbers] = table[numbers].astype("float64")
    return table.sort_values([*LABELS, "identity"], ignore_index=True)


def _cell_id(record: Record) -> str:
    """What a score shares with its cell: the identity of everything but the regressor."""
    return identity(without_regressor(record["config"]))


class _Names:
    """Labels, made distinct where the same one stands for different settings."""

    def __init__(self, scores: list[Record]) -> None:
        # A dataset may take another form under another protocol, and is the same one in print.
        self._seen: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for score in scores:
            protocol = score["labels"]["protocol"]
            for column, settings in _settings(score).items():
                seen = self._seen[column, score["labels"][column], protocol]
                for key, value in settings.items():
                    seen[key].add(repr(value))
        # An argument that one rule is given and another is not tells them apart as well.
        for score in scores:
            for column in _NESTED:
                settings = _settings(score)[column]
                seen = self._seen[column, score["labels"][column], score["labels"]["protocol"]]
                for key in seen.keys() - settings.keys():
                    seen[key].add(repr(None))

    def of(self, score: Record) -> dict[str, str]:
        """The distinct labels of one record."""
        labels, protocol = {}, score["labels"]["protocol"]
        for column, settings in _settings(score).items():
            label = score["labels"][column]
            seen = self._seen[column, label, protocol]
            if column in _NESTED and (missing := seen.keys() - settings.keys()):
                settings = _sorted(settings | dict.fromkeys(missing))
            differing = [key for key in settings if len(seen[key]) > 1]
            # Parameters say more than a class or a checksum: those speak where nothing else does.
            telling = [key for key in differing if key not in ("class", "file")] or differing
            if settings.get("target") == "permuted" and "target" not in telling:
                telling.append("target")
            labels[column] = write_label(label, {key: settings[key] for key in telling})
        return labels


def _settings(score: Record) -> dict[str, dict[str, Any]]:
    """Per label column, the settings that it stands for, each with a value for every key."""
    config = score["config"]
    dataset = config["dataset"]
    of_dataset = _sorted(dataset["params"]) | {
        "class": dataset["name"],
        "file": dataset["fingerprint"][:8],
        "max_rows": config["max_rows"],
        "max_columns": config.get("max_columns"),
        "target": config["target"],
        "window_size": config.get("window_size"),
        "horizon": config.get("horizon"),
    }
    noise = _sorted((config["noise"] or {"params": {}})["params"])
    return {
        "dataset": of_dataset,
        "noise": {key: value for key, value in noise.items() if key not in LEVELS},
        "denoiser": _component("denoiser", config["denoiser"]),
        "regressor": _component("regressor", config["regressor"]),
    }


def _component(kind: str, component: dict[str, Any]) -> dict[str, Any]:
    name = component["name"]
    params = dict(getattr(class_of(kind, name), "neutral", {})) | component["params"]
    for key, value in component["params"].items():
        # What is given as a name with arguments is printed as if they stood beside each other.
        if isinstance(value, dict) and "name" in value:
            params |= {key: value["name"]} | {k: v for k, v in value.items() if k != "name"}
    return {"class": name, "revision": component["revision"]} | _sorted(params)


def _sorted(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters by name, so that a label does not depend on the order of a config."""
    return dict(sorted(params.items()))
