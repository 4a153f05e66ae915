"""The scalar Kalman filter of a random walk, applied to every column."""

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.signal import lfilter

from denograd.base import BaseDenoiser


class KalmanDenoiser(BaseDenoiser):
    """Forward pass of a scalar random-walk Kalman filter per column, target included.

    The state and its observation are one number (F = H = 1) that starts at 0. In a table the order
    of the rows is taken for time, as published. With the published variances the steady gain is
    K = 0.0311, which leaves K/(2 − K) = 1.58 % of the variance of white noise.

    Parameters
    ----------
    process_variance : float
        Q, the variance of a step of the random walk.
    observation_variance : float
        R, the variance of the noise on an observation.
    initial_variance : float
        P0, the uncertainty of the starting value 0.
    """

    method = "kalman"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = True

    def __init__(
        self,
        process_variance: float = 1e-5,
        observation_variance: float = 1e-2,
        initial_variance: float = 1.0,
    ) -> None:
        self.process_variance = process_variance
        self.observation_variance = observation_variance
        self.initial_variance = initial_variance

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        for name in ("process_variance", "observation_variance", "initial_variance"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gains = kalman_gains(
            X.shape[0], self.process_variance, self.observation_variance, self.initial_variance
        )
        return filter_columns(X, gains), filter_columns(y[:, None], gains)[:, 0]


def kalman_gains(n: int, process: float, observation: float, initial: float) -> np.ndarray:
    """Return the gains of the first steps, at most `n`, up to the first that is steady.

    The gains do not depend on the observations, so one run of the filter serves all columns.
    """
    scalar = KalmanFilter(dim_x=1, dim_z=1)
    scalar.F = scalar.H = np.eye(1)
    scalar.Q, scalar.R, scalar.P = process, observation, initial
    gains: list[float] = []
    while len(gains) < n:
        scalar.predict()
        scalar.update(0.0)
        gains.append(scalar.K.item())
        if len(gains) > 1 and abs(gains[-1] - gains[-2]) <= np.spacing(gains[-1]):
            break
    return np.array(gains)


def filter_columns(observed: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Run x ← x + K·(z − x) from x = 0 down every column; the last gain serves all later rows."""
    filtered = np.empty_like(observed)
    state = np.zeros(observed.shape[1])
    for row, gain in enumerate(gains):
        state = state + gain * (observed[row] - state)
        filtered[row] = state
    if gains.size < observed.shape[0]:
        steady = gains[-1]
        filtered[gains.size :], _ = lfilter(
            [steady],
            [1.0, steady - 1.0],
            observed[gains.size :],
            axis=0,
            zi=((1.0 - steady) * state)[None, :],
        )
    return filtered
