"""All records as one long table: a row per cell × regressor.

Tables, tests and figures are pure functions of this table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.cell import identity
from experiments.metrics import imp
from experiments.store import Record, Store

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
    "is_control",
    "regressor",
)
#: Parameters of noise that say its level, which has a column of its own.
LEVELS = ("sigma", "share")
MEASURES = (
    "imp",
    "mse_before",
    "mse_after",
    "mse_ceiling",
    "swd",
    "rho",
    "swd_clean",
    "rho_clean",
    "recovery_X",
    "recovery_y",
)


def read_long_table(results: Path, experiment: str | None = None) -> pd.DataFrame:
    """Read the records of a results folder.

    Parameters
    ----------
    results
        The folder that holds ``runs``.
    experiment
        Only what the last run of the experiment of this name comprises; None takes every record.

    Returns
    -------
    DataFrame
        The columns of `LABELS`, ``status`` (ok, failed or skipped) and ``reason``, those of
        `MEASURES`, the whole grid as ``mse_<fit>_<inputs>_<targets>``, seconds and peak memory per
        stage, the processor, what to know of the dataset (``note``) and the identity. Sorted; empty
        if there are no records.

    Raises
    ------
    experiments.store.StoreError
        If no experiment of that name was run, or a record cannot be read.
    """
    store = Store(results)
    records = list(store.records()) if experiment is None else store.listed(experiment)
    return long_table(records)


def long_table(records: Iterable[Record]) -> pd.DataFrame:
    """Join the records of cells and scores into one row per score."""
    records = list(records)
    cells = {_cell_id(r): r for r in records if "regressor" not in r["config"]}
    scores = [r for r in records if "regressor" in r["config"]]
    names = _Names(scores)
    rows = [_row(score, cells.get(_cell_id(score)), names) for score in scores]
    table = pd.DataFrame(rows)
    if table.empty:
        return pd.DataFrame(columns=[*LABELS, "status", "reason", *MEASURES, "identity"])
    for measure in MEASURES:
        if measure not in table:
            table[measure] = float("nan")
    first = [*LABELS, "status", "reason", *MEASURES]
    rest = sorted(c for c in table.columns if c not in first and c != "identity")
    table = table[[*first, *rest, "identity"]]
    numbers = [*MEASURES, *(c for c in rest if c not in ("note", "processor"))]
    table[numbers] = table[numbers].astype("float64")
    return table.sort_values([*LABELS, "identity"], ignore_index=True)


def _row(score: Record, cell: Record | None, names: _Names) -> dict[str, Any]:
    row = {"note": ""} | score["labels"] | names.of(score)
    row |= {"status": score["status"], "reason": score.get("reason", "")}
    metrics = dict(score.get("metrics", {}))
    grid = metrics.pop("grid", {})
    row |= metrics
    if score["status"] == "ok":
        row["imp"] = imp(metrics["mse_before"], metrics["mse_after"])
    row |= {f"mse_{key.replace('|', '_')}": value for key, value in grid.items()}
    row |= _costs(score, "regressor_")
    if cell is not None:
        row |= cell.get("metrics", {}) | _costs(cell, "")
    row["processor"] = score["environment"]["processor"]
    row["identity"] = score["identity"]
    return row


def _costs(record: Record, prefix: str) -> dict[str, float]:
    return {
        f"{measure}_{prefix}{stage}": value
        for measure in ("seconds", "peak_memory_mb")
        for stage, value in record[measure].items()
    }


def _cell_id(record: Record) -> str:
    """What a score shares with its cell: the identity of everything but the regressor."""
    return identity({k: v for k, v in record["config"].items() if k != "regressor"})


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

    def of(self, score: Record) -> dict[str, str]:
        """The distinct labels of one record."""
        labels, protocol = {}, score["labels"]["protocol"]
        for column, settings in _settings(score).items():
            label = score["labels"][column]
            seen = self._seen[column, label, protocol]
            differing = [key for key in settings if len(seen[key]) > 1]
            # Parameters say more than a class or a checksum: those speak where nothing else does.
            telling = [key for key in differing if key not in ("class", "file")] or differing
            if settings.get("target") == "permuted" and "target" not in telling:
                telling.append("target")
            parts = [f"{key}={settings[key]}" for key in telling]
            labels[column] = f"{label} ({', '.join(parts)})" if parts else label
        return labels


def _settings(score: Record) -> dict[str, dict[str, Any]]:
    """Per label column, the settings that it stands for, each with a value for every key."""
    config = score["config"]
    dataset = config["dataset"]
    of_dataset = dataset["params"] | {
        "class": dataset["target"].rpartition(".")[2],
        "file": dataset["fingerprint"][:8],
        "max_rows": config["max_rows"],
        "max_columns": config.get("max_columns"),
        "target": config["target"],
        "window_size": config.get("window_size"),
        "horizon": config.get("horizon"),
    }
    noise = config["noise"]
    return {
        "dataset": of_dataset,
        "noise": {k: v for k, v in (noise or {"params": {}})["params"].items() if k not in LEVELS},
        "denoiser": _component(config["denoiser"]),
        "regressor": _component(config["regressor"]),
    }


def _component(component: dict[str, Any]) -> dict[str, Any]:
    name = component["target"].rpartition(".")[2]
    return {"class": name, "revision": component["revision"]} | component["params"]
