"""Hydra's sweeper, but that it composes once per choice of groups and launches what is due alone.

Hydra finds plug-ins in its own packages alone; this one stands there under the name of the sweeper
that it extends, so that no config and no command line has another one to name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins import basic_sweeper
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig

from experiments.commands.job import settle
from experiments.files import CannotStoreError
from experiments.settings.command_line import BASIC_SWEEPER
from experiments.settings.composer import Composer

# Looking for plug-ins for the first time, Hydra executes their modules anew: what is extended below
# must be what comes out of it.
_PLUGINS = Plugins.instance()

#: By the folder of their sweep: what a worker has composed is there for its next job.
_composers: dict[str, Composer] = {}


def register() -> None:
    """Let Hydra sweep in this way."""
    _PLUGINS.class_name_to_class[BASIC_SWEEPER] = PlanningSweeper


class SweepLoader(ConfigLoaderImpl):
    """Composes the jobs of a sweep, in whatever process a launcher asks for it."""

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """The config of a job."""
        return self.composer(master_config).config(sweep_overrides)

    def composer(self, master_config: DictConfig) -> Composer:
        """What composes the jobs of this sweep in this process."""
        folder = str(master_config.hydra.sweep.dir)
        if folder not in _composers:
            compose = partial(super().load_sweep_config, master_config)
            _composers[folder] = Composer(compose, self)
        return _composers[folder]


class PlanningSweeper(basic_sweeper.BasicSweeper):
    """Leaves out jobs that have nothing to do, once it has told the journal of them."""

    def setup(self, *, hydra_context: HydraContext, config: DictConfig, **others: Any) -> None:
        """Put a loader of its own before the launcher."""
        self.loader = SweepLoader(hydra_context.config_loader.get_search_path())
        context = HydraContext(config_loader=self.loader, callbacks=hydra_context.callbacks)
        super().setup(hydra_context=context, config=config, **others)

    def split_arguments(
        self, overrides: list[Override], max_batch_size: int | None
    ) -> list[list[list[str]]]:
        """The batches of jobs to launch."""
        (jobs,) = super().split_arguments(overrides, None)
        composer = self.loader.composer(self.config)
        due = [job for job in jobs if not _settled(composer, job)]
        return list(self.split_overrides_to_chunks(due, max_batch_size)) if due else []

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Do nothing: each was composed to find out whether it is due."""


def _settled(composer: Composer, job: Sequence[str]) -> bool:
    try:
        return settle(composer.settings(job))
    except (KeyboardInterrupt, CannotStoreError, HydraException):
        raise
    except BaseException:
        # Whatever it is, the job will meet and tell it.
        return False
