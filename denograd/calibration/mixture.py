"""How much a residual says: the precision of a mixture of two normal distributions.

A model's error has heavy tails and noise has not, so far residuals move *less*: they are the
model's fault.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_SURELY_WIDE = 30.0
_STEPS = 15


class Mixture(NamedTuple):
    """Two normal distributions around 0: the share of the wide one, and their variances."""

    share: float
    narrow: float
    wide: float

    @classmethod
    def fit(cls, t: np.ndarray) -> Mixture:
        """Fit to scaled residuals by expectation and maximisation."""
        narrow = max(float(np.median(np.abs(t))) ** 2, 1e-12)
        share, wide = 0.1, max(4.0 * float(np.mean(t**2)), 4.0 * narrow)
        mixture = cls(share, narrow, wide)
        for _ in range(_STEPS):
            g = mixture.wide_share(t)
            inside, outside = float(np.sum(1.0 - g)), float(np.sum(g))
            if min(inside, outside) < 1e-9:
                break
            narrow = max(float(np.sum((1.0 - g) * t**2)) / inside, 1e-12)
            wide = max(float(np.sum(g * t**2)) / outside, narrow)
            mixture = cls(outside / len(t), narrow, wide)
        return mixture

    def wide_share(self, t: np.ndarray) -> np.ndarray:
        """Probability that a scaled residual is of the wide distribution."""
        share = min(max(self.share, 1e-12), 1.0 - 1e-12)
        logit = (
            np.log((1.0 - share) / share)
            + 0.5 * np.log(self.wide / self.narrow)
            + 0.5 * t**2 * (1.0 / self.wide - 1.0 / self.narrow)
        )
        g = 1.0 / (1.0 + np.exp(np.clip(logit, -700.0, 700.0)))
        return np.where(np.abs(t) > _SURELY_WIDE * np.sqrt(self.narrow), 1.0, g)


def precision(
    residual: np.ndarray,
    variance: np.ndarray | float,
    floor: float,
    mixture: Mixture | None = None,
) -> np.ndarray:
    """Inverse variance q(r, S²; s²) of each residual, as the calibrated step uses it.

    With t = r/√max(S², s²), of a mixture of variances a < b and g the probability of b,
    q = (1 − g)/max(S²a, s²) + g/max(S²b, s²).

    Parameters
    ----------
    residual : ndarray of shape (n,)
        Prediction minus value, in the data's units.
    variance : ndarray of shape (n,) or float
        Its expected square S², in squared units.
    floor : float
        Variance s² of the noise, which no residual can be without.
    mixture : Mixture, optional
        Default: fitted to these residuals.

    Returns
    -------
    ndarray of shape (n,)
    """
    variance = np.maximum(np.asarray(variance, dtype=np.float64), 1e-300)
    t = residual / np.sqrt(np.maximum(variance, floor))
    mixture = mixture or Mixture.fit(t)
    g = mixture.wide_share(t)
    floor = max(floor, 1e-300)  # errors of 0, as a constant column has, weigh without end
    return (1.0 - g) / np.maximum(variance * mixture.narrow, floor) + g / np.maximum(
        variance * mixture.wide, floor
    )
