"""What one piece of work is: its config, its identity and its labels.

A cell is a corruption × protocol × denoiser; a score adds a regressor. The identity is a hash of
everything that decides the result: config, fingerprint of the data and revision of every component.
Device, workers, paths, labels and the order of arguments are not part of it.
"""

from __future__ import annotations

from typing import Any

from experiments.runner.corruption import Outline
from experiments.runner.protocols import PROTOCOLS
from experiments.settings.schema import Component, Settings
from experiments.store.records import Key

#: Raised when the scoring itself (metrics, examples, the grid) changes its results.
REVISION = 1


def corruption_key(settings: Settings) -> Key:
    """Key of a corruption that could not be set up: what of it is known without its data."""
    return Key(_of_corruption(settings), _corruption_labels(settings))


def cell_key(corruption: Outline, protocol: str, denoiser: Component) -> Key:
    """Key of what a denoiser does to a corruption under a protocol."""
    settings = corruption.settings
    config = _of_corruption(settings)
    config["dataset"] |= {"fingerprint": corruption.fingerprint}
    config["protocol"] = {"name": protocol, "revision": PROTOCOLS[protocol].revision}
    config["denoiser"] = denoiser.identity()
    labels = _corruption_labels(settings) | {
        "protocol": protocol,
        "denoiser": denoiser.label,
        "kind": denoiser.kind,
        "note": corruption.dataset.note,
    }
    if denoiser.readings:
        labels["readings"] = " ".join(denoiser.readings)
    return Key(config, labels)


def score_key(cell: Key, regressor: Component) -> Key:
    """Key of a regressor's errors on a cell."""
    return Key(
        cell.config | {"regressor": regressor.identity()},
        cell.labels | {"regressor": regressor.label},
    )


def _of_corruption(settings: Settings) -> dict[str, Any]:
    config: dict[str, Any] = {
        "revision": REVISION,
        "dataset": settings.dataset.identity(),
        "max_rows": settings.profile.rows_of(settings.domain),
        "noise": settings.noise.identity() if settings.level else None,
        "target": settings.target,
        "seed": settings.seed,
    }
    if settings.scored_rows != "test":
        config["scored_rows"] = settings.scored_rows
    if settings.profile.max_columns is not None:
        config["max_columns"] = settings.profile.max_columns
    if settings.domain == "series":
        config |= {"window_size": settings.window_size, "horizon": settings.horizon}
    return config


def _corruption_labels(settings: Settings) -> dict[str, Any]:
    return {
        "dataset": settings.dataset.label,
        "domain": settings.domain,
        "noise": settings.noise.name.rpartition(".")[2],
        "level": settings.level,
        "seed": settings.seed,
        "target": settings.target,
        "profile": settings.profile.name,
    }
