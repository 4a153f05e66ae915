"""A score and its cell as one row of the long table, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from experiments.cell import canonical, identity
from experiments.metrics import imp
from experiments.records import Record

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
#: What a row needs beside the long table's columns to become records again.
PROVENANCE = (
    "experiments",
    "source",
    "cell_source",
    "cell_status",
    "cell_reason",
    "git",
    "config",
)
#: Columns that hold no measurement.
TEXTS = (*LABELS, "status", "reason", "note", "processor", "identity", *PROVENANCE)

# Floating-point results differ between processors beyond these digits, and nobody reads them.
DIGITS = 9
DIGITS_OF_COSTS = 4
_COSTS = ("seconds", "peak_memory_mb")
_OF_REGRESSOR = "regressor_"


def flatten(score: Record, cell: Record | None) -> dict[str, Any]:
    """One row of the long table, numbers rounded, labels as they are in the record.

    Parameters
    ----------
    score
        Record of a regressor's errors on a cell.
    cell
        Record of the cell, if there is one.
    """
    row = {"note": ""} | score["labels"]
    row |= {"status": score["status"], "reason": _one_line(score.get("reason", ""))}
    metrics = dict(score.get("metrics", {}))
    grid = metrics.pop("grid", {})
    row |= _rounded(metrics)
    if score["status"] == "ok":
        row["imp"] = _round(imp(row["mse_before"], row["mse_after"]), DIGITS)
    row |= _rounded({f"mse_{key.replace('|', '_')}": value for key, value in grid.items()})
    row |= _costs(score, _OF_REGRESSOR)
    if cell is not None:
        row |= _rounded(cell.get("metrics", {})) | _costs(cell, "")
    row["processor"] = score["environment"]["processor"]
    row["identity"] = score["identity"]
    return row


def provenance(score: Record, cell: Record | None) -> dict[str, str]:
    """The columns of `PROVENANCE` but for the experiments: with them `restore` undoes `flatten`."""
    known = cell or {}
    return {
        "source": score["source"],
        "cell_source": known.get("source", ""),
        "cell_status": known.get("status", ""),
        "cell_reason": _one_line(known.get("reason", "")),
        "git": score["environment"].get("git") or "",
        "config": canonical(score["config"]),
    }


def restore(row: Mapping[str, str]) -> tuple[Record, Record | None]:
    """The records of a score and of its cell from a row of text with `PROVENANCE`.

    They lack the traceback of a failure, the time, and of the environment all but the processor
    and the git revision; of the cell's, nothing is known.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or does not hold what it should.
    """
    config = json.loads(row["config"])
    labels: dict[str, Any] = {name: row[name] for name in LABELS}
    labels |= {
        "level": float(row["level"]),
        "seed": int(row["seed"]),
        "is_control": {"True": True, "False": False}[row["is_control"]],
    }
    if row.get("note"):
        labels["note"] = row["note"]
    score = _record(row["identity"], labels, row["status"], row["reason"], row["source"])
    score["environment"] = {"processor": row["processor"], "git": row["git"] or None}
    score["config"] = config
    of_cell = {key: value for key, value in labels.items() if key != "regressor"}
    cell = _record("", of_cell, row["cell_status"], row["cell_reason"], row["cell_source"])
    cell["environment"] = {}
    cell["config"] = without_regressor(config)
    cell["identity"] = identity(cell["config"])
    for column, text in row.items():
        if text and column not in TEXTS and column != "imp":
            _place(column, float(text), score, cell)
    for record in (score, cell):
        if record["status"] != "ok":
            del record["metrics"]
    return score, cell if cell["status"] else None


def without_regressor(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a score's config shares with its cell's."""
    return {key: value for key, value in config.items() if key != "regressor"}


def _record(name: str, labels: dict[str, Any], status: str, reason: str, source: str) -> Record:
    record: Record = {"identity": name, "labels": labels, "status": status}
    if status != "ok":
        record["reason"] = reason
    return record | {"metrics": {}, "seconds": {}, "peak_memory_mb": {}, "source": source}


def _place(column: str, value: float, score: Record, cell: Record) -> None:
    """Put a number back where `flatten` took it from."""
    for measure in _COSTS:
        if column.startswith(f"{measure}_"):
            stage = column.removeprefix(f"{measure}_")
            if stage.startswith(_OF_REGRESSOR):
                score[measure][stage.removeprefix(_OF_REGRESSOR)] = value
            else:
                cell[measure][stage] = value
            return
    of_grid = column.split("_")[1:]
    if not column.startswith("mse_"):
        cell["metrics"][column] = value
    elif len(of_grid) == 3:
        score["metrics"].setdefault("grid", {})["|".join(of_grid)] = value
    else:
        score["metrics"][column] = value


def _costs(record: Record, prefix: str) -> dict[str, float]:
    return {
        f"{measure}_{prefix}{stage}": _round(value, DIGITS_OF_COSTS)
        for measure in _COSTS
        for stage, value in record[measure].items()
    }


def _rounded(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {
        name: None if value is None else _round(value, DIGITS) for name, value in metrics.items()
    }


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
