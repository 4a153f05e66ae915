"""What a job keeps for others: the refined data of a cell, and fits that no denoiser changes.

Found or computed, the results are bit for bit the same; costs that come with what was found are
told as reused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from experiments.runner.corruption import Data
from experiments.runner.resources import Stages
from experiments.runner.scoring import Reference
from experiments.store.cache import Cache, Kept
from experiments.store.records import Key

Metrics = dict[str, float | None]


class Refined(NamedTuple):
    """What a denoiser made of a corruption, what that did to the data, and what it cost."""

    data: Data
    metrics: Metrics
    stages: Stages


@dataclass(frozen=True)
class Keeper:
    """Finds what a key stands for in a cache, or lets it be computed and keeps it.

    While another process computes it, a `wait` of False raises a
    `experiments.store.cache.BusyError`.
    """

    cache: Cache
    device: str | None

    def refined(self, cell: Key, compute: Callable[[], Refined], wait: bool) -> Refined:
        """The refined data of a cell; where they are found, all that they cost is reused."""

        def keep() -> Kept:
            data, metrics, stages = compute()
            facts = {"metrics": metrics, "stages": asdict(stages)}
            return Kept({"X": data.X, "y": data.y}, facts)

        (arrays, facts), found = self.cache.obtain(cell.config, self.device, keep, wait)
        stages = Stages(**facts["stages"])
        data = Data(arrays["X"], arrays["y"])
        return Refined(data, facts["metrics"], stages.as_reused() if found else stages)

    def reference(
        self, score: Key, compute: Callable[[], Reference], wait: bool
    ) -> tuple[Reference, bool]:
        """The fits of a score that its denoiser has no part in, and whether they were found."""

        def keep() -> Kept:
            predictions, costs = compute()
            arrays = {
                f"{fit}|{inputs}": predicted
                for fit, by_inputs in predictions.items()
                for inputs, predicted in by_inputs.items()
            }
            return Kept(arrays, {fit: asdict(stages) for fit, stages in costs.items()})

        config = {kind: of for kind, of in score.config.items() if kind != "denoiser"}
        (arrays, facts), found = self.cache.obtain(config, self.device, keep, wait)
        predictions: dict[str, dict[str, np.ndarray]] = {fit: {} for fit in facts}
        for name, predicted in arrays.items():
            fit, _, inputs = name.partition("|")
            predictions[fit][inputs] = predicted
        costs = {fit: Stages(**of) for fit, of in facts.items()}
        return Reference(predictions, costs), found
