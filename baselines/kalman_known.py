"""The Kalman smoother of a random walk that is told how strong the noise is."""

import numpy as np

from baselines._told_noise import ToldNoise
from baselines.kalman_sane import KalmanSaneDenoiser, likeliest_variances


class KalmanKnownDenoiser(ToldNoise, KalmanSaneDenoiser):
    """Smooth every channel of a series as `baselines.kalman_sane` does, with R given.

    Only Q is that of greatest likelihood, given R. A channel without noise stays as it is.
    """

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        columns = np.column_stack([X, y])
        given = self._noise_variances(X, y)
        noisy = given > 0.0
        process, observation = likeliest_variances(columns, np.where(noisy, given, 1.0))
        self.process_variance_ = np.where(noisy, process, 1.0)
        self.observation_variance_ = np.where(noisy, observation, 0.0)
