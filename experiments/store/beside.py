"""What other records say of a score: the naive error, and whether its denoiser needs a signal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from experiments.metrics import imp_from_log_ratio, log_ratio
from experiments.store.records import Record, canonical, identity, rounded

#: A denoiser that scores more than this where there is no signal, in Imp%; doing nothing scores 0.
LEAST_IMP = 5.0
REMARK = "scores without signal"


class Beside:
    """Looks through records once, and answers for any score.

    Parameters
    ----------
    records
        Those of the naive regressor and those on permuted targets are looked at.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._naive: dict[str, float] = {}
        ratios: dict[str, list[float]] = {}
        for record in records:
            config = record["config"]
            if record["status"] != "ok" or "regressor" not in config:
                continue
            if config["regressor"]["name"] == "naive":
                self._naive[_corruption_id(config)] = rounded(record)["metrics"]["mse_before"]
            if config["target"] == "permuted" and config["protocol"]["name"] == "published":
                metrics = record["metrics"]
                ratio = log_ratio(metrics["mse_before"], metrics["mse_after"])
                ratios.setdefault(canonical(config["denoiser"]), []).append(ratio)
        means = {denoiser: float(np.mean(of)) for denoiser, of in ratios.items()}
        self._without = {d for d, mean in means.items() if imp_from_log_ratio(mean) > LEAST_IMP}

    def columns(self, score: Record) -> dict[str, Any]:
        """Columns of the long table; NaN where nothing is known."""
        config = score["config"]
        remark = REMARK if canonical(config["denoiser"]) in self._without else math.nan
        return {"mse_naive": self._naive.get(_corruption_id(config), math.nan), "signal": remark}


def _corruption_id(config: dict[str, Any]) -> str:
    """What all denoisers and regressors share under a protocol."""
    shared = {k: v for k, v in config.items() if k not in ("denoiser", "regressor")}
    return identity(shared)
