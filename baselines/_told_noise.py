"""What denoisers share that have to be told how strong the noise is."""

from typing import Self

import numpy as np

from denograd.base import BaseDenoiser
from denograd.calibration.levels import Noise, read_levels


class ToldNoise(BaseDenoiser):
    """A denoiser that does not estimate the noise.

    The benchmark calls `tell` before `fit` with the noise that it injected, says so beside the
    method's name, and skips the method where nothing was injected.

    Parameters
    ----------
    noise : float, pair, array or mapping, optional
        As in `denograd.CalibratedDenoiser`; it has to be given, or told.
    """

    def __init__(self, noise: Noise | None = None) -> None:
        self.noise = noise

    def tell(self, sd_X: np.ndarray, sd_y: float) -> Self:
        """Take note of the noise.

        Parameters
        ----------
        sd_X : ndarray of shape (n_columns,)
            Standard deviation of the noise of every column of X, in its units.
        sd_y : float
            Likewise of the target.
        """
        self.noise = (sd_X, sd_y)
        return self

    def _noise_variances(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Variance of the noise of the columns of X and of y."""
        if self.noise is None:
            raise ValueError(
                f"{type(self).__name__} does not estimate the noise: pass noise=, its standard "
                "deviation as a share of each column's, or call tell(sd_X, sd_y)."
            )
        levels = read_levels(self.noise, X, y, getattr(self, "feature_names_in_", None))
        return np.append(levels.X, levels.y) ** 2
