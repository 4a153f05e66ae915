"""Gross errors: cells so far from their prediction that they are not noise of the usual size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_STEPS = 20
_SUSPECT = 4.0
_LEAST_SHARE = 0.002
_LEAST_RATIO = 9.0
_NORMAL = 0.6745


class GrossErrors(NamedTuple):
    """Probability of each cell to be one, and the variance that they have beyond the others'."""

    probability: np.ndarray
    variance: float


def gross_errors(residual: np.ndarray, channel_variance: float) -> GrossErrors:
    """Tell gross errors from noise: residuals of (1 − p)·N(0, v) + p·N(0, v + K).

    Parameters
    ----------
    residual : ndarray of shape (n,)
        Prediction minus value.
    channel_variance : float
        Variance of the channel; a K below a quarter of it is no gross error.

    Returns
    -------
    GrossErrors
    """
    none = GrossErrors(np.zeros(len(residual)), 0.0)
    spread = np.median(np.abs(residual)) / _NORMAL
    suspect = np.abs(residual) > _SUSPECT * spread
    if suspect.mean() < _LEAST_SHARE:
        return none
    squares = residual**2
    share, usual = float(suspect.mean()), float(spread**2)
    beyond = max(float(squares[suspect].mean()) - usual, _LEAST_RATIO * usual)
    probability = none.probability
    for _ in range(_STEPS):
        if usual <= 0.0 or not 0.0 < share < 1.0:
            return none
        wide = usual + beyond
        logit = np.log(share / (1.0 - share)) + 0.5 * (
            np.log(usual / wide) + squares * (1.0 / usual - 1.0 / wide)
        )
        probability = 1.0 / (1.0 + np.exp(-np.clip(logit, -700.0, 700.0)))
        share = float(probability.mean())
        usual = float(np.average(squares, weights=1.0 - probability))
        beyond = max(float(np.average(squares, weights=probability)) - usual, _LEAST_RATIO * usual)
    return none if beyond < channel_variance / 4.0 else GrossErrors(probability, beyond)
