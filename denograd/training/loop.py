"""Fitting a network: plain tensor slicing, early stopping, the best weights kept."""

import math
import time
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from denograd.checks import check_count
from denograd.randomness import Draws
from denograd.refinement.model import as_device, keep_freed_memory, lent, model_dtype
from denograd.training.adam import Adam
from denograd.training.examples import Batches, Examples, inputs_of, targets_of


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


@torch.inference_mode(False)
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
    random number generators are not used.

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
    if len(X) != len(y):
        raise ValueError(f"inputs and targets differ in length: {len(X)} and {len(y)}")
    if len(y) == 0:
        raise ValueError("there are no rows to train on")
    place, dtype = as_device(device), model_dtype(net) or torch.float32
    rows = inputs_of(X, place, dtype), targets_of(y, place, dtype)
    held_out = None
    if X_val is not None and y_val is not None:
        held_out = inputs_of(X_val, place, dtype), targets_of(y_val, place, dtype)
    history, started = TrainingHistory(), time.perf_counter()
    keep_freed_memory()
    net.to(place)
    weights = [weight for weight in net.parameters() if weight.requires_grad]
    bar = tqdm(
        range(1, epochs + 1 if weights else 1), desc="training", disable=None if progress else True
    )
    optimizer, draws = Adam(weights, learning_rate), Draws(random_state)
    best_loss, best_weights = math.inf, None
    for epoch in bar:
        net.train()
        loss = _train_epoch(net, optimizer, *rows, batch_size, draws)
        history.loss.append(_finite(loss, epoch))
        net.eval()
        if held_out is None:
            history.best_epoch = epoch
            continue
        with draws:
            validation_loss = _finite(_evaluate(net, *held_out), epoch)
        history.validation_loss.append(validation_loss)
        bar.set_postfix(validation_loss=f"{validation_loss:.4g}", refresh=False)
        if not early_stopping:
            history.best_epoch = epoch
        elif validation_loss < best_loss:
            best_loss, history.best_epoch = validation_loss, epoch
            best_weights = deepcopy(net.state_dict())
        elif epoch - history.best_epoch >= patience:
            break
    if best_weights is not None:
        net.load_state_dict(best_weights)
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
        It is left as it is.
    X : array or Tensor of shape (n, ...), or WindowedSeries
        Inputs.
    batch_size : int
        Rows of a forward pass; it bounds the memory.
    device : str or torch.device, optional
        By default CUDA if there is one.
    """
    place = as_device(device)
    inputs = inputs_of(X, place, model_dtype(net) or torch.float32)
    return _outputs(lent(net, place), inputs, batch_size).cpu().numpy()


def _train_epoch(
    net: nn.Module,
    optimizer: Adam,
    inputs: Batches,
    targets: Tensor,
    batch_size: int,
    draws: Draws,
) -> Tensor:
    """Visit all rows once in random order and return their mean loss, left on the device."""
    device, drawing = targets.device, True
    order = torch.randperm(len(targets), generator=draws.generator(device), device=device)
    total = torch.zeros((), device=device)
    for rows in _batches(order, batch_size):
        wanted, before = targets[rows], draws.count
        # Watching every operation takes time: a network that draws nothing is not watched on.
        with draws if drawing else nullcontext():
            outputs = net(inputs[rows])
        drawing = draws.count > before
        loss = nn.functional.mse_loss(outputs.reshape(wanted.shape), wanted)
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
def _evaluate(net: nn.Module, inputs: Batches, targets: Tensor) -> Tensor:
    return nn.functional.mse_loss(_outputs(net, inputs, 4096).reshape(targets.shape), targets)


@torch.no_grad()
def _outputs(net: nn.Module, inputs: Batches, batch_size: int) -> Tensor:
    # Copies of the rows, since a network may write to what it is given.
    batches = (
        inputs[start : start + batch_size].clone() for start in range(0, len(inputs), batch_size)
    )
    return torch.cat([net(batch).reshape(len(batch), -1) for batch in batches])


def _finite(loss: Tensor, epoch: int) -> float:
    value = loss.item()
    if not math.isfinite(value):
        raise FloatingPointError(
            f"the loss became {value} in epoch {epoch} of the training: "
            "lower the learning rate or standardise the data"
        )
    return value
