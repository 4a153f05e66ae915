"""One Hydra job, in the process that a launcher started for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing import current_process
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from experiments.commands.journal import append
from experiments.commands.progress import OUTCOMES, PROCESS_VARIABLE, counted, describe
from experiments.commands.tune import objective
from experiments.datasets.files import (
    DataFileError,
    DownloadError,
    MissingFileError,
    data_folder,
    find,
)
from experiments.files import CannotStoreError, no_room
from experiments.runner.keys import corruption_key
from experiments.runner.run import Follower, failure, is_done, leave, run_corruption
from experiments.settings.compose import to_settings
from experiments.settings.composer import refuse_lists
from experiments.settings.schema import Settings
from experiments.settings.values import ConfigError
from experiments.store.records import Key
from experiments.store.store import Store
from experiments.words import first_line

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.5


#: What the journal is told of a corruption at its end.
_OUTCOME: dict[str, Any] = {
    "event": "corruption",
    "what": "",
    "summary": "",
    "seconds": 0.0,
    "worked": False,
    "error": None,
    "missing": None,
}


class Journalist(Follower):
    """Tells the journal of this run what is done, and counts it."""

    def __init__(self, tell: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.scores: list[Key] = []
        self._tell = tell or append

    def planned(self, keys: Sequence[Key]) -> None:
        """Pass on what a listing of the run holds."""
        self.scores += [key for key in keys if "regressor" in key.config]
        self._tell({"event": "planned", "entries": {key.path: key.labels for key in keys}})

    def begun(self, key: Key) -> None:
        """Pass on what would be lost if this process died now."""
        begun = {"path": key.path, "labels": key.labels, "time": time.time()}
        self._tell({"event": "begun", "what": describe(key.labels)} | begun)

    def told(self, labels: dict[str, Any], status: str, reason: str = "") -> None:
        """Count and pass on."""
        self.counts[status] += 1
        what = describe(labels)
        self._tell({"event": "record", "status": status, "what": what, "reason": reason})

    def summary(self) -> str:
        """The counts in a few words."""
        return counted(self.counts, OUTCOMES | {"failed": "FAILED"})


def run_job(config: DictConfig) -> float | None:
    """Run the corruption that a config describes, telling the journal of every record.

    Where validation rows are scored, return what a search wants to be small.

    A corruption that cannot even be set up (its file is missing, its series too short) leaves a
    record of its own and is told as a failure, so that the other jobs of a sweep go on. With
    ``missing_data: leave_out`` a missing file is none: the corruption is told as left out. Only
    what cannot be written any more, a CannotStoreError, ends the run.
    """
    torch.set_num_threads(1)
    _leave_with_parent()
    # A log that cannot be written is no reason for a traceback on the terminal.
    logging.raiseExceptions = False
    start, journalist = time.monotonic(), Journalist()
    outcome = _OUTCOME | {"what": "job"}
    settings: Settings | None = None
    try:
        if HydraConfig.initialized():
            refuse_lists(HydraConfig.get().runtime.choices)
        settings = to_settings(config)
        outcome["what"] = title(settings)
        outcome |= _outcome(settings, journalist)
    except (KeyboardInterrupt, CannotStoreError):
        raise
    except BaseException as problem:
        log.exception("%s failed", outcome["what"])
        outcome["error"] = _sentence(problem)
        if settings is not None:
            # A dataset without a name or domain cannot even be called something.
            with suppress(AttributeError, TypeError, ValueError):
                outcome["record"] = _leave_failure(settings, problem, journalist)
    outcome["seconds"] = time.monotonic() - start
    outcome["worked"] = journalist.counts["ok"] + journalist.counts["failed"] > 0
    append(outcome)
    if settings is None or settings.scored_rows == "test":
        return None
    return objective(map(Store(settings.results).read, journalist.scores))


def settle(settings: Settings) -> bool:
    """Do without a job for a corruption of which nothing is left to do; False if something is.

    The journal is told what the job would tell, or else what the job comprises.
    """
    start, events = time.monotonic(), list[dict[str, Any]]()
    summary = _beyond_limit(settings)
    if not summary:
        dataset, journalist = settings.dataset.build(), Journalist(events.append)
        # What is to be downloaded first is left to the job.
        here = all(find(dataset.name, file) for file in getattr(dataset, "files", ()))
        if not here:
            failed = Store(settings.results).status(corruption_key(settings)) == "failed"
            if failed or not settings.only_failed:
                return False
            journalist.counts["new"] += 1
        elif not is_done(settings, journalist):
            planned = [event["entries"] for event in events if event["event"] == "planned"]
            append({"event": "due", "entries": {k: v for of in planned for k, v in of.items()}})
            return False
        _forget_failure(settings)
        summary = journalist.summary()
    seconds = time.monotonic() - start
    told = {"what": title(settings), "summary": summary, "seconds": seconds, "settled": True}
    append(*events, _OUTCOME | told)
    return True


@cache
def _leave_with_parent() -> None:
    """End this process when the one that launched it has died: nobody waits for it any more."""
    if not current_process().name.startswith("LokyProcess"):
        # On another machine, or the very process that launches.
        return
    parent = os.getppid()
    if os.environ.get(PROCESS_VARIABLE) != str(parent):
        # It died before this one had anything to do.
        os._exit(1)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _outcome(settings: Settings, journalist: Journalist) -> dict[str, Any]:
    """Run a corruption and say what became of it."""
    if beyond := _beyond_limit(settings):
        return {"summary": beyond}
    try:
        run_corruption(settings, journalist)
    except (MissingFileError, DownloadError) as problem:
        if settings.missing_data == "fail":
            raise
        # It raises where the variable names no folder: that is a slip, not a missing file.
        data_folder()
        log.warning("left out: %s", problem)
        _forget_failure(settings)
        return {
            "summary": "left out: no file, see python -m experiments data list",
            "missing": settings.dataset.label,
        }
    _forget_failure(settings)
    return {"summary": journalist.summary()}


def _beyond_limit(settings: Settings) -> str:
    """Why a corruption is left out, if its seed is one too many."""
    limit = (settings.seeds_per_domain or {}).get(settings.domain)
    if limit is None or settings.seed < limit:
        return ""
    return f"left out, {limit} seed{'s' if limit > 1 else ''} per such dataset"


def _sentence(problem: BaseException) -> str:
    if isinstance(problem, ConfigError | DataFileError | ValueError):
        return first_line(problem)
    name = type(problem).__name__
    return f"{name}: {first_line(problem)} (the traceback is in the job's log)"


def _leave_failure(settings: Settings, problem: BaseException, journalist: Journalist) -> str:
    key = corruption_key(settings)
    journalist.planned([key])
    leave(Store(settings.results), key, failure(problem))
    return key.path


def _forget_failure(settings: Settings) -> None:
    """Whatever kept a corruption from being set up before is gone."""
    try:
        Store(settings.results).remove(corruption_key(settings))
    except OSError as error:
        raise CannotStoreError(no_room(error)) from error


def title(settings: Settings) -> str:
    """A corruption in a few words."""
    permuted = " (target permuted)" if settings.target == "permuted" else ""
    part = f", part {settings.part}" if settings.part else ""
    name = f"{settings.dataset.label}{permuted}"
    return f"{name}, noise {settings.level:g}, seed {settings.seed}{part}"
