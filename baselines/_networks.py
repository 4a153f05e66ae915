"""What denoisers share that learn to reproduce the rows of the whole table with a network."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import Tensor, nn

from denograd.base import BaseDenoiser, Domain
from denograd.training import predict, seeded, train_network


@dataclass(kw_only=True, eq=False, repr=False)
class RowNetworkDenoiser(BaseDenoiser):
    """Train a network to return the rows it is given, and take what it returns for refined.

    The rows are those of the whole table, with the target as a further column; a series carries
    its target as channel 0 already. Subclasses take the parameters below and build the network.

    With `corruption` the network is given rows with Gaussian noise added to them, drawn anew in
    every epoch, and has to return the rows without it. Shown a row as it came, such a network
    moves it along the gradient of the logarithm of the density of the rows, by the variance of
    the corruption [1]_; where corruption and noise have the same, small level, that is the step to
    the expected clean row [2]_, [3]_. Without corruption the best network returns each row as it
    is, as far as its shape lets it.

    Parameters
    ----------
    corruption : float
        Standard deviation of the added noise, in the units in which the network works.
    standardize : bool
        Whether the network works on columns of zero mean and unit variance.
    scaling : {"standard", "minmax"}
        "minmax" lets the network work on columns that go from 0 to 1 over the whole table.
    epochs, patience, batch_size, learning_rate : int, int, int, float
        As in `denograd.training.train_network`.
    validation_fraction : float
        Share of the rows, taken at random, that early stopping uses where `fit` is not given
        validation rows.
    domain : {"tabular", "series"}
        In a series channel 0 is the target.
    random_state : int, optional
        Makes results repeatable.
    device : str, optional
        None takes CUDA if there is one.
    progress : bool
        Show a progress bar on a terminal.

    Attributes
    ----------
    network_ : nn.Module
        The trained network, in eval mode on the CPU.
    scaler_ : StandardScaler or MinMaxScaler
        From the caller's units to those of the network.
    history_ : denograd.training.TrainingHistory
        Losses of every epoch.

    References
    ----------
    .. [1] Alain and Bengio (2014). What regularized auto-encoders learn from the data-generating
       distribution. Journal of Machine Learning Research 15, 3743-3773.
    .. [2] Moran, Schmidt, Zhong and Coady (2020). Noisier2Noise: learning to denoise from unpaired
       noisy data. CVPR, 12064-12072.
    .. [3] Xu, Huang, Cheng, Liu, Zhu, Xu and Shao (2020). Noisy-as-clean: learning self-supervised
       denoising from corrupted image. IEEE Transactions on Image Processing 29, 9316-9329.
    """

    uses_target = True
    uses_row_order = False
    column_wise = False
    causal = False
    fits_on = "all"
    min_rows = 2
    neutral: ClassVar[Mapping[str, Any]] = {"scaling": "standard"}

    corruption: float = 0.0
    standardize: bool = False
    scaling: Literal["standard", "minmax"] = "standard"
    epochs: int = 500
    patience: int = 15
    batch_size: int = 64
    learning_rate: float = 1e-3
    validation_fraction: float = 0.2
    domain: Domain = "tabular"
    random_state: int | None = None
    device: str | None = None
    progress: bool = False

    @abstractmethod
    def _build(self, n_columns: int) -> nn.Module:
        """Return a network from rows to rows, with weights from torch's global generator."""

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        self._check_parameters()
        rows, rows_val = self._rows(X, y), None
        if X_val is not None and y_val is not None:
            rows_val = self._rows(X_val, y_val)
        seeds = np.random.SeedSequence(self.random_state).generate_state(4).tolist()
        weights_seed, part_seed, corruption_seed, order_seed = seeds
        if self.scaling == "minmax":
            # Of all rows: a sigmoid reaches nothing beyond them.
            self.scaler_ = MinMaxScaler().fit(rows)
        if rows_val is None:
            rows, rows_val = self._set_aside(rows, part_seed)
        if self.scaling == "standard":
            scaler = StandardScaler(with_mean=self.standardize, with_std=self.standardize)
            self.scaler_ = scaler.fit(rows)
        inputs = self.scaler_.transform(rows)
        inputs_val = self.scaler_.transform(rows_val)
        noise = np.random.default_rng(corruption_seed).normal(size=inputs_val.shape)
        with seeded(weights_seed):
            self.network_ = self._build(inputs.shape[1])
        self.history_ = train_network(
            _Corrupted(self.network_, self.corruption),
            inputs,
            inputs,
            inputs_val + self.corruption * noise,
            inputs_val,
            epochs=self.epochs,
            patience=self.patience,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            random_state=order_seed,
            device=self.device,
            progress=self.progress,
        )
        self.network_.cpu()

    @property
    def training_epochs_(self) -> int:
        """Epochs of the training."""
        return self.history_.n_epochs

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inputs = self.scaler_.transform(self._rows(X, y))
        outputs = predict(self.network_, inputs, device=self.device)
        refined = self.scaler_.inverse_transform(outputs.astype(np.float64))
        if self.domain == "series":
            return refined, refined[:, 0].copy()
        return refined[:, :-1].copy(), refined[:, -1].copy()

    def _rows(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return X if self.domain == "series" else np.column_stack([X, y])

    def _set_aside(self, rows: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Split rows at random into those to train on and those for early stopping."""
        n_stopping = min(max(1, round(self.validation_fraction * len(rows))), len(rows) - 1)
        order = np.random.default_rng(seed).permutation(len(rows))
        return rows[order[:-n_stopping]], rows[order[-n_stopping:]]

    def _check_parameters(self) -> None:
        if self.domain not in get_args(Domain):
            raise ValueError(f"domain must be one of {get_args(Domain)}, got {self.domain!r}")
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction must lie between 0 and 1, got {self.validation_fraction}"
            )
        if not self.learning_rate > 0.0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.scaling not in ("standard", "minmax"):
            raise ValueError(f"scaling must be 'standard' or 'minmax', got {self.scaling!r}")
        if self.standardize and self.scaling == "minmax":
            raise ValueError("standardize and scaling='minmax' exclude each other: leave one out")
        if not self.corruption >= 0.0:
            raise ValueError(f"corruption must not be negative, got {self.corruption}")


class _Corrupted(nn.Module):
    """A network that is given noisier rows while it is trained."""

    def __init__(self, network: nn.Module, level: float) -> None:
        super().__init__()
        self.network = network
        self.level = level

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and self.level:
            rows = rows + self.level * torch.randn_like(rows)
        outputs: Tensor = self.network(rows)
        return outputs
