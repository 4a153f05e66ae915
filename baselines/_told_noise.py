"""What denoisers share that have to be told how strong the noise is."""

from typing import Any, Self

import numpy as np

from denograd.base import BaseDenoiser


class ToldNoise(BaseDenoiser):
    """A denoiser that does not estimate the noise.

    The benchmark calls `tell` before `fit` with the noise that it injected, says so beside the
    method's name, and skips the method where nothing was injected.

    Parameters
    ----------
    noise : float, optional
        Standard deviation of the noise as a share of that of each column, target included.
    """

    def __init__(self, noise: float | None = None) -> None:
        self.noise: Any = noise

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

    def _variances(self, columns: np.ndarray) -> np.ndarray:
        """Variance of the noise of each column of (X, y)."""
        if self.noise is None:
            raise ValueError(
                f"{type(self).__name__} does not estimate the noise: pass noise=, its standard "
                "deviation as a share of each column's, or call tell(sd_X, sd_y)"
            )
        if isinstance(self.noise, tuple):
            sd = np.append(*self.noise)
        else:
            sd = self.noise * columns.std(axis=0)
        if sd.shape != columns.shape[1:] or not (np.isfinite(sd).all() and (sd >= 0.0).all()):
            raise ValueError(
                f"noise must be a finite standard deviation of at least 0 for each of "
                f"{columns.shape[1] - 1} columns of X and for y, got {self.noise}"
            )
        return sd**2
