"""Noise with heavy tails."""

import math
from dataclasses import dataclass

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.base import ScaledNoise


@dataclass(frozen=True)
class StudentT(ScaledNoise):
    """Independent Student-t noise, scaled to unit variance.

    noisy = clean + σ·s·E, with E = T·√((ν − 2)/ν) and T of Student's distribution with ν degrees of
    freedom. Its variance is 1, so that σ means what it means for `Gaussian`: most cells get less
    than there (median |E| 0.44 against 0.67 for ν = 3) and a few much more (beyond 4: 0.6 %
    against 0.006 %).

    Parameters
    ----------
    sigma : float
        The level σ, a share of the column's standard deviation s.
    degrees : float
        Degrees of freedom ν, more than 2, below which there is no variance.
    on, columns
        As in `experiments.noise.base.Noise`.
    """

    degrees: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.isfinite(self.degrees) and self.degrees > 2):
            raise ValueError(f"degrees must be a finite number above 2, not {self.degrees}")

    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        unit = math.sqrt((self.degrees - 2) / self.degrees)
        return unit * rng.standard_t(self.degrees, table.shape)
