"""A score and its cell as one row of the long table: every fact a column."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from experiments.metrics import imp
from experiments.settings.schema import class_of
from experiments.store.records import Record, rounded
from experiments.words import LABELS, setting

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
#: The first columns of every long table.
FIRST = (*LABELS, "status", "skip", "reason", *MEASURES)
#: Columns that hold no measurement, beside the settings.
TEXTS = (
    *LABELS,
    *("status", "skip", "reason", "note", "method", "refines", "told", "signal", "readings"),
    *("processor", "identity"),
)

#: What of a dataset's settings the profile and the benchmark decide.
_OF_CORRUPTION = ("max_rows", "max_columns", "window_size", "horizon", "scored_rows")
#: Parameters of noise that say its level, which has a column of its own.
_LEVELS = ("sigma", "share")

#: What records tell of their work; older ones lack some of it.
COSTS = ("seconds", "cpu_seconds", "epochs", "reused", "peak_memory_mb")
OF_REGRESSOR = "regressor_"


def flatten(score: Record) -> dict[str, Any]:
    """What the record of a regressor's errors on a cell says in the long table, numbers rounded."""
    score = rounded(score)
    config = score["config"]
    row = {"note": ""} | score["labels"] | settings(config)
    # What the variants of one method have in common.
    denoiser = class_of("denoiser", config["denoiser"]["name"])
    row["method"] = getattr(denoiser, "method", row["denoiser"])
    if callable(getattr(denoiser, "tell", None)):
        row["told"] = "told the noise"
    # The regressor that is inside this one, which trains it on a refined target.
    refines = getattr(class_of("regressor", config["regressor"]["name"]), "refines", None)
    row |= {} if refines is None else {"refines": refines}
    row |= {"status": score["status"], "skip": score.get("skip", "")}
    row["reason"] = _one_line(score.get("reason", ""))
    metrics = dict(score.get("metrics", {}))
    grid = metrics.pop("grid", {})
    row |= metrics
    if score["status"] == "ok":
        row["imp"] = float(f"{imp(row['mse_before'], row['mse_after']):.9g}")
    row |= {f"mse_{key.replace('|', '_')}": value for key, value in grid.items()}
    row |= {f"n_{name}": number for name, number in score.get("size", {}).items()}
    row |= _costs(score, OF_REGRESSOR)
    row["processor"] = score["environment"]["processor"]
    row["identity"] = score["identity"]
    # There are many rows, and few names.
    return {sys.intern(name): value for name, value in row.items()}


def of_cell(cell: Record) -> dict[str, Any]:
    """What the record of a cell says in the rows of its scores."""
    cell = rounded(cell)
    return cell.get("metrics", {}) | _costs(cell, "")


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the results of a score, by column; what a component lacks has none."""
    dataset, noise = config["dataset"], config["noise"] or {"params": {}}
    found = {
        "dataset": dataset["params"]
        | {"class": dataset["name"], "file": dataset["fingerprint"][:8]}
        | {name: config.get(name) for name in _OF_CORRUPTION},
        "noise": {key: value for key, value in noise["params"].items() if key not in _LEVELS},
        "denoiser": _of_component("denoiser", config["denoiser"]),
        "regressor": _of_component("regressor", config["regressor"]),
    }
    return {setting(kind, key): value for kind, of in found.items() for key, value in of.items()}


def without_regressor(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a score's config shares with its cell's."""
    return {key: value for key, value in config.items() if key != "regressor"}


def _of_component(kind: str, component: Mapping[str, Any]) -> dict[str, Any]:
    name = component["name"]
    params = dict(getattr(class_of(kind, name), "neutral", {})) | component["params"]
    for key, value in component["params"].items():
        # What is given as a name with arguments is as if they stood beside each other.
        if isinstance(value, dict) and "name" in value:
            params |= {key: value["name"]} | {k: v for k, v in value.items() if k != "name"}
    return params | {"class": name, "revision": component["revision"]}


def _costs(record: Record, prefix: str) -> dict[str, float]:
    return {
        f"{measure}_{prefix}{stage}": value
        for measure in COSTS
        for stage, value in record.get(measure, {}).items()
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
