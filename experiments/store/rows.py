"""A score and its cell as one row of the long table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.metrics import imp
from experiments.store.records import Record, rounded

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
FIRST = (*LABELS, "status", "reason", *MEASURES)
#: Columns that hold no measurement.
TEXTS = (*LABELS, "status", "reason", "note", "processor", "identity")

COSTS = ("seconds", "peak_memory_mb")
OF_REGRESSOR = "regressor_"


def flatten(score: Record, cell: Record | None) -> dict[str, Any]:
    """One row of the long table, numbers rounded, labels as they are in the record.

    Parameters
    ----------
    score
        Record of a regressor's errors on a cell.
    cell
        Record of the cell, if there is one.
    """
    score = rounded(score)
    row = {"note": ""} | score["labels"]
    row |= {"status": score["status"], "reason": _one_line(score.get("reason", ""))}
    metrics = dict(score.get("metrics", {}))
    grid = metrics.pop("grid", {})
    row |= metrics
    if score["status"] == "ok":
        row["imp"] = float(f"{imp(row['mse_before'], row['mse_after']):.9g}")
    row |= {f"mse_{key.replace('|', '_')}": value for key, value in grid.items()}
    row |= _costs(score, OF_REGRESSOR)
    if cell is not None:
        cell = rounded(cell)
        row |= cell.get("metrics", {}) | _costs(cell, "")
    row["processor"] = score["environment"]["processor"]
    row["identity"] = score["identity"]
    return row


def without_regressor(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a score's config shares with its cell's."""
    return {key: value for key, value in config.items() if key != "regressor"}


def _costs(record: Record, prefix: str) -> dict[str, float]:
    return {
        f"{measure}_{prefix}{stage}": value
        for measure in COSTS
        for stage, value in record[measure].items()
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
