"""What other records say of a score: the naive error, and whether its denoiser needs a signal."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from experiments.metrics import imp_from_log_ratio, log_ratio
from experiments.store.records import Record, canonical, identity, rounded

#: A denoiser that scores more than this where there is no signal, in Imp%; doing nothing scores 0.
LEAST_IMP = 5.0
REMARK = "scores without signal"


class Beside:
    """Looks through records, and answers for any score once it has seen them all."""

    def __init__(self) -> None:
        self._naive: dict[str, float] = {}
        self._ratios: dict[str, list[float]] = {}

    def take(self, record: Record) -> None:
        """Look at a record; one of the naive regressor or on a permuted target tells something."""
        config = record["config"]
        if record["status"] != "ok" or "regressor" not in config:
            return
        if config["regressor"]["name"] == "naive":
            self._naive[_corruption_id(config)] = rounded(record)["metrics"]["mse_before"]
        if config["target"] == "permuted" and config["protocol"]["name"] == "published":
            metrics = record["metrics"]
            ratio = log_ratio(metrics["mse_before"], metrics["mse_after"])
            self._ratios.setdefault(canonical(config["denoiser"]), []).append(ratio)

    @staticmethod
    def key(score: Record) -> tuple[str, str]:
        """What `columns` wants to know of a score."""
        config = score["config"]
        return _corruption_id(config), canonical(config["denoiser"])

    def columns(self, key: tuple[str, str]) -> dict[str, Any]:
        """Columns of the long table; NaN where nothing is known."""
        corruption, denoiser = key
        remark = REMARK if denoiser in self._without else math.nan
        return {"mse_naive": self._naive.get(corruption, math.nan), "signal": remark}

    @cached_property
    def _without(self) -> set[str]:
        means = {denoiser: float(np.mean(of)) for denoiser, of in self._ratios.items()}
        return {d for d, mean in means.items() if imp_from_log_ratio(mean) > LEAST_IMP}


def _corruption_id(config: dict[str, Any]) -> str:
    """What all denoisers and regressors share under a protocol."""
    shared = {k: v for k, v in config.items() if k not in ("denoiser", "regressor")}
    return identity(shared)
