"""Normal noise."""

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.base import ScaledNoise


class Gaussian(ScaledNoise):
    """Independent normal noise of the same size everywhere in a column.

    noisy = clean + σ·s·E, with E standard normal.

    Parameters
    ----------
    sigma : float
        The level σ, a share of the column's standard deviation s.
    on, columns
        As in `experiments.noise.base.Noise`.
    """

    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal(table.shape)
