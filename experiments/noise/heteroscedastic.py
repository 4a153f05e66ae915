"""Noise that grows towards the extremes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.base import ScaledNoise


@dataclass(frozen=True)
class Heteroscedastic(ScaledNoise):
    """Normal noise whose size depends on how far a clean value lies from the mean.

    noisy = clean + σ·s·h(z)·E, with E standard normal, s the column's standard deviation, z a
    z-score over all rows and h(z) = √((1 − growth) + growth·z²). The mean of h² is 1 whatever the
    data, so that σ means what it means for `Gaussian`: the noise is only dealt out otherwise. With
    growth ½ it is 0.71 of that size at the mean, the same at one standard deviation and 2.2 times
    at three; with growth 1 it is proportional to the distance from the mean.

    Parameters
    ----------
    sigma : float
        The level σ, a share of the column's standard deviation s.
    by : {"value", "target"}
        Whose z-score counts: that of the value itself, or that of the target in its row, so that
        rows with extreme targets are noisy throughout.
    growth : float
        Share of the variance that follows z², from 0 (as `Gaussian`) to 1.
    on, columns
        As in `experiments.noise.base.Noise`.
    """

    by: Literal["value", "target"] = "value"
    growth: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by not in ("value", "target"):
            raise ValueError(f"by must be value or target, not {self.by!r}")
        if not 0 <= self.growth <= 1:
            raise ValueError(f"growth must lie between 0 and 1, not {self.growth}")

    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        values = table.y.to_numpy()[:, None]
        if self.by == "value":
            X = table.X.to_numpy()
            values = X if table.domain == "series" else np.hstack((X, values))
        size = np.sqrt((1 - self.growth) + self.growth * _squared_z(values))
        return size * rng.standard_normal(table.shape)


def _squared_z(values: np.ndarray) -> np.ndarray:
    """Return z² per column, 1 where nothing varies."""
    squares = (values - values.mean(axis=0)) ** 2
    variance = squares.mean(axis=0)
    varies = (values.min(axis=0) < values.max(axis=0)) & (variance > 0)
    return np.divide(squares, variance, out=np.ones_like(squares), where=varies)
