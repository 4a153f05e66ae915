"""The trailing moving average."""

import numpy as np

from denograd.base import BaseDenoiser


class MovingAverageDenoiser(BaseDenoiser):
    """Mean of the last `width` rows of each column, of fewer at the start; the target likewise.

    Of the variance of white noise 1/width is left. In a table the order of the rows is taken for
    time, as published.

    Parameters
    ----------
    width : int
        Rows averaged, the current one included.
    """

    method = "moving_average"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = True

    def __init__(self, width: int = 7) -> None:
        self.width = width

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1 row, got {self.width}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return trailing_mean(X, self.width), trailing_mean(y[:, None], self.width)[:, 0]


def trailing_mean(columns: np.ndarray, width: int) -> np.ndarray:
    """Return, for every row, the column means of it and the `width` − 1 rows before it.

    Each mean is summed anew: a running sum would carry rounding errors along.
    """
    n_rows = columns.shape[0]
    smooth = np.empty_like(columns)
    for row in range(min(width - 1, n_rows)):
        smooth[row] = columns[: row + 1].mean(axis=0)
    if n_rows >= width:
        windows = np.lib.stride_tricks.sliding_window_view(columns, width, axis=0)
        smooth[width - 1 :] = windows.mean(axis=-1)
    return smooth
