"""Hydra callback that prepares a run and says what will be launched."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write

from experiments.commands.journal import VARIABLE, journal_path
from experiments.commands.supervisor import RUN_VARIABLE
from experiments.commands.tune import write_found
from experiments.commands.worker import StopRunError, answer
from experiments.files import StoreError, remove_stale, temporary_files
from experiments.settings.compose import name_of, to_settings
from experiments.settings.composer import without_hydra
from experiments.settings.parts import parts
from experiments.settings.values import ConfigError


class Follow(Callback):
    """Makes the journal of a run before its first job."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a single run."""
        if config.split_by is not None and config.part is None:
            raise StopRunError(
                ConfigError("split_by: divides the jobs of a sweep: it needs -m (--multirun)")
            )
        _start(config, total=1)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Follow a sweep, once its number of jobs is known."""
        from experiments.settings.command_line import sweep_size

        if config.split_by is not None and config.part is None:
            _divide(config)
        _start(config, total=sweep_size(config))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Say where a search has left what it found."""
        if config.scored_rows == "validation" and (path := write_found(config)):
            sys.stdout.write(f"{path}\n{path.read_text()}")


def _divide(config: DictConfig) -> None:
    """Sweep over the parts of every job too, the last key: they come one after the other."""
    params = config.hydra.sweeper.get("params") or {}
    given = [*params, *(task.partition("=")[0] for task in config.hydra.overrides.task)]
    if "part" in given:
        return
    try:
        of = parts(to_settings(without_hydra(config)))
    except ConfigError as error:
        raise StopRunError(error) from error
    with read_write(config), open_dict(config):
        config.hydra.sweeper.params = {**params, "part": ",".join(of)}


def _start(config: DictConfig, total: int | None) -> None:
    try:
        journal = _prepare(Path(config.results), config.name)
    except (ConfigError, OSError, StoreError) as error:
        raise StopRunError(error) from error
    runs = str(Path(config.results).absolute() / "runs")
    unit = "corruption" if config.split_by is None else "part"
    answer(
        answer="start",
        journal=str(journal),
        runs=runs,
        name=config.name,
        total=total,
        unit=unit,
    )


def _prepare(results: Path, name: str | None) -> Path:
    """Refuse what cannot work, clear up behind killed runs and make the journal of this one."""
    from experiments.store.store import Store, tell_damage

    name_of(name)
    store = Store(results.absolute())
    store.check_archive()
    store.tidy()
    tell_damage(store, "experiments")
    journal = journal_path(store.runs, os.environ[RUN_VARIABLE])
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.touch(exist_ok=False)
    remove_stale(temporary_files(store.runs))
    remove_stale(journal.parent.glob("*.jsonl"))
    os.environ[VARIABLE] = str(journal)
    return journal
