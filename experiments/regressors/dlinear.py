"""Trend and remainder, each with a linear map."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


class DLinearRegressor(NeuralRegressor):
    """Moving average and remainder of a window, each with a linear map over time.

    Parameters
    ----------
    kernel_size : int, default 25
        Time steps of the moving average; odd. It may exceed the window.
    epochs : int, default 100
        Most passes over the training rows.
    patience : int, default 15
        Epochs without improvement after which training stops.
    batch_size : int, default 128
        Training rows per step.
    learning_rate : float, default 1e-3
        Learning rate of Adam.
    random_state : int, optional
        Seed of the initial weights and of the order of the rows.
    device : str, optional
        Where to train; None takes a CUDA device if there is one.

    References
    ----------
    Zeng, Chen, Zhang and Xu (2023). Are transformers effective for time series forecasting? AAAI
    37(9), 11121-11128.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    method: ClassVar[str] = "dlinear"
    network: ClassVar[str] = "dlinear"

    def __init__(
        self,
        kernel_size: int = 25,
        epochs: int = 100,
        patience: int = 15,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__(epochs, patience, batch_size, learning_rate, random_state, device)
        self.kernel_size = kernel_size

    def _sizes(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size}
