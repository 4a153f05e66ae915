"""The centred moving average."""

import numpy as np

from baselines._series_only import SeriesOnly
from baselines.moving_average import MovingAverageDenoiser, trailing_mean


class MovingAverageSaneDenoiser(SeriesOnly, MovingAverageDenoiser):
    """Mean of the `width` rows around each row of a series, of fewer at both ends.

    Unlike the trailing mean it does not lag behind.

    Parameters
    ----------
    width : int
        Rows averaged, the middle one included; odd.
    """

    causal = False

    def __init__(self, width: int = 7) -> None:
        super().__init__(width)

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        super()._fit(X, y, X_val, y_val)
        if self.width % 2 == 0:
            raise ValueError(f"width must be odd, so that a row lies in the middle: {self.width}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return centred_mean(X, self.width), centred_mean(y[:, None], self.width)[:, 0]


def centred_mean(columns: np.ndarray, width: int) -> np.ndarray:
    """Return, for every row, the column means of it and the rows at most width // 2 away."""
    n_rows, reach = columns.shape[0], width // 2
    smooth = np.empty_like(columns)
    n_ahead = max(n_rows - reach, 0)
    smooth[:n_ahead] = trailing_mean(columns, width)[reach:]
    for row in range(n_ahead, n_rows):
        smooth[row] = columns[max(row - reach, 0) :].mean(axis=0)
    return smooth
