"""Running corruptions in the process of the tests, as the command does in others."""

from collections.abc import Iterable
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.commands import job
from experiments.runner.run import Follower, run_corruption
from experiments.settings.schema import Settings
from experiments.store.listing import add_to_listing, listing_path
from experiments.store.records import Key
from experiments.store.store import Store


class Notes(Follower):
    """Remembers what a run comprises and what became of it."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.told_of: list[tuple[dict[str, Any], str]] = []

    def planned(self, keys: Any) -> None:
        self.keys += keys

    def told(self, labels: dict[str, Any], status: str, reason: str = "") -> None:
        self.told_of.append((labels, status))

    @property
    def statuses(self) -> list[str]:
        return [status for _, status in self.told_of]


def run_noted(settings: Settings) -> Notes:
    """Run a corruption; a named one is put into its listing."""
    notes = Notes()
    run_corruption(settings, notes)
    if settings.name is not None:
        enlist(Store(settings.results), settings.name, notes.keys)
    return notes


def enlist(store: Store, name: str, keys: Iterable[Key]) -> None:
    """Add pieces of work to the listing of an experiment, as the command does in the end."""
    add_to_listing(listing_path(store.runs, name), {key.path: key.labels for key in keys})


def run_job(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Run a job of these settings, as a launcher does; what it tells its journal."""
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(job, "to_settings", lambda config: settings)
    monkeypatch.setattr(job, "append", events.append)
    job.run_job(OmegaConf.create({}))
    return events
