"""Empirical mode decomposition."""

import numpy as np
from joblib import Parallel, delayed

from denograd.base import BaseDenoiser


class EMDDenoiser(BaseDenoiser):
    """Subtract the fastest intrinsic mode functions from every column, target included.

    Envelopes are cubic splines. As published a column of which no more is left becomes zero:
    one that is constant, monotone or as good as decomposed. In a table the order of the rows is
    taken for time, as published.

    Parameters
    ----------
    drop : int
        Intrinsic mode functions (IMFs) to subtract.
    n_jobs : int
        Processes over which the columns are spread; -1 takes all processors.

    References
    ----------
    Huang, Shen, Long et al. (1998). The empirical mode decomposition and the Hilbert spectrum for
    nonlinear and non-stationary time series analysis. Proceedings of the Royal Society A 454,
    903-995.
    """

    method = "emd"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = False

    def __init__(self, drop: int = 2, n_jobs: int = 1) -> None:
        self.drop = drop
        self.n_jobs = n_jobs

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        if self.drop < 1:
            raise ValueError(f"drop must be at least 1 IMF, got {self.drop}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.ascontiguousarray(np.column_stack([X, y]).T)
        refined = Parallel(n_jobs=self.n_jobs)(delayed(self._refine)(one) for one in columns)
        return np.column_stack(refined[:-1]), refined[-1]

    def _refine(self, column: np.ndarray) -> np.ndarray:
        modes = decompose(column, self.drop)
        if len(modes) == self.drop:
            # The last IMF asked for is left in the rest if it has but two extrema; no other is.
            modes = decompose(column, self.drop + 1)
        return np.asarray(modes[self.drop :].sum(axis=0))


def decompose(column: np.ndarray, n_modes: int) -> np.ndarray:
    """Return the first IMFs of a column, and what is left of it as a last row unless that is zero.

    Parameters
    ----------
    column : ndarray of shape (n,)
        One of fewer than three rows has no IMF.
    n_modes : int
        IMFs to extract at most.

    Returns
    -------
    ndarray of shape (at most n_modes + 1, n)
    """
    if len(column) < 3:
        return column[None]
    # It imports pylab, which takes longer than refining most tables.
    from PyEMD import EMD

    # It stops at absolute sizes, which must not depend on the column's units.
    unit = power_of_two(column)
    modes: np.ndarray = EMD(spline_kind="cubic").emd(column / unit, max_imf=n_modes)
    return modes * unit


def power_of_two(column: np.ndarray) -> float:
    """The power of two next to a column's standard deviation: to divide by it rounds nothing."""
    largest = float(np.max(np.abs(column)))
    spread = float(np.std(column / largest)) * largest if largest > 0.0 else 0.0
    return float(2.0 ** np.round(np.log2(spread))) if spread > 0.0 else 1.0
