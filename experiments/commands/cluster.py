"""The launchers of submitit, but that a task takes several jobs and all are waited for.

They stand under the names of those that they extend, as the sweeper does.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import submitit
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra_plugins.hydra_submitit_launcher import config, submitit_launcher
from omegaconf import OmegaConf

# It executes the modules of plug-ins anew: what they store must not come after what is stored here.
_PLUGINS = Plugins.instance()


@dataclass
class LocalConf(config.LocalQueueConf):
    """Options on one machine: jobs that one process takes, one after the other."""

    jobs_per_task: int = 1


@dataclass
class SlurmConf(config.SlurmQueueConf):
    """Options on Slurm: jobs that a task of the array takes, and how often its limit may end it."""

    jobs_per_task: int = 1
    max_num_timeout: int = 10


def register() -> None:
    """Let Hydra launch in this way."""
    for name, conf, launcher in (
        ("submitit_local", LocalConf, LocalLauncher),
        ("submitit_slurm", SlurmConf, SlurmLauncher),
    ):
        ConfigStore.instance().store(group="hydra/launcher", name=name, node=conf)
        _PLUGINS.class_name_to_class[conf._target_] = launcher


class _Launcher(submitit_launcher.BaseSubmititLauncher):
    def __init__(self, jobs_per_task: int = 1, **params: Any) -> None:
        super().__init__(**params)
        self._jobs_per_task = max(1, jobs_per_task)

    def __call__(
        self, jobs: Sequence[tuple[int, list[str]]], state: dict[type, Singleton]
    ) -> list[JobReturn]:
        """Run the jobs of a task, in whatever process it was given."""
        _end_at_once()
        run = super().__call__
        return [
            run(overrides, "hydra.sweep.dir", number, f"job_id_for_{number}", state)
            for number, overrides in jobs
        ]

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submit all jobs and wait for them; those that are not awaited any more are cancelled."""
        numbered = [*enumerate(map(list, job_overrides), initial_job_idx)]
        starts = range(0, len(numbered), self._jobs_per_task)
        packs = [numbered[start : start + self._jobs_per_task] for start in starts]
        tasks = self._executor().map_array(self, packs, [Singleton.get_state()] * len(packs))
        try:
            # Beyond one that died, which results() would stop at.
            for task in tasks:
                task.wait()
        except KeyboardInterrupt:
            self._cancel(tasks)
            raise
        return [returned for task in tasks for returned in task.results()[0]]

    def _executor(self) -> submitit.AutoExecutor:
        common = OmegaConf.structured(config.BaseQueueConf)
        params = {
            key if key in common else f"{self._EXECUTOR}_{key}": value
            for key, value in self.params.items()
        }
        of_executor = {"folder": params.pop("submitit_folder")}
        limit = f"{self._EXECUTOR}_max_num_timeout"
        of_executor |= {key: params.pop(key) for key in (limit,) if key in params}
        executor = submitit.AutoExecutor(cluster=self._EXECUTOR, **of_executor)
        executor.update_parameters(**params)
        return executor

    def _cancel(self, tasks: Sequence[submitit.Job[Any]]) -> None:
        for task in tasks:
            task.cancel()


class LocalLauncher(_Launcher):
    """Runs each task in a process of this machine, all at once."""

    _EXECUTOR = "local"


class SlurmLauncher(_Launcher):
    """Submits all tasks as one array."""

    _EXECUTOR = "slurm"

    def _cancel(self, tasks: Sequence[submitit.Job[Any]]) -> None:
        arrays = {task.job_id.partition("_")[0] for task in tasks}
        subprocess.run(["scancel", *sorted(arrays)], check=False)


def _end_at_once() -> None:
    """End this process with the signal that precedes a time limit, once the task is requeued.

    The exception that submitit raises would be taken for a failure of the cell in flight.
    """
    number = submitit.JobEnvironment._usr_sig()
    handle = signal.getsignal(number)
    assert callable(handle)

    def end(number: int, frame: FrameType | None) -> None:
        status: Any = 1
        try:
            handle(number, frame)
        except SystemExit as error:
            status = error.code
        finally:
            os._exit(status % 256)

    signal.signal(number, end)
