"""Trend and remainder, each with a linear map."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
class DLinearRegressor(NeuralRegressor):
    """Moving average and remainder of the target's past, each with a linear map over time.

    Parameters
    ----------
    kernel_size : int, default 25
        Time steps of the moving average; odd. It may exceed the window.
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.

    References
    ----------
    Zeng, Chen, Zhang and Xu (2023). Are transformers effective for time series forecasting? AAAI
    37(9), 11121-11128.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    method: ClassVar[str] = "dlinear"
    network: ClassVar[str] = "dlinear"
    revision: ClassVar[int] = 2

    kernel_size: int = 25

    def _sizes(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size}
