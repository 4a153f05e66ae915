"""Wavelet threshold denoising that leaves the level of a series alone."""

from baselines._series_only import SeriesOnly
from baselines.wtd import WTDDenoiser


class WTDSaneDenoiser(SeriesOnly, WTDDenoiser):
    """Shrink the details of every channel of a series, and not its approximation.

    Parameters
    ----------
    wavelet, mode
        As in `baselines.wtd.WTDDenoiser`.
    threshold_approximation : bool
        Likewise; by default the coarsest band stays as it is.
    """

    def __init__(
        self, wavelet: str = "db4", mode: str = "smooth", threshold_approximation: bool = False
    ) -> None:
        super().__init__(wavelet, mode, threshold_approximation)
