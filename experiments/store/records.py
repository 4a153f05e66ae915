"""What a record is, and how it checks itself."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from experiments.metrics import headline
from experiments.words import Skip

Record = dict[str, Any]

# Fields of every record, those that its status adds, and its labels: of what could not even be set
# up (a corruption), of a cell, and of a regressor's errors on a cell (a score).
_FIELDS: dict[str, type] = {
    "identity": str,
    "labels": dict,
    "status": str,
    "seconds": dict,
    "peak_memory_mb": dict,
    "source": str,
    "environment": dict,
    "finished": str,
    "config": dict,
    "checksum": str,
}
#: What records lack that were made before it was measured.
_LATER: dict[str, type] = {"cpu_seconds": dict, "epochs": dict, "reused": dict, "size": dict}
_OF_STATUS: dict[str, dict[str, type]] = {
    "ok": {"metrics": dict},
    "skipped": {"skip": str, "reason": str},
    "failed": {"reason": str, "traceback": str},
}
_OF_CORRUPTION: dict[str, type] = {
    "dataset": str,
    "domain": str,
    "noise": str,
    "level": float,
    "seed": int,
    "target": str,
    "profile": str,
}
_OF_CELL: dict[str, type] = {"protocol": str, "denoiser": str, "kind": str, "note": str}
_OF_SCORE: dict[str, type] = {"regressor": str}
#: Of a run that compares readings: those that a cell belongs to, with a space between.
_LATER_LABELS: dict[str, type] = {"readings": str}


class DamagedError(ValueError):
    """A record is not what it says it is; the message says in what."""


@dataclass(frozen=True)
class Damage:
    """A file, or a row of one, that is left out, and why."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: damaged and left out: {self.what}"


def canonical(content: Any) -> str:
    """Content as text, the same whatever the order of its keys."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity(config: Mapping[str, Any]) -> str:
    """The identity of a record: the digest of its config, whatever the order of its keys."""
    return digest(canonical(config))


def seal(record: Record) -> Record:
    """The record with a checksum over all of it."""
    return record | {"checksum": _checksum(record)}


def path_of(config: Mapping[str, Any]) -> str:
    """Where the record of a config lies below the records: names for people, then its identity."""
    of_dataset = _word(config["dataset"]["name"])
    if "denoiser" not in config:
        return f"{of_dataset}/corruption-{identity(config)}.json"
    names = [_word(config[kind]["name"]) for kind in ("denoiser", "regressor") if kind in config]
    folder = f"{of_dataset}/{config['protocol']['name']}"
    return f"{folder}/{'-'.join(names)}-{identity(config)}.json"


def _word(name: str) -> str:
    return name.rpartition(".")[2].lower()


def check_record(
    record: Any, path: str | None = None, also: Mapping[str, type] | None = None
) -> Record:
    """Return what was read, if it is a record, and the one that belongs where it was read.

    `path` is that place below the records, None where records lie otherwise; `also` are fields that
    it has besides. A DamagedError says that a field is missing, unknown or of another type, that
    the identity is not the hash of the config, that it is the record of another path, that its
    headline is not that of its grid, or that anything in it was changed after it was written.
    """
    if not isinstance(record, dict):
        raise DamagedError(f"it holds {str(record)[:20]!r}, not a record")
    status = record.get("status")
    if not isinstance(status, str) or status not in _OF_STATUS:
        raise DamagedError(f"status is {status!r}, not one of {', '.join(_OF_STATUS)}")
    later = {name: kind for name, kind in _LATER.items() if name in record}
    _check_fields(record, _FIELDS | later | _OF_STATUS[status] | dict(also or {}), "")
    config, labels = record["config"], record["labels"]
    if record["identity"] != identity(config):
        raise DamagedError(f"{record['identity']!r} is not the identity of its config")
    try:
        own = path_of(config)
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedError("its config names no dataset, protocol or component") from error
    if path not in (None, own):
        raise DamagedError(f"it is the record of {own}")
    check_labels(labels, config)
    for name in ("seconds", "peak_memory_mb", *later):
        check_numbers(record[name], f"{name}.")
    if status == "skipped" and record["skip"] not in list(Skip):
        raise DamagedError(f"skip is {record['skip']!r}, not one of {', '.join(Skip)}")
    if status == "ok":
        check_metrics(record["metrics"], of_score="regressor" in config)
    if record["checksum"] != _checksum(record):
        raise DamagedError("it was changed after it was written")
    return record


def check_labels(labels: Any, config: Mapping[str, Any]) -> None:
    """Refuse labels that cannot be those of a config, with a DamagedError that names one."""
    later = {name: kind for name, kind in _LATER_LABELS.items() if name in labels}
    _check_fields(labels, _labels_of(config) | later, "labels.")
    for name in ("seed", "target"):
        if labels[name] != config.get(name):
            raise DamagedError(f"labels.{name} is not that of its config")


def check_metrics(metrics: Mapping[str, Any], of_score: bool) -> None:
    """Refuse metrics that are not finite, and a headline that is not that of its grid.

    A score has its headline, and its grid under ``grid``; a cell has distances, None where there is
    nothing to measure. The DamagedError names the metric.
    """
    figures = {name: value for name, value in metrics.items() if name != "grid"}
    if not of_score:
        check_numbers({k: v for k, v in figures.items() if v is not None}, "metrics.")
        return
    grid = metrics.get("grid")
    if not isinstance(grid, dict):
        raise DamagedError("metrics.grid is missing")
    check_numbers(grid, "metrics.grid.")
    check_numbers(figures, "metrics.")
    try:
        wanted = headline(grid)
    except KeyError as error:
        raise DamagedError(f"metrics.grid lacks {error}") from error
    for name in wanted.keys() | figures.keys():
        if wanted.get(name) != figures.get(name):
            raise DamagedError(
                f"metrics.{name} is {figures.get(name)}, its grid says {wanted.get(name)}"
            )


def check_numbers(numbers: Mapping[str, Any], where: str = "") -> None:
    """Refuse what is no finite number, with a DamagedError that names it."""
    for name, value in numbers.items():
        if type(value) not in (int, float) or not math.isfinite(value):
            raise DamagedError(f"{where}{name} is {value!r}, not a finite number")


def _checksum(record: Mapping[str, Any]) -> str:
    return digest(canonical({name: value for name, value in record.items() if name != "checksum"}))


def _labels_of(config: Mapping[str, Any]) -> dict[str, type]:
    of_cell = _OF_CELL if "denoiser" in config else {}
    return _OF_CORRUPTION | of_cell | (_OF_SCORE if "regressor" in config else {})


def _check_fields(fields: Mapping[str, Any], wanted: Mapping[str, type], where: str) -> None:
    for name, kind in wanted.items():
        if name not in fields:
            raise DamagedError(f"{where}{name} is missing")
        if type(fields[name]) is not kind:
            found = type(fields[name]).__name__
            raise DamagedError(f"{where}{name} must be {kind.__name__}, not {found}")
    for name in fields.keys() - wanted.keys():
        raise DamagedError(f"{where}{name} is no field of such a record")


@dataclass(frozen=True)
class Key:
    """Identity of a record, and where it lies in the store.

    `config` is everything that decides the result; `labels` are what tables call it.
    """

    config: dict[str, Any]
    labels: dict[str, Any]

    @cached_property
    def identity(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of the config."""
        return identity(self.config)

    @cached_property
    def path(self) -> str:
        """Path of the record below the records."""
        return path_of(self.config)


# Floating-point results differ between processors beyond these digits, and nobody reads them.
_DIGITS = {"metrics": 9, "seconds": 4, "cpu_seconds": 4, "reused": 4, "peak_memory_mb": 4}


def rounded(record: Record) -> Record:
    """A record whose numbers have as many digits as others can compute."""
    return record | {
        part: _round(record[part], digits) for part, digits in _DIGITS.items() if part in record
    }


def _round(numbers: Any, digits: int) -> Any:
    if isinstance(numbers, dict):
        return {name: _round(value, digits) for name, value in numbers.items()}
    return None if numbers is None else float(f"{numbers:.{digits}g}")
