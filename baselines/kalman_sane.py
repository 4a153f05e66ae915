"""The Kalman smoother of a random walk, with variances learned from the data."""

import numpy as np
from scipy.fft import dct, idct
from scipy.special import expit

from baselines._series_only import SeriesOnly

N_GRID = 60
N_HALVINGS = 14


class KalmanSaneDenoiser(SeriesOnly):
    """Smooth every channel of a series as a random walk that is seen through noise.

    The model is that of the published filter: a number walks by steps of variance Q and is seen
    with noise of variance R. Here nothing is known of its starting value, Q and R are those of
    greatest likelihood for each channel of the rows given to `fit`, and each refined value is the
    expected one given the whole channel, as from a forward and a backward pass. A channel that is
    all walk stays as it is, one that is all noise becomes its mean.

    The cosine transform diagonalises this model, so exact likelihood and exact smoother of n steps
    take O(n log n), for all channels at once. With z_k the coefficients of the orthonormal DCT-II
    of a channel and m_k = 4·sin²(πk/2n), the differences of the channel have the independent
    coefficients √m_k·z_k of variance Q + R·m_k, and the smoothed channel has the coefficients
    z_k·Q/(Q + R·m_k).

    Attributes
    ----------
    process_variance_, observation_variance_ : ndarray of shape (n_channels + 1,)
        Q and R of every channel, and of the target.

    References
    ----------
    Harvey (1989). Forecasting, structural time series models and the Kalman filter. Cambridge
    University Press.
    """

    method = "kalman"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = False
    min_rows = 3

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        variances = likeliest_variances(np.column_stack([X, y]))
        self.process_variance_, self.observation_variance_ = variances

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.column_stack([X, y])
        refined = smooth(columns, self.process_variance_, self.observation_variance_)
        return refined[:, :-1].copy(), refined[:, -1].copy()


def smooth(columns: np.ndarray, process: np.ndarray, observation: np.ndarray) -> np.ndarray:
    """Return the expected random walk behind each column, given all of the column.

    Parameters
    ----------
    columns : ndarray of shape (n, n_columns)
        What was observed, in time order.
    process, observation : ndarray of shape (n_columns,)
        Q and R. Where both are zero, the column stays as it is.
    """
    total = process + observation * _frequencies(len(columns))
    kept = np.ones_like(columns)
    np.divide(process, total, out=kept[1:], where=total > 0.0)
    return idct(kept * dct(columns, axis=0, norm="ortho"), axis=0, norm="ortho")


def likeliest_variances(
    columns: np.ndarray, observation: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and R of greatest likelihood for each column of shape (n, n_columns).

    The best ratio Q/R of a grid is refined by halving the step; its ends, Q = 0 and R = 0, are
    tried as well. A column without any variation gets zeros. Where R is given as `observation`, of
    shape (n_columns,) and above 0, only Q is sought.
    """
    frequencies = _frequencies(len(columns))
    powers = frequencies * dct(columns, axis=0, norm="ortho")[1:] ** 2
    constant = np.ptp(columns, axis=0) == 0.0
    powers[:, constant] = 1.0
    # From ratios at which even the slowest oscillation is noise to those at which none is.
    grid = np.linspace(np.log(1e-3 * frequencies[0, 0]), np.log(4e3), N_GRID)

    best = np.full(columns.shape[1], np.inf if observation is None else -np.inf)
    scale, greatest = _profile(frequencies, powers, best, observation)

    def try_out(log_ratio: np.ndarray) -> None:
        found_scale, likelihood = _profile(frequencies, powers, log_ratio, observation)
        better = likelihood > greatest
        best[better] = log_ratio[better]
        scale[better] = found_scale[better]
        greatest[better] = likelihood[better]

    for log_ratio in (*grid, -np.inf):
        try_out(np.full_like(best, log_ratio))
    step = grid[1] - grid[0]
    for _ in range(N_HALVINGS):
        step /= 2.0
        for neighbour in (best - step, best + step):
            try_out(neighbour)
    scale[constant] = 0.0
    share = expit(best)
    return share * scale, (1.0 - share) * scale


def _profile(
    frequencies: np.ndarray,
    powers: np.ndarray,
    log_ratio: np.ndarray,
    observation: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the likeliest Q + R at a given Q/R, and the log-likelihood there up to a constant."""
    share = expit(log_ratio)
    variances = share + (1.0 - share) * frequencies
    fitted = np.mean(powers / variances, axis=0)
    n = len(frequencies)
    if observation is None:
        return fitted, -0.5 * (n * np.log(fitted) + np.log(variances).sum(axis=0))
    scale = observation / (1.0 - share)
    misfit = n * (np.log(scale) + fitted / scale)
    return scale, -0.5 * (misfit + np.log(variances).sum(axis=0))


def _frequencies(n: int) -> np.ndarray:
    """Return 4·sin²(πk/2n) for k = 1, ..., n − 1, as a column."""
    return 4.0 * np.sin(np.pi * np.arange(1, n)[:, None] / (2 * n)) ** 2
