"""What one piece of work is: its config, its identity and its labels.

A cell is a corruption × protocol × denoiser; a score adds a regressor. The identity is a hash of
everything that decides the result: config, fingerprint of the data and revision of every component.
Device, workers, paths, labels and the order of arguments are not part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from experiments.config import Component, Settings
from experiments.corruption import Corruption, noise_level
from experiments.protocols import PROTOCOLS
from experiments.records import identity

#: Raised when the scoring itself (metrics, examples, the grid) changes its results.
REVISION = 1


@dataclass(frozen=True)
class Key:
    """Identity of a record, and where it lies in the store.

    Attributes
    ----------
    config
        Everything that decides the result.
    folder, stem
        Readable part of the record's path; both are functions of the config.
    labels
        What tables call it; not part of the identity.
    """

    config: dict[str, Any]
    folder: str
    stem: str
    labels: dict[str, Any]

    @property
    def identity(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of the config."""
        return identity(self.config)

    @property
    def path(self) -> str:
        """Path of the record below the store's root."""
        return f"{self.folder}/{self.stem}-{self.identity}.json"


def corruption_key(settings: Settings) -> Key:
    """Key of a corruption that could not be set up: what of it is known without its data."""
    dataset: Any = settings.dataset.cls
    config = _of_corruption(settings, dataset.domain)
    labels = _corruption_labels(settings, dataset.domain)
    return Key(config, str(dataset.name), "corruption", labels)


def cell_key(corruption: Corruption, protocol: str, denoiser: Component) -> Key:
    """Key of what a denoiser does to a corruption under a protocol."""
    settings = corruption.settings
    config = _of_corruption(settings, corruption.domain)
    config["dataset"] |= {"fingerprint": corruption.fingerprint}
    config["protocol"] = {"name": protocol, "revision": PROTOCOLS[protocol].revision}
    config["denoiser"] = denoiser.identity()
    labels = _corruption_labels(settings, corruption.domain) | {
        "protocol": protocol,
        "denoiser": denoiser.label,
        "is_control": bool(denoiser.cls.is_control),  # type: ignore[attr-defined]
        "note": corruption.dataset.note,
    }
    folder = f"{corruption.dataset.name}/{protocol}"
    return Key(config, folder, _method(denoiser), labels)


def score_key(cell: Key, regressor: Component) -> Key:
    """Key of a regressor's errors on a cell."""
    return Key(
        cell.config | {"regressor": regressor.identity()},
        cell.folder,
        f"{cell.stem}-{_method(regressor)}",
        cell.labels | {"regressor": regressor.label},
    )


def _of_corruption(settings: Settings, domain: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "revision": REVISION,
        "dataset": settings.dataset.identity(),
        "max_rows": settings.profile.rows_of(domain),
        "noise": settings.noise.identity() if noise_level(settings) else None,
        "target": settings.target,
        "seed": settings.seed,
    }
    if settings.profile.max_columns is not None:
        config["max_columns"] = settings.profile.max_columns
    if domain == "series":
        config |= {"window_size": settings.window_size, "horizon": settings.horizon}
    return config


def _corruption_labels(settings: Settings, domain: str) -> dict[str, Any]:
    return {
        "dataset": settings.dataset.label,
        "domain": domain,
        "noise": _snake_case(settings.noise.target.rpartition(".")[2]),
        "level": noise_level(settings),
        "seed": settings.seed,
        "target": settings.target,
        "profile": settings.profile.name,
    }


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _method(component: Component) -> str:
    return str(component.cls.method)  # type: ignore[attr-defined]
