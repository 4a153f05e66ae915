"""Wavelet threshold denoising."""

import numpy as np
import pywt

from denograd.base import BaseDenoiser

MEDIAN_OF_NORMAL = 0.6745
"""Median of |z| for a standard normal z, to the digits of the publication."""


class WTDDenoiser(BaseDenoiser):
    """Shrink the wavelet coefficients of every column, target included, by the level of its noise.

    Each column is decomposed as deep as its length allows and its coefficients are thresholded
    softly at σ·√(2 ln n), where σ is the median of the absolute finest details divided by 0.6745.
    As published the coefficients of the approximation are shrunk as well, which pulls the column
    towards zero; columns too short for one decomposition stay as they are. In a table the order of
    the rows is taken for time, as published.

    Parameters
    ----------
    wavelet : str
        A discrete wavelet of PyWavelets.
    mode : str
        How PyWavelets continues a column beyond its ends.
    threshold_approximation : bool
        Whether the coarsest band is shrunk like the others.

    References
    ----------
    Donoho and Johnstone (1994). Ideal spatial adaptation by wavelet shrinkage. Biometrika 81,
    425-455.
    """

    method = "wtd"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = False

    def __init__(
        self, wavelet: str = "db4", mode: str = "smooth", threshold_approximation: bool = True
    ) -> None:
        self.wavelet = wavelet
        self.mode = mode
        self.threshold_approximation = threshold_approximation

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        discrete = pywt.wavelist(kind="discrete")
        for name, known in (("wavelet", discrete), ("mode", pywt.Modes.modes)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        refined = self._shrink(np.column_stack([X, y]))
        return refined[:, :-1].copy(), refined[:, -1].copy()

    def _shrink(self, columns: np.ndarray) -> np.ndarray:
        n_rows = columns.shape[0]
        bands = pywt.wavedec(columns, self.wavelet, self.mode, axis=0)
        if len(bands) == 1:
            return columns
        noise = np.median(np.abs(bands[-1]), axis=0) / MEDIAN_OF_NORMAL
        threshold = noise * np.sqrt(2.0 * np.log(n_rows))
        first = 0 if self.threshold_approximation else 1
        bands[first:] = [soft_threshold(band, threshold) for band in bands[first:]]
        # A column of odd length comes back one row longer.
        return pywt.waverec(bands, self.wavelet, self.mode, axis=0)[:n_rows]


def soft_threshold(values: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Move values towards zero by the threshold of their column, and no further than zero."""
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)
