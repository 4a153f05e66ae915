"""A multivariate series with several periods."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable, Domain, SyntheticDataset, require_at_least
from experiments.seeds import rng_for

_DAY = 24
_WEEK = 7 * _DAY
_SEASON = 60 * _DAY
_HARMONICS = 3
_DAY_MEMORY = 0.7
_DAY_SPREAD = 0.4


class Seasonal(SyntheticDataset):
    """Channels with a daily shape, a weekly and a slow period, and a target that follows them.

    A driver is a daily shape (24 steps, three harmonics), scaled by a level that changes from day
    to day (a first-order autoregression), plus a weekly and a 60-day wave. The target mixes what
    the drivers were 24 steps ago with a daily shape of its own.

    Parameters
    ----------
    n : int
        Number of steps; the first ones do not depend on it.
    n_drivers : int
        Number of channels besides the target, at least 1.
    """

    name: ClassVar[str] = "seasonal"
    title: ClassVar[str] = "Seasonal multivariate series"
    domain: ClassVar[Domain] = "series"
    target = "target"

    def __init__(self, n: int = 3_000, n_drivers: int = 4) -> None:
        require_at_least("n", n, 1)
        require_at_least("n_drivers", n_drivers, 1)
        self.n = n
        self.n_drivers = n_drivers

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the target counted once."""
        return self.n, self.n_drivers + 1

    def load(self) -> DataTable:
        """Generate the series."""
        shape_rng = rng_for("dataset", self.name, "shape")
        level_rng = rng_for("dataset", self.name, "level")
        # One day more in front, because the target looks a day back.
        step = np.arange(self.n + _DAY)[:, None]
        channels = self.n_drivers + 1
        daily = _waves(step, _DAY / np.arange(1, _HARMONICS + 1), channels, shape_rng)
        slow = _waves(step, np.array([_WEEK, _SEASON]), channels, shape_rng)
        n_days = -(-len(step) // _DAY)
        level = 1 + _autoregression(n_days, channels, level_rng)
        signal = level[step[:, 0] // _DAY] * daily + 0.5 * slow

        weights = shape_rng.uniform(0.5, 1.0, size=self.n_drivers) / np.sqrt(self.n_drivers)
        target = signal[:-_DAY, 1:] @ weights + 0.5 * signal[_DAY:, 0]
        columns = [self.target, *(f"driver_{i}" for i in range(1, channels))]
        values = np.column_stack([target, signal[_DAY:, 1:]])
        frame = pd.DataFrame(values, columns=columns)
        return DataTable.series(frame, self.target, fingerprint=self.fingerprint())


def _waves(
    step: np.ndarray, periods: np.ndarray, channels: int, rng: np.random.Generator
) -> np.ndarray:
    """Sum of one sine per period, with an amplitude and a phase of its own in every channel."""
    amplitude = rng.uniform(0.3, 1.0, size=(len(periods), channels))
    phase = rng.uniform(0, 2 * np.pi, size=(len(periods), channels))
    parts = zip(periods, amplitude, phase, strict=True)
    return sum(a * np.sin(2 * np.pi * step / period + p) for period, a, p in parts)


def _autoregression(n: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """First-order autoregression of standard deviation `_DAY_SPREAD`, one column per channel."""
    shocks = rng.standard_normal((n, channels)) * _DAY_SPREAD
    out = np.empty_like(shocks)
    out[0] = shocks[0]
    for i in range(1, n):
        out[i] = _DAY_MEMORY * out[i - 1] + np.sqrt(1 - _DAY_MEMORY**2) * shocks[i]
    return out
