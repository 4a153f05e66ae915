"""Fitting a network: plain tensor slicing, early stopping, the best weights kept."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from tqdm import tqdm

from denograd.checks import check_count
from denograd.refinement.gradients import model_dtype

_LARGEST_KEPT_BLOCK = 2**25 - 2**13
"""Bytes; the C library's limit, less its own notes about a block."""


class WindowedSeries:
    """Windows of a series that are gathered only when they are asked for.

    Parameters
    ----------
    series : Tensor of shape (n_steps, n_channels)
        The series; it is held once, however much the windows overlap.
    window : int
        Time steps of a window.
    starts : Tensor of shape (n_windows,), optional
        First time step of each window, by default every one that fits.
    """

    def __init__(self, series: Tensor, window: int, starts: Tensor | None = None) -> None:
        n_fit = series.shape[0] - window + 1
        if n_fit < 1:
            raise ValueError(f"a series of {series.shape[0]} steps has no window of {window} steps")
        self.starts = torch.arange(n_fit) if starts is None else starts
        if len(self.starts) and not 0 <= int(self.starts.min()) <= int(self.starts.max()) < n_fit:
            raise ValueError(f"windows of {window} steps start at 0 to {n_fit - 1} only")
        self.series = series
        self.window = window
        self._view = series.unfold(0, window, 1).transpose(1, 2)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the stacked windows: (n_windows, window, n_channels)."""
        return len(self.starts), self.window, self.series.shape[1]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """Return a stack of windows, of shape (len(rows), window, n_channels)."""
        return self._view[self.starts[rows]]

    def to(self, device: torch.device, dtype: torch.dtype) -> Self:
        """Return the same windows of the series on another device and as another type."""
        return type(self)(self.series.to(device, dtype), self.window, self.starts.to(device))


Examples: TypeAlias = np.ndarray | Tensor | WindowedSeries


@dataclass
class TrainingHistory:
    """What happened while a network was trained.

    Attributes
    ----------
    loss, validation_loss : list of float
        Mean squared error per epoch, over the training batches as they were met and over the
        validation rows after the epoch; the latter is empty without validation rows.
    best_epoch : int
        Epoch, counted from 1, whose weights were kept; 0 when nothing was trained.
    seconds : float
        Duration of the training.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0

    @property
    def n_epochs(self) -> int:
        """Number of epochs that were run."""
        return len(self.loss)


def train_network(
    net: nn.Module,
    X: Examples,
    y: np.ndarray | Tensor,
    X_val: Examples | None = None,
    y_val: np.ndarray | Tensor | None = None,
    *,
    epochs: int = 100,
    patience: int = 15,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    early_stopping: bool = True,
    random_state: int | None = None,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> TrainingHistory:
    """Train a network in place with Adam on the mean squared error.

    The network keeps the weights of the epoch with the lowest validation loss (without validation
    rows, those of the last epoch), lies on `device` afterwards and is in eval mode. The global
    state of the random number generators is as before.

    Parameters
    ----------
    net : nn.Module
        Maps (batch, ...) to (batch, n_targets) or (batch,).
    X : array or Tensor of shape (n, ...), or WindowedSeries
        Inputs; they are cast to the network's dtype and moved to the device as a whole.
    y : array or Tensor of shape (n,) or (n, n_targets)
        Targets.
    X_val, y_val : like X and y, optional
        Rows for early stopping.
    epochs, patience : int
        At most `epochs`; stops after `patience` epochs without a lower validation loss.
    batch_size : int
        Rows of a step.
    learning_rate : float
        Of Adam.
    early_stopping : bool
        With False all `epochs` are run and the last weights are kept; the loss of validation rows
        is recorded nevertheless.
    random_state : int, optional
        Seed of the order of the rows and of dropout.
    device : str or torch.device, optional
        By default CUDA if there is one.
    progress : bool
        Show a progress bar over the epochs on a terminal.

    Returns
    -------
    TrainingHistory

    Raises
    ------
    ValueError
        When lengths disagree, there are no rows, or a number is out of range.
    FloatingPointError
        When the loss becomes NaN or infinite.
    """
    check_count("epochs", epochs, least=0)
    check_count("patience", patience)
    check_count("batch_size", batch_size)
    place = torch.device(device) if device is not None else default_device()
    dtype = model_dtype(net) or torch.float32
    inputs, targets = _examples(X, y, place, dtype)
    held_out = None
    if X_val is not None and y_val is not None:
        held_out = _examples(X_val, y_val, place, dtype)

    started = time.perf_counter()
    history = TrainingHistory()
    _keep_freed_memory()
    net.to(place)
    weights = [weight for weight in net.parameters() if weight.requires_grad]
    if epochs and weights:
        optimizer = _Adam(weights, learning_rate)
        with seeded(random_state, place):
            _run_epochs(
                net, optimizer, inputs, targets, held_out, history,
                epochs=epochs, patience=patience if early_stopping else None,
                batch_size=batch_size, progress=progress,
            )  # fmt: skip
    net.eval()
    history.seconds = time.perf_counter() - started
    return history


def predict(
    net: nn.Module,
    X: Examples,
    *,
    batch_size: int = 4096,
    device: str | torch.device | None = None,
) -> np.ndarray:
    """Return the outputs of a network in eval mode, of shape (n, n_targets).

    Parameters
    ----------
    net : nn.Module
        It is moved to the device and left there, its train or eval mode as before.
    X : array or Tensor of shape (n, ...), or WindowedSeries
        Inputs.
    batch_size : int
        Rows of a forward pass; it bounds the memory.
    device : str or torch.device, optional
        By default CUDA if there is one.
    """
    place = torch.device(device) if device is not None else default_device()
    inputs = _inputs(X, place, model_dtype(net) or torch.float32)
    net.to(place)
    was_training = net.training
    net.eval()
    try:
        outputs = _outputs(net, inputs, batch_size)
    finally:
        net.train(was_training)
    return outputs.cpu().numpy()


def default_device() -> torch.device:
    """Return CUDA if there is a device for it, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def seeded(random_state: int | None, device: torch.device | None = None) -> Iterator[None]:
    """Seed the generators of the CPU and of `device` for a block and restore them afterwards.

    None draws a seed from the operating system.
    """
    seed = np.random.SeedSequence(random_state).generate_state(1, np.uint64).item() >> 1
    cuda = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def _keep_freed_memory() -> None:
    """Let the process keep memory that it frees, up to some tens of megabytes.

    A step allocates a few megabytes for its intermediate values and frees them again. The C
    library of Linux would hand them back to the system after every step, and have them cleared
    anew in the next: up to a quarter of the time of a step. What it keeps follows the largest
    block that was freed so far, up to one of 32 megabytes. This one is never written to, so it
    costs nothing.
    """
    np.empty(_LARGEST_KEPT_BLOCK, np.uint8)


class _Adam:
    """Adam through torch's function for it.

    The optimizer class imports torch's compiler when it is constructed: two seconds and eighty
    megabytes in every worker for a network that trains in one.
    """

    def __init__(self, weights: list[nn.Parameter], learning_rate: float) -> None:
        self.weights: list[Tensor] = [*weights]
        self.learning_rate = learning_rate
        self.means = [torch.zeros_like(weight) for weight in weights]
        self.squares = [torch.zeros_like(weight) for weight in weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in weights]

    def step(self, loss: Tensor) -> None:
        """Move the weights against the gradient of the loss."""
        gradients = torch.autograd.grad(loss, self.weights, materialize_grads=True)
        with torch.no_grad():
            adam(
                self.weights, list(gradients), self.means, self.squares, [], self.steps,
                foreach=False, fused=True, amsgrad=False, maximize=False, lr=self.learning_rate,
                beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0,
            )  # fmt: skip


def _run_epochs(
    net: nn.Module,
    optimizer: _Adam,
    inputs: Tensor | WindowedSeries,
    targets: Tensor,
    held_out: tuple[Tensor | WindowedSeries, Tensor] | None,
    history: TrainingHistory,
    *,
    epochs: int,
    patience: int | None,
    batch_size: int,
    progress: bool,
) -> None:
    """Train epoch by epoch; without `patience` nothing stops it and the last weights are kept."""
    best_loss, best_weights = math.inf, None
    bar = tqdm(range(1, epochs + 1), desc="training", disable=None if progress else True)
    for epoch in bar:
        net.train()
        loss = _train_epoch(net, optimizer, inputs, targets, batch_size)
        history.loss.append(_finite(loss, epoch))
        if held_out is None:
            history.best_epoch = epoch
            continue
        net.eval()
        validation_loss = _finite(_evaluate(net, *held_out), epoch)
        history.validation_loss.append(validation_loss)
        bar.set_postfix(validation_loss=f"{validation_loss:.4g}", refresh=False)
        if patience is None:
            history.best_epoch = epoch
        elif validation_loss < best_loss:
            best_loss, history.best_epoch = validation_loss, epoch
            best_weights = deepcopy(net.state_dict())
        elif epoch - history.best_epoch >= patience:
            break
    bar.close()
    if best_weights is not None:
        net.load_state_dict(best_weights)


def _train_epoch(
    net: nn.Module,
    optimizer: _Adam,
    inputs: Tensor | WindowedSeries,
    targets: Tensor,
    batch_size: int,
) -> Tensor:
    """Visit all rows once in random order and return their mean loss, left on the device."""
    order = torch.randperm(len(targets), device=targets.device)
    total = torch.zeros((), device=targets.device)
    for rows in _batches(order, batch_size):
        wanted = targets[rows]
        loss = nn.functional.mse_loss(net(inputs[rows]).reshape(wanted.shape), wanted)
        optimizer.step(loss)
        total += loss.detach() * len(rows)
    return total / len(targets)


def _batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """Cut the order of rows into batches; a last batch of one row joins the one before it.

    One row has no spread, so layers that normalise over the batch could not be trained on it.
    """
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


@torch.no_grad()
def _evaluate(net: nn.Module, inputs: Tensor | WindowedSeries, targets: Tensor) -> Tensor:
    return nn.functional.mse_loss(_outputs(net, inputs, 4096).reshape(targets.shape), targets)


@torch.no_grad()
def _outputs(net: nn.Module, inputs: Tensor | WindowedSeries, batch_size: int) -> Tensor:
    outputs = [
        net(inputs[start : start + batch_size]) for start in range(0, len(inputs), batch_size)
    ]
    return torch.cat([output.reshape(len(output), -1) for output in outputs])


def _examples(
    X: Examples, y: np.ndarray | Tensor, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor | WindowedSeries, Tensor]:
    if len(X) != len(y):
        raise ValueError(f"inputs and targets differ in length: {len(X)} and {len(y)}")
    if len(y) == 0:
        raise ValueError("there are no rows to train on")
    targets = _tensor(y, device, dtype)
    return _inputs(X, device, dtype), targets.reshape(len(targets), -1)


def _inputs(X: Examples, device: torch.device, dtype: torch.dtype) -> Tensor | WindowedSeries:
    return X.to(device, dtype) if isinstance(X, WindowedSeries) else _tensor(X, device, dtype)


def _tensor(values: np.ndarray | Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    if not isinstance(values, Tensor):
        # Torch warns when it gets memory that it cannot keep others from writing to.
        values = torch.from_numpy(np.require(values, requirements=["C", "W"]))
    return values.detach().to(device, dtype)


def _finite(loss: Tensor, epoch: int) -> float:
    value = loss.item()
    if not math.isfinite(value):
        raise FloatingPointError(
            f"the loss became {value} in epoch {epoch} of the training: "
            "lower the learning rate or standardise the data"
        )
    return value
