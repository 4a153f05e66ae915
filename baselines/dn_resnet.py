"""The residual network that learns a correction."""

from dataclasses import dataclass

from torch import Tensor, nn

from baselines._networks import RowNetworkDenoiser
from denograd.networks import build


@dataclass(eq=False, repr=False)
class DNResNetDenoiser(RowNetworkDenoiser):
    """Subtract a learned correction from the rows of the whole table, target included.

    As published the network is shown the rows that it has to return, so the best correction is
    zero and the data stay nearly as they are. The sane variant is trained from noisier rows to the
    noisy ones, and standardises by itself.

    Parameters
    ----------
    hidden_size : int
        Units of the two hidden ones of the three dense layers; ReLU follows both.
    corruption, standardize, scaling, epochs, patience, batch_size, learning_rate, \
validation_fraction, domain, random_state, device, progress
        As in `baselines._networks.RowNetworkDenoiser`.
    """

    method = "dn_resnet"

    hidden_size: int = 64

    def _build(self, n_columns: int) -> nn.Module:
        sizes = (self.hidden_size, self.hidden_size)
        return _Residual(build("mlp", n_columns, n_columns, hidden_sizes=sizes))


class _Residual(nn.Module):
    """Its input less a correction."""

    def __init__(self, correction: nn.Module) -> None:
        super().__init__()
        self.correction = correction

    def forward(self, rows: Tensor) -> Tensor:
        corrected: Tensor = rows - self.correction(rows)
        return corrected
