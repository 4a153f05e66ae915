"""Extended long short-term memory."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from experiments.regressors.neural import NeuralRegressor


@dataclass(eq=False, repr=False)
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
    epochs, patience, batch_size, learning_rate, random_state, device
        As in `experiments.regressors.neural.NeuralRegressor`.

    References
    ----------
    Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter and Hochreiter (2024).
    xLSTM: extended long short-term memory. NeurIPS 37.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "sequence"
    costly: ClassVar[bool] = True
    method: ClassVar[str] = "xlstm"
    network: ClassVar[str] = "xlstm"
    revision: ClassVar[int] = 2

    width: int = 64
    n_heads: int = 4
    kernel_size: int = 4

    def _sizes(self) -> dict[str, Any]:
        return {"width": self.width, "n_heads": self.n_heads, "kernel_size": self.kernel_size}
