"""Rows and windows as a network is given them."""

from typing import Self, TypeAlias, overload

import numpy as np
import torch
from torch import Tensor


class WindowedSeries:
    """Windows of a series that are gathered only when they are asked for.

    Parameters
    ----------
    series : Tensor of shape (n_steps, n_channels)
        The series; it is held once, however much the windows overlap.
    window : int
        Time steps of a window.
    starts : Tensor of shape (n_windows,), optional
        First time step of each window, by default every one that fits.
    """

    def __init__(self, series: Tensor, window: int, starts: Tensor | None = None) -> None:
        n_fit = series.shape[0] - window + 1
        if n_fit < 1:
            raise ValueError(f"a series of {series.shape[0]} steps has no window of {window} steps")
        self.starts = torch.arange(n_fit) if starts is None else starts
        if len(self.starts) and not 0 <= int(self.starts.min()) <= int(self.starts.max()) < n_fit:
            raise ValueError(f"windows of {window} steps start at 0 to {n_fit - 1} only")
        self.series = series
        self.window = window
        self._view = series.unfold(0, window, 1).transpose(1, 2)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the stacked windows: (n_windows, window, n_channels)."""
        return len(self.starts), self.window, self.series.shape[1]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """Return a stack of windows, of shape (len(rows), window, n_channels)."""
        return self._view[self.starts[rows]]

    def to(self, device: torch.device, dtype: torch.dtype) -> Self:
        """Return the same windows of the series on another device and as another type."""
        return type(self)(self.series.to(device, dtype), self.window, self.starts.to(device))


Batches: TypeAlias = Tensor | WindowedSeries
Examples: TypeAlias = np.ndarray | Batches


@overload
def inputs_of(X: np.ndarray | Tensor, device: torch.device, dtype: torch.dtype) -> Tensor: ...
@overload
def inputs_of(X: Examples, device: torch.device, dtype: torch.dtype) -> Batches: ...
def inputs_of(X: Examples, device: torch.device, dtype: torch.dtype) -> Batches:
    """Return inputs where a network computes, and in its type."""
    return X.to(device, dtype) if isinstance(X, WindowedSeries) else _tensor(X, device, dtype)


def targets_of(y: np.ndarray | Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return targets likewise, of shape (n, n_targets)."""
    return _tensor(y, device, dtype).reshape(len(y), -1)


def _tensor(values: np.ndarray | Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    if not isinstance(values, Tensor):
        # Torch warns when it gets memory that it cannot keep others from writing to.
        values = torch.from_numpy(np.require(values, requirements=["C", "W"]))
    return values.detach().to(device, dtype)
