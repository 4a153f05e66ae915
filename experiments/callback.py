"""Hydra callback that follows a run from the process that started it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from experiments.progress import Monitor
from experiments.store import Store

#: The monitor of the run in progress or just finished; the exit status comes from its counts.
monitor: Monitor | None = None


class Follow(Callback):
    """Starts the monitor before the first job and stops it after the last."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a single run."""
        _start(config, total=1)

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Stop following."""
        _stop()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a sweep, once its number of jobs is known."""
        from experiments.validation import sweep_size

        _start(config, total=sweep_size(config))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Stop following."""
        _stop()


def _start(config: DictConfig, total: int | None) -> None:
    global monitor
    store = Store(Path(config.results))
    if config.name is not None:
        # The listing of a named experiment is what its last run comprises.
        shutil.rmtree(store.listing(config.name), ignore_errors=True)
    monitor = Monitor(store.runs / "journals" / f"{config.name or 'run'}.jsonl", total)
    monitor.start()


def _stop() -> None:
    if monitor is not None:
        monitor.stop()
