"""A score and its cell as one row of the long table, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from experiments.metrics import imp
from experiments.store.records import Record, canonical, identity

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
#: What a row needs beside the long table's columns to become records again, and in which named
#: experiments it is.
PROVENANCE = (
    "experiments",
    "cell",
    "source",
    "cell_source",
    "cell_status",
    "cell_reason",
    "git",
    "config",
)
#: The last column of the archive.
CHECKSUM = "checksum"
#: Columns that hold no measurement.
TEXTS = (*LABELS, "status", "reason", "note", "processor", "identity", *PROVENANCE, CHECKSUM)

# Floating-point results differ between processors beyond these digits, and nobody reads them.
DIGITS = 9
DIGITS_OFCOSTS = 4
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
    row = {"note": ""} | score["labels"]
    row |= {"status": score["status"], "reason": _one_line(score.get("reason", ""))}
    metrics = dict(score.get("metrics", {}))
    grid = metrics.pop("grid", {})
    row |= _rounded(metrics)
    if score["status"] == "ok":
        row["imp"] = _round(imp(row["mse_before"], row["mse_after"]), DIGITS)
    row |= _rounded({f"mse_{key.replace('|', '_')}": value for key, value in grid.items()})
    row |= _costs(score, OF_REGRESSOR)
    if cell is not None:
        row |= _rounded(cell.get("metrics", {})) | _costs(cell, "")
    row["processor"] = score["environment"]["processor"]
    row["identity"] = score["identity"]
    return row


def provenance(score: Record, cell: Record | None) -> dict[str, str]:
    """The columns of `PROVENANCE` but for the experiments: with them, rows become records again."""
    known = cell or {}
    return {
        "cell": identity(without_regressor(score["config"])),
        "source": score["source"],
        "cell_source": known.get("source", ""),
        "cell_status": known.get("status", ""),
        "cell_reason": _one_line(known.get("reason", "")),
        "git": score["environment"].get("git") or "",
        "config": canonical(score["config"]),
    }


def restore_score(row: Mapping[str, str]) -> Record:
    """The record of a score from a row of text with the columns of `PROVENANCE`.

    It is marked as ``archived``, and lacks the traceback of a failure, the time, and of the
    environment all but the processor and the git revision.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or does not hold what it should.
    """
    record = _restore(row, "score", row["status"], row["reason"], row["source"])
    record["environment"] = {"processor": row["processor"], "git": row["git"] or None}
    return record | {"identity": row["identity"], "config": json.loads(row["config"])}


def restore_cell(row: Mapping[str, str]) -> Record | None:
    """The record of a row's cell, if there was one; nothing is known of its environment.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or does not hold what it should.
    """
    if not row["cell_status"]:
        return None
    record = _restore(row, "cell", row["cell_status"], row["cell_reason"], row["cell_source"])
    del record["labels"]["regressor"]
    config = without_regressor(json.loads(row["config"]))
    if identity(config) != row["cell"]:
        raise ValueError(f"{row['cell']!r} is not the identity of its cell's config")
    return record | {"environment": {}, "identity": row["cell"], "config": config}


def without_regressor(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a score's config shares with its cell's."""
    return {key: value for key, value in config.items() if key != "regressor"}


def _restore(row: Mapping[str, str], of: str, status: str, reason: str, source: str) -> Record:
    """What the records of scores and cells have in common."""
    labels: dict[str, Any] = {name: row[name] for name in LABELS}
    labels |= {
        "level": float(row["level"]),
        "seed": int(row["seed"]),
        "is_control": {"True": True, "False": False}[row["is_control"]],
        "note": row.get("note", ""),
    }
    record: Record = {"labels": labels, "status": status, "metrics": {}}
    record |= {measure: {} for measure in COSTS}
    for column, text in row.items():
        if text and (place := _place(column)) and place[0] == of:
            part = record[place[1]]
            if place[1] == "metrics" and "|" in place[2]:
                part = part.setdefault("grid", {})
            part[place[2]] = float(text)
    if status != "ok":
        record["reason"] = reason
        del record["metrics"]
    return record | {"source": source, "archived": True}


@cache
def _place(column: str) -> tuple[str, str, str] | None:
    """Where `flatten` took a column from: which record, which part of it, under which name."""
    if column in TEXTS or column == "imp":
        return None
    for measure in COSTS:
        stage = column.removeprefix(f"{measure}_")
        if stage.startswith(OF_REGRESSOR):
            return "score", measure, stage.removeprefix(OF_REGRESSOR)
        if stage != column:
            return "cell", measure, stage
    if not column.startswith("mse_"):
        return "cell", "metrics", column
    of_grid = column.split("_")[1:]
    return "score", "metrics", "|".join(of_grid) if len(of_grid) == 3 else column


def _costs(record: Record, prefix: str) -> dict[str, float]:
    return {
        f"{measure}_{prefix}{stage}": _round(value, DIGITS_OFCOSTS)
        for measure in COSTS
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
