"""Empirical mode decomposition that drops the modes of noise, and no others."""

import numpy as np

from baselines._series_only import SeriesOnly
from baselines.emd import EMDDenoiser, decompose

LONGEST_PERIOD = 4.0
"""Between the mean periods of the first two IMFs of white noise, 2.9 and 5.7 steps."""


class EMDSaneDenoiser(SeriesOnly, EMDDenoiser):
    """Subtract from every channel of a series the leading IMFs that white noise accounts for.

    The criterion is that of Flandrin, Gonçalvès and Rilling [1]_: the first IMF is taken for noise,
    the energy of the further ones of that noise follows from its energy, and IMFs are subtracted
    up to the first whose energy lies above the 99 % bound of what noise has. A first IMF that
    changes its sign too seldom for one of white noise [2]_ is not taken for noise; then nothing is
    subtracted. Where all IMFs are noise, the trend remains.

    Parameters
    ----------
    n_jobs : int
        Processes over which the channels are spread; -1 takes all processors.

    References
    ----------
    .. [1] Flandrin, Gonçalvès and Rilling (2005). EMD equivalent filter banks, from interpretation
       to applications. In: Hilbert-Huang transform and its applications, 57-74. World Scientific.
    .. [2] Wu and Huang (2004). A study of the characteristics of white noise using the empirical
       mode decomposition method. Proceedings of the Royal Society A 460, 1597-1611.
    """

    def __init__(self, n_jobs: int = 1) -> None:
        self.n_jobs = n_jobs

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        pass

    def _refine(self, column: np.ndarray) -> np.ndarray:
        rest, energy_of_first, number = column, 0.0, 0
        while len(split := decompose(rest, 1)) == 2:
            mode, slower = split
            energy, number = np.mean(mode**2).item(), number + 1
            if number == 1:
                energy_of_first = energy
                if mean_period(mode) > LONGEST_PERIOD:
                    break
            elif energy > largest_noise_energy(energy_of_first, number):
                break
            rest = slower
        return rest


def mean_period(mode: np.ndarray) -> float:
    """Return the mean number of steps in which a mode changes its sign twice."""
    negative = np.signbit(mode)
    crossings = np.count_nonzero(negative[1:] != negative[:-1])
    return 2.0 * len(mode) / crossings if crossings else np.inf


def largest_noise_energy(energy_of_first: float, number: int) -> float:
    """Return the 99 % bound of the energy of an IMF of white noise from that of the first IMF.

    On average the k-th has the energy W = (E1/0.719)·2.01^−k, and the bound T is given by
    log2 log2(T/W) = 0.46·k − 1.919 (the figures for white noise, H = 1/2).
    """
    average = energy_of_first / 0.719 * 2.01**-number
    return average * 2.0 ** (2.0 ** (0.46 * number - 1.919))
