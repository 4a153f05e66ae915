"""Sensors that wander."""

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.base import ScaledNoise


class Drift(ScaledNoise):
    """A random walk per channel of a series, as of a sensor that loses its calibration.

    noisy = clean + σ·s·D, with s the channel's standard deviation and D the running sum of
    independent standard normal steps, shifted and scaled to mean 0 and standard deviation 1 over
    the series. So the noise has exactly the size that σ says, almost all of it in swings as long as
    the series, and next to none from one step to the next. Neighbours share their error: averaging
    over time does not remove it.

    Parameters
    ----------
    sigma : float
        The level σ, a share of the channel's standard deviation s.
    on : {"X", "y", "both"}
        Without effect, since a series gets noise on every channel; here so that a sweep over
        families can name it.
    columns : {"all", "continuous"}
        All channels, or only those that do not stand for categories.
    """

    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        if table.domain != "series":
            raise ValueError(
                "drift is noise for series, and the rows of a table have no order in time: "
                "choose another noise, or a dataset that is a series"
            )
        walk = rng.standard_normal(table.shape).cumsum(axis=0)
        walk -= walk.mean(axis=0)
        return walk / walk.std(axis=0)
