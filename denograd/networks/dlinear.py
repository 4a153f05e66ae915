"""DLinear: a window as trend and remainder, each with a linear map over time."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from denograd.networks._base import Network, check_counts


class DLinear(Network):
    """Trend by a centred moving average, remainder, and a linear map over time for each.

    The two maps are shared by all channels and forecast every channel from its own past alone.
    Targets are the first channels, so that only these are read: as a backbone DLinear moves the
    target and its own channel, and leaves the others as they are.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output, which are forecasts of as many channels from the first on.
    window : int
        Time steps of a window.
    kernel_size : int, default 25
        Time steps of the moving average; odd. The first and last step are repeated at the edges, so
        that it may exceed the window.

    References
    ----------
    Zeng, Chen, Zhang and Xu (2023). Are transformers effective for time series forecasting? AAAI
    37(9), 11121-11128.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    revision: ClassVar[int] = 2
    smoother: Tensor

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        kernel_size: int = 25,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_counts(self, kernel_size=kernel_size)
        if n_targets > n_features:
            raise ValueError(
                "DLinear forecasts its own channels, so that n_targets can be "
                f"{n_features} at most, got {n_targets}"
            )
        if kernel_size % 2 == 0:
            raise ValueError(f"DLinear: kernel_size must be odd, got {kernel_size}")
        self.register_buffer(
            "smoother", moving_average_matrix(self.n_steps, kernel_size), persistent=False
        )
        self.trend = nn.Linear(self.n_steps, 1)
        self.remainder = nn.Linear(self.n_steps, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        over_time = x[..., : self.n_targets].transpose(1, 2)
        trend = over_time @ self.smoother
        output: Tensor = self.trend(trend) + self.remainder(over_time - trend)
        return output.squeeze(-1)


def moving_average_matrix(window: int, kernel_size: int) -> Tensor:
    """Return M such that `row @ M` is the centred moving average of a row, edges repeated.

    As a matrix the average is one product; padding on a GPU would have a gradient that adds up in
    a different order every time.
    """
    reach = kernel_size // 2
    padded = nn.functional.pad(torch.eye(window).unsqueeze(0), (reach, reach), mode="replicate")
    return nn.functional.avg_pool1d(padded, kernel_size, stride=1).squeeze(0)
