"""The residual network that learns a correction."""

from torch import Tensor, nn

from baselines._networks import RowNetworkDenoiser
from denograd.base import Domain
from denograd.networks import build


class DNResNetDenoiser(RowNetworkDenoiser):
    """Subtract a learned correction from the rows of the whole table, target included.

    As published the network is shown the rows that it has to return, so the best correction is
    zero and the data stay nearly as they are. The sane variant is trained from noisier rows to the
    noisy ones, and standardises by itself.

    Parameters
    ----------
    hidden_size : int
        Units of the two hidden ones of the three dense layers; ReLU follows both.
    corruption, standardize, epochs, patience, batch_size, learning_rate, validation_fraction, \
domain, random_state, device, progress
        As in `baselines._networks.RowNetworkDenoiser`.
    """

    method = "dn_resnet"

    def __init__(
        self,
        hidden_size: int = 64,
        corruption: float = 0.0,
        standardize: bool = False,
        epochs: int = 500,
        patience: int = 15,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        validation_fraction: float = 0.2,
        domain: Domain = "tabular",
        random_state: int | None = None,
        device: str | None = None,
        progress: bool = False,
    ) -> None:
        self.hidden_size = hidden_size
        self.corruption = corruption
        self.standardize = standardize
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.domain = domain
        self.random_state = random_state
        self.device = device
        self.progress = progress

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
