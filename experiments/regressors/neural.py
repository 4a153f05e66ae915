"""What the neural regressors have in common: a network of the library, and its training."""

# Annotations are kept as types, not as strings: the settings of a regressor are read from them,
# also where another module inherits them.

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from experiments.regressors.base import Array, BaseRegressor


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralRegressor(BaseRegressor):
    """A network that is trained with Adam on the squared error.

    Training stops when the error on the validation rows has not improved for `patience` epochs,
    and the best weights are kept. Rows are predicted in batches, so that memory does not grow with
    their number. A concrete regressor names its network and gives the network's sizes.

    Parameters
    ----------
    epochs : int, default 100
        Most passes over the training rows.
    patience : int, default 15
        Epochs without improvement after which training stops.
    batch_size : int, default 128
        Training rows per step.
    learning_rate : float, default 1e-3
        Learning rate of Adam.
    random_state : int, optional
        Seed of the initial weights, of the order of the rows and of dropout.
    device : str, optional
        Where to train; None takes a CUDA device if there is one.

    Attributes
    ----------
    network : str
        The network's name in `denograd.networks`.
    network_ : denograd.networks.Network
        The trained network.
    history_ : denograd.training.TrainingHistory
        What happened in its training.
    """

    needs_validation: ClassVar[bool] = True
    network: ClassVar[str]

    epochs: int = 100
    patience: int = 15
    batch_size: int = 128
    learning_rate: float = 1e-3
    random_state: int | None = None
    device: str | None = None

    @classmethod
    def modules_by_name(cls, params: dict[str, Any]) -> set[str]:
        """The modules that the regressor calls by name: part of the source of its results."""
        return {f"denograd.networks.{cls.network}"}

    @abstractmethod
    def _sizes(self) -> dict[str, Any]:
        """The keywords of the network."""

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        from denograd.networks import build
        from denograd.training import seeded, train_network

        window = X.shape[1] if self.inputs == "sequence" else None
        with seeded(self.random_state):
            self.network_ = build(self.network, X.shape[-1], window=window, **self._sizes())
        self.history_ = train_network(
            self.network_,
            X,
            y,
            X_val,
            y_val,
            epochs=self.epochs,
            patience=self.patience,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            random_state=self.random_state,
            device=self.device,
        )

    @property
    def training_epochs_(self) -> int:
        """Epochs of the training."""
        return self.history_.n_epochs

    def _predict(self, X: Array) -> ArrayLike:
        from denograd.training import predict

        return predict(self.network_, X, device=self.device)
