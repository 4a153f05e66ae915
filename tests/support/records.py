"""Records that were never computed."""

from typing import Any

from experiments.store.records import Key

_CONFIG: dict[str, Any] = {
    "dataset": {"name": "data"},
    "seed": 0,
    "target": "as_is",
    "protocol": {"name": "held_out"},
    "denoiser": {"name": "identity"},
}
_LABELS: dict[str, Any] = {
    "dataset": "data",
    "domain": "tabular",
    "noise": "gaussian",
    "level": 0.1,
    "seed": 0,
    "target": "as_is",
    "profile": "paper",
    "protocol": "held_out",
    "denoiser": "identity",
    "kind": "control",
    "note": "",
}

#: Of a cell, and of a score on it.
KEY = Key(_CONFIG, _LABELS)
SCORE = Key(_CONFIG | {"regressor": {"name": "ridge"}}, _LABELS | {"regressor": "ridge"})

_GRID = {"noisy|noisy|noisy": 0.5, "refined|noisy|noisy": 0.25}
METRICS = {"mse_before": 0.5, "mse_after": 0.25, "grid": _GRID}


def outcome(**changes: Any) -> dict[str, Any]:
    """What a run writes beside the fields of the key."""
    return {
        "status": "ok",
        "metrics": {"swd": 0.0, "rho": 1.0},
        "seconds": {"fit": 0.1},
        "peak_memory_mb": {"fit": 100.0},
        "source": "0123456789abcdef",
        "environment": {"processor": "any", "git": None},
        "finished": "2026-11-26T00:00:00Z",
        **changes,
    }
