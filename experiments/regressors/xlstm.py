"""Extended long short-term memory."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


class XLSTMRegressor(NeuralRegressor):
    """Projection of every step, an mLSTM and an sLSTM block; the last step gives the target.

    Parameters
    ----------
    width : int, default 64
        Numbers per time step; even, and a multiple of `n_heads`.
    n_heads : int, default 4
        Heads of both cells.
    kernel_size : int, default 4
        Time steps of the causal convolutions.
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
    Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter and Hochreiter (2024).
    xLSTM: extended long short-term memory. NeurIPS 37.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    method: ClassVar[str] = "xlstm"
    network: ClassVar[str] = "xlstm"

    def __init__(
        self,
        width: int = 64,
        n_heads: int = 4,
        kernel_size: int = 4,
        epochs: int = 100,
        patience: int = 15,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__(epochs, patience, batch_size, learning_rate, random_state, device)
        self.width = width
        self.n_heads = n_heads
        self.kernel_size = kernel_size

    def _sizes(self) -> dict[str, Any]:
        return {"width": self.width, "n_heads": self.n_heads, "kernel_size": self.kernel_size}
