"""What a regressor sees: rows of a table, or windows of a series."""

from __future__ import annotations

import numpy as np

from experiments.runner.corruption import Data


def examples(
    data: Data, rows: np.ndarray, *, window_size: int | None, horizon: int = 1, flat: bool = True
) -> Data:
    """Inputs and targets of the examples whose target lies in `rows`.

    Without a window size, the rows of a table are the examples. A window belongs to the block of
    its target: the target at step t is predicted from the steps t − horizon − window_size + 1 to t
    − horizon, wherever those lie. Targets without a whole window before them are left out. Flat
    windows are vectors (n, window_size · channels), others (n, window_size, channels).
    """
    if window_size is None:
        return data.rows(rows)
    targets = rows[rows >= window_size + horizon - 1]
    every = np.lib.stride_tricks.sliding_window_view(data.X, window_size, axis=0)
    windows = every[targets - horizon - window_size + 1].transpose(0, 2, 1)
    X = np.ascontiguousarray(windows)
    return Data(X.reshape(len(X), -1) if flat else X, data.y[targets])
