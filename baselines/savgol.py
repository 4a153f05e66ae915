"""The filter of Savitzky and Golay."""

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

from baselines._series_only import SeriesOnly

WIDTHS = (5, 7, 9, 13, 19, 27, 39, 55, 79)


class SavgolDenoiser(SeriesOnly):
    """Fit a polynomial to the rows around each row of a series by least squares.

    Each channel has the width, of those in `WIDTHS`, with the least mean squared error of the rows
    given to `fit`, each predicted from the others in its window: for a linear filter that is the
    residual divided by 1 − h, with h the weight of the row itself (Craven and Wahba 1979). A
    series shorter than the least width stays as it is.

    Parameters
    ----------
    degree : int
        Degree of the polynomial, below 4.

    Attributes
    ----------
    width_ : ndarray of shape (n_channels + 1,)
        Rows in the window of every channel, and of the target; 1 where it stays as it is.

    References
    ----------
    Savitzky and Golay (1964). Smoothing and differentiation of data by simplified least squares
    procedures. Analytical Chemistry 36, 1627-1639.
    """

    method = "savgol"
    uses_target = False
    uses_row_order = True
    column_wise = True
    causal = False

    def __init__(self, degree: int = 2) -> None:
        self.degree = degree

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        if not 0 <= self.degree < WIDTHS[0] - 1:
            raise ValueError(f"degree must lie between 0 and {WIDTHS[0] - 2}, got {self.degree}")
        columns = np.column_stack([X, y])
        widths = [width for width in WIDTHS if width <= len(columns)]
        errors = [self._error(columns, width) for width in widths]
        if widths:
            self.width_ = np.array(widths)[np.argmin(errors, axis=0)]
        else:
            self.width_ = np.ones(columns.shape[1], dtype=int)

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = np.column_stack([X, y])
        for j, width in enumerate(self.width_):
            if 1 < width <= len(columns):
                columns[:, j] = savgol_filter(columns[:, j], width, self.degree)
        return columns[:, :-1].copy(), columns[:, -1].copy()

    def _error(self, columns: np.ndarray, width: int) -> np.ndarray:
        """Mean squared error of each row that has a whole window, predicted from its others."""
        middle = slice(width // 2, len(columns) - width // 2)
        residual = (columns - savgol_filter(columns, width, self.degree, axis=0))[middle]
        own = savgol_coeffs(width, self.degree)[width // 2]
        return np.mean((residual / (1.0 - own)) ** 2, axis=0)
