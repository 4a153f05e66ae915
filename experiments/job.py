"""One Hydra job, in the process that a launcher started for it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import Any

import torch
from omegaconf import DictConfig

from experiments.config import ConfigError, Settings, first_line, to_settings
from experiments.corruption import noise_level
from experiments.datasets.files import (
    DataFileError,
    DownloadError,
    MissingFileError,
    data_folder,
)
from experiments.progress import append, describe
from experiments.run import Notify, run_corruption

log = logging.getLogger(__name__)


def run_job(config: DictConfig) -> None:
    """Run the corruption that a config describes, telling the journal of every record.

    A corruption that cannot even be set up (its file is missing, its series too short) is told as
    a failure, so that the other jobs of a sweep go on. With ``missing_data: leave_out`` a missing
    file is none: the corruption is told as left out.
    """
    torch.set_num_threads(1)
    start, counts = time.monotonic(), Counter[str]()

    def notify(labels: dict[str, Any], status: str) -> None:
        counts[status] += 1
        append({"event": "record", "status": status, "what": describe(labels)})

    error: str | None = None
    missing: str | None = None
    what = "job"
    summary = ""
    try:
        settings = to_settings(config)
        what = title(settings)
        limit = (settings.seeds_per_domain or {}).get(settings.dataset.cls.domain)  # type: ignore[attr-defined]
        if limit is not None and settings.seed >= limit:
            summary = f"left out, {limit} seed{'s' if limit > 1 else ''} per such dataset"
        elif _run(settings, notify):
            summary = _summary(counts)
        else:
            missing = settings.dataset.label
            summary = "left out: no file, see python -m experiments.data list"
    except Exception as problem:
        log.exception("%s failed", what)
        error = first_line(problem)
        if not isinstance(problem, ConfigError | DataFileError | ValueError):
            error = f"{type(problem).__name__}: {error} (the traceback is in the job's log)"
    append(
        {
            "event": "corruption",
            "what": what,
            "summary": summary,
            "seconds": time.monotonic() - start,
            "error": error,
            "missing": missing,
            "worked": counts["ok"] + counts["failed"] > 0,
        }
    )


def _run(settings: Settings, notify: Notify) -> bool:
    """Run a corruption; False where its file is not here and the settings allow for that."""
    try:
        run_corruption(settings, notify)
    except (MissingFileError, DownloadError) as problem:
        if settings.missing_data == "fail":
            raise
        # It raises where the variable names no folder: that is a slip, not a missing file.
        data_folder()
        log.warning("left out: %s", problem)
        return False
    return True


def title(settings: Settings) -> str:
    """A corruption in a few words."""
    level = noise_level(settings)
    permuted = " (target permuted)" if settings.target == "permuted" else ""
    return f"{settings.dataset.label}{permuted}, noise {level:g}, seed {settings.seed}"


def _summary(counts: Counter[str]) -> str:
    names = {"ok": "computed", "cached": "already there", "skipped": "skipped", "failed": "FAILED"}
    return ", ".join(f"{counts[k]} {name}" for k, name in names.items() if counts[k])
