"""What a channel's own past and future say of a time step: a local level, without the step itself.

z_t = level_t + ε_t with Var ε = R, level_{t+1} = level_t + η_t with Var η = Q (Durbin & Koopman,
Time Series Analysis by State Space Methods, ch. 2). The gains do not depend on the data, so beyond
the first steps the filter is one recursion with a constant gain.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter

_LOG_RATIOS = (-23.0, 7.0)
"""Logarithms of the least and the largest Q/R that are looked at."""


def without_itself(values: np.ndarray, noise: float) -> np.ndarray:
    """Prediction of each value from all the others of its channel, Q by maximum likelihood.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One channel in time order.
    noise : float
        Standard deviation √R of its noise, above 0.

    Returns
    -------
    ndarray of shape (n,)
        The smoothed level less what the value itself adds to it: the predictions from the past and
        from the future, weighted by their inverse variances.
    """
    if len(values) == 1:
        return values.copy()
    ratio = maximum_likelihood(values, noise)
    past, spread = one_step(values, ratio)
    future = one_step(values[::-1], ratio)[0][::-1]
    # The first value has no past, the last none to come: their variance is infinite.
    inverse = 1.0 / np.concatenate([[np.inf], spread[1:]])
    weights = inverse / (inverse + inverse[::-1])
    return weights * past + (1.0 - weights) * future


def maximum_likelihood(values: np.ndarray, noise: float) -> float:
    """Q/R of greatest likelihood where R is known."""

    def deviance(log_ratio: float) -> float:
        predicted, spread = one_step(values, float(np.exp(log_ratio)))
        error, spread = (values - predicted)[1:] / noise, spread[1:] + 1.0
        return float(np.sum(np.log(spread)) + np.sum(error**2 / spread))

    return float(np.exp(minimize_scalar(deviance, bounds=_LOG_RATIOS, method="bounded").x))


def one_step(values: np.ndarray, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Prediction of each value from those before it, and its variance in units of R.

    The first value, which has none, is its own prediction.
    """
    n = len(values)
    spread = np.empty(n)
    level, limit = np.empty(n), 0.5 * (ratio + np.sqrt(ratio**2 + 4.0 * ratio))
    spread[0], level[0] = 1.0, values[0]
    current, variance, t = float(values[0]), 1.0 + ratio, 1
    while t < n and abs(variance - limit) > 1e-10 * limit:
        level[t], spread[t] = current, variance
        gain = variance / (variance + 1.0)
        current += gain * (float(values[t]) - current)
        variance = variance * (1.0 - gain) + ratio
        t += 1
    if t < n:
        gain = limit / (limit + 1.0)
        filtered, _ = lfilter([gain], [1.0, gain - 1.0], values[t:], zi=[(1.0 - gain) * current])
        level[t], level[t + 1 :], spread[t:] = current, filtered[:-1], limit
    return level, spread
