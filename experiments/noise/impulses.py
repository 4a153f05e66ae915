"""A few wild values among many that are left alone."""

from dataclasses import dataclass

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.base import Noise


@dataclass(frozen=True)
class Impulses(Noise):
    """A share of the cells jumps up or down by a fixed size; the others keep every bit.

    noisy = clean + size·s·E, with E = ±1, both equally likely, in a share of the cells and 0 in the
    others, and s the column's standard deviation. A cell is hit when its uniform number lies below
    the share: what a smaller share hits, a larger one hits in the same direction. The standard
    deviation of the noise is size·s·√share.

    Parameters
    ----------
    share : float
        The level: share of the cells that are hit, from 0 to 1.
    size : float
        Height of the jumps, in standard deviations of the column.
    on, columns
        As in `experiments.noise.base.Noise`.
    """

    share: float
    size: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie between 0 and 1, not {self.share}")
        if not (np.isfinite(self.size) and self.size > 0):
            raise ValueError(f"size must be a finite number above 0, not {self.size}")

    @property
    def level(self) -> float:
        """How much noise there is: the share of cells that are hit."""
        return self.share

    @property
    def amplitude(self) -> float:
        """Factor of the draw, in standard deviations of the column: the size of a jump."""
        return self.size

    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        chance = rng.random(table.shape)
        direction = rng.choice((-1.0, 1.0), table.shape)
        return np.where(chance < self.share, direction, 0.0)
