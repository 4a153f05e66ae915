"""How noisy a series is: the standard deviation of what its neighbouring steps cannot explain.

Nothing is known of the noise but that it is independent from step to step. Three estimates, each
too high where the signal is rough in its own way: the intercept of the variogram at lag 0, the
smallest eigenvalue of the covariance of short windows, and the covariance of what the past and what
the future leave unexplained.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from denograd.arrays import as_floats
from denograd.calibration.series import GROUP, channel_groups
from denograd.calibration.windows import Windows, half_windows, held_out_filters, moves, one_sided

__all__ = ["estimate"]

_STEPS = 12
_LEAST_HALF = 3
_NORMAL = 0.6745


def estimate(series: Any) -> np.ndarray:
    """Standard deviation of the noise of each channel of a series.

    Parameters
    ----------
    series : array-like or DataFrame of shape (n,) or (n, channels)
        Values in time order, at equal distances.

    Returns
    -------
    ndarray of shape (channels,)
        In the units of the channels; 0 for a constant one. A single channel gives one number.

    Raises
    ------
    TypeError, ValueError
        For values that are no finite numbers, and for less than 71 steps.

    Examples
    --------
    >>> import numpy as np
    >>> from denograd import noise
    >>> t = np.arange(2000)
    >>> temperature = 20 + 5 * np.sin(t / 30) + np.random.default_rng(0).normal(0, 0.5, 2000)
    >>> noise.estimate(temperature).round(1)
    array([0.5])
    """
    values = as_floats(series, "series", (1, 2))
    values = values[:, None] if values.ndim == 1 else values
    half_windows(len(values), [_LEAST_HALF])
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return spread * np.sqrt(variances(scaled))


def variances(scaled: np.ndarray) -> np.ndarray:
    """Noise variance of each channel of a standardised series, in units of the channel's."""
    found = np.empty(scaled.shape[1])
    for channels in channel_groups(scaled, GROUP):
        found[channels] = unexplained_both_ways(scaled[:, channels])
    for j, values in enumerate(scaled.T):
        upper = min(smallest_eigenvalue(values), found[j])
        intercept = variogram_intercept(values)
        found[j] = min(intercept, upper) if intercept > 0.0 else upper
    return np.minimum(found, np.median(found))


def variogram_intercept(values: np.ndarray) -> float:
    """Robust variogram γ(h) = ½·(MAD of the differences at lag h)², continued to h = 0."""
    lags = np.arange(1, 5)
    gamma = [0.5 * _mad(values[h:] - values[:-h]) ** 2 for h in lags]
    return float(np.polyfit(lags, gamma, 2)[-1])


def smallest_eigenvalue(values: np.ndarray) -> float:
    """Smallest eigenvalue of the covariance of the windows of 13 steps, at least 0."""
    windows = np.lib.stride_tricks.sliding_window_view(values, _STEPS + 1)
    centred = windows - windows.mean(axis=0)
    return max(float(np.linalg.eigvalsh(centred.T @ centred / (len(windows) - 1))[0]), 0.0)


def unexplained_both_ways(series: np.ndarray) -> np.ndarray:
    """What 12 steps of all channels before, and 12 after, both leave unexplained, at least 0.

    The smaller of the covariance of the two residuals and of a robust form of it.
    """
    windows = Windows(series, _STEPS)
    mean, n = windows.mean(), len(series)
    products, centre = windows.products(mean), windows.centre
    past, future = np.arange(centre[0]), np.arange(centre[-1] + 1, windows.width)
    a, b = (
        moves(windows, mean, held_out_filters(products, n, solve))
        for solve in (partial(one_sided, centre=centre, features=f) for f in (past, future))
    )
    robust = [(_mad(p + q) ** 2 - _mad(p - q) ** 2) / 4.0 for p, q in zip(a.T, b.T, strict=True)]
    return np.maximum(np.minimum((a * b).mean(axis=0), robust), 0.0)


def _mad(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values)))) / _NORMAL
