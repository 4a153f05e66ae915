"""Locally weighted regression that far values do not pull."""

import numpy as np
from scipy.ndimage import convolve1d

from baselines._series_only import SeriesOnly

REACHES = (3, 4, 6, 9, 13, 19, 28, 42)
ROUNDS = 3


class LowessDenoiser(SeriesOnly):
    """Fit a line to the rows around each row of a series, near ones counting more: LOWESS.

    Neighbours weigh by the tricube of their distance over `reach_`, and in three further rounds
    by the bisquare of their residual over six median absolute residuals. Each channel has the
    reach, of those in `REACHES`, with the least mean absolute error of the rows given to `fit`,
    each predicted from the others. A channel shorter than the least reach stays as it is.

    Attributes
    ----------
    reach_ : ndarray of shape (n_channels + 1,)
        Steps at which a neighbour's weight is 0, for every channel and the target; 1 where the
        channel stays as it is.

    References
    ----------
    Cleveland (1979). Robust locally weighted regression and smoothing scatterplots. Journal of the
    American Statistical Association 74, 829-836.
    """

    method = "lowess"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = False

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        columns = np.column_stack([X, y])
        reaches = np.array([reach for reach in REACHES if reach <= len(columns)])
        errors = [left_out_error(columns, reach) for reach in reaches]
        self.reach_ = np.ones(columns.shape[1], dtype=int)
        if errors:
            self.reach_ = reaches[np.argmin(errors, axis=0)]

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.column_stack([X, y])
        for reach in np.unique(self.reach_[self.reach_ > 1]):
            own = self.reach_ == reach
            columns[:, own] = robust_line(columns[:, own], reach)
        return columns[:, :-1].copy(), columns[:, -1].copy()


def left_out_error(columns: np.ndarray, reach: int) -> np.ndarray:
    """Mean absolute error of each row, predicted from the line of the rows around it alone."""
    line, own = local_line(columns, np.ones_like(columns), reach)
    return np.mean(np.abs((columns - line) / (1.0 - own)), axis=0)


def robust_line(columns: np.ndarray, reach: int) -> np.ndarray:
    """Return the columns of shape (n, n_columns) smoothed, far residuals counting less."""
    weights = np.ones_like(columns)
    for _ in range(ROUNDS):
        residual = np.abs(columns - local_line(columns, weights, reach)[0])
        scale = 6.0 * np.median(residual, axis=0)
        share = np.divide(residual, scale, out=np.zeros_like(columns), where=scale > 0.0)
        # Never 0, so that a line can be fitted among nothing but far values.
        weights = np.maximum(1.0 - share**2, 1e-4) ** 2
    return local_line(columns, weights, reach)[0]


def local_line(
    columns: np.ndarray, weights: np.ndarray, reach: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a line around every row; return its value there, and the share of the row itself.

    Parameters
    ----------
    columns, weights : ndarray of shape (n, n_columns)
        Values and what each counts beside its distance.
    reach : int
        Steps at which a neighbour's weight is 0, at least 2.
    """
    distance = np.arange(1 - reach, reach)
    tricube = (1.0 - np.abs(distance / reach) ** 3) ** 3

    def moment(values: np.ndarray, power: int) -> np.ndarray:
        kernel = tricube * (distance / reach) ** power
        return convolve1d(values, kernel[::-1], axis=0, mode="constant")

    s0, s1, s2 = (moment(weights, power) for power in range(3))
    t0, t1 = (moment(weights * columns, power) for power in range(2))
    determinant = s0 * s2 - s1**2
    return (s2 * t0 - s1 * t1) / determinant, weights * s2 / determinant
