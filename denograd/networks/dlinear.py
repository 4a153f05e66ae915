"""DLinear: a window as trend and remainder, each with a linear map over time."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from denograd.networks._base import Network, check_counts


class DLinear(Network):
    """Trend by a centred moving average, remainder, and a linear map over time for each.

    As in the paper, the two maps are shared by all channels and give every channel its own
    forecast. The paper stops there, with as many outputs as inputs. Here one target is wanted from
    all channels, so that a last linear map weighs the channels' forecasts; thus every channel has a
    gradient, and the number of weights grows with window + channels, not with their product.

    Parameters
    ----------
    n_features : int
        Channels of the series.
    n_targets : int, default 1
        Columns of the output.
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
        if kernel_size % 2 == 0:
            raise ValueError(f"DLinear: kernel_size must be odd, got {kernel_size}")
        self.register_buffer(
            "smoother", moving_average_matrix(self.n_steps, kernel_size), persistent=False
        )
        self.trend = nn.Linear(self.n_steps, n_targets)
        self.remainder = nn.Linear(self.n_steps, n_targets)
        self.channels = nn.Linear(n_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows to targets."""
        self.check_input(x)
        over_time = x.transpose(1, 2)
        trend = over_time @ self.smoother
        per_channel = self.trend(trend) + self.remainder(over_time - trend)
        output: Tensor = self.channels(per_channel.transpose(1, 2)).squeeze(-1)
        return output


def moving_average_matrix(window: int, kernel_size: int) -> Tensor:
    """Return M such that `row @ M` is the centred moving average of a row, edges repeated.

    As a matrix the average is one product; padding on a GPU would have a gradient that adds up in
    a different order every time.
    """
    reach = kernel_size // 2
    padded = nn.functional.pad(torch.eye(window).unsqueeze(0), (reach, reach), mode="replicate")
    return nn.functional.avg_pool1d(padded, kernel_size, stride=1).squeeze(0)
