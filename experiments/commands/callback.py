"""Hydra callback that prepares a run and says what will be launched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from experiments.commands.progress import VARIABLE
from experiments.commands.supervisor import RUN_VARIABLE
from experiments.commands.worker import StopRunError, answer
from experiments.files import StoreError, remove_stale, temporary_files
from experiments.settings.compose import name_of
from experiments.settings.values import ConfigError


class Follow(Callback):
    """Makes the journal of a run before its first job."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a single run."""
        _start(config, total=1)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a sweep, once its number of jobs is known."""
        from experiments.settings.command_line import sweep_size

        _start(config, total=sweep_size(config))


def _start(config: DictConfig, total: int | None) -> None:
    try:
        journal = _prepare(Path(config.results), config.name)
    except (ConfigError, OSError, StoreError) as error:
        raise StopRunError(error) from error
    runs = str(Path(config.results).absolute() / "runs")
    answer(answer="start", journal=str(journal), runs=runs, name=config.name, total=total)


def _prepare(results: Path, name: str | None) -> Path:
    """Refuse what cannot work, clear up behind killed runs and make the journal of this one."""
    from experiments.store.store import Store, tell_damage

    name_of(name)
    store = Store(results.absolute())
    store.check_archive()
    store.tidy()
    tell_damage(store, "experiments")
    journal = store.runs / "journals" / f"{os.environ[RUN_VARIABLE]}.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.touch(exist_ok=False)
    remove_stale(temporary_files(store.runs))
    remove_stale(journal.parent.glob("*.jsonl"))
    os.environ[VARIABLE] = str(journal)
    return journal
