"""Training the network whose gradients, or predictions, a denoiser uses."""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from denograd.randomness import seeded
from denograd.refinement.model import as_device, frozen, model_dtype
from denograd.refinement.predictor import Predictor
from denograd.refinement.rehearsal import SAMPLES, check_predictions, two_of
from denograd.skill import Skill
from denograd.training.building import make_network
from denograd.training.examples import inputs_of
from denograd.training.loop import TrainingHistory, predict, train_network
from denograd.training.plan import TrainingPlan
from denograd.training.scaling import Scaling


@runtime_checkable
class LearnsInContext(Protocol):
    """A network that is shown rows and their targets instead of being trained on them."""

    def set_context(self, X: Tensor, y: Tensor) -> None:
        """Remember rows (n, n_features) and targets (n,)."""


@dataclass(frozen=True)
class FittedBackbone:
    """A trained network, in eval mode on the CPU, and the units it works in.

    Attributes
    ----------
    network : nn.Module
        With the weights of the best epoch.
    scaling : Scaling
        Between the caller's units and the network's.
    history : TrainingHistory
        Losses by epoch.
    seconds : float
        Duration of the training.
    validation_rows : ndarray of int or None
        Rows of X, as they were given, whose targets decided when to stop; None where these came
        from rows given for it, and for a network that is not trained.
    """

    network: nn.Module = field(repr=False)
    scaling: Scaling = field(repr=False)
    history: TrainingHistory = field(repr=False)
    seconds: float
    validation_rows: np.ndarray | None = field(default=None, repr=False)


def train_backbone(
    plan: TrainingPlan,
    X: np.ndarray,
    y: np.ndarray,
    X_val: np.ndarray | None = None,
    y_val: np.ndarray | None = None,
    *,
    rows: np.ndarray | None = None,
    cache: dict[str, FittedBackbone] | None = None,
    progress: bool = False,
) -> tuple[FittedBackbone, bool]:
    """Train a network to predict y, or find it in the cache.

    Parameters
    ----------
    plan : TrainingPlan
        How.
    X, y : ndarray of shape (n, n_columns) and (n,)
        A table, or a series in time order.
    X_val, y_val : ndarray, optional
        Rows for early stopping; a series begins `plan.context` rows before its first target.
    rows : ndarray of bool of shape (n,), optional
        Rows that may be used; the others, and windows that touch them, stay unseen.
    cache : dict, optional
        Where backbones of named networks with a seed are kept, by a digest of plan and data.
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    backbone : FittedBackbone
    reused : bool
        Whether it was found in the cache.

    Raises
    ------
    ValueError
        When there are too few rows, with the number needed.
    """
    if cache is None or plan.random_state is None or not isinstance(plan.backbone, str):
        return _train(plan, X, y, X_val, y_val, rows, progress), False
    key = digest(plan, X, y, X_val, y_val, rows)
    reused = key in cache
    if not reused:
        cache[key] = _train(plan, X, y, X_val, y_val, rows, progress)
    return cache[key], reused


def predict_target(plan: TrainingPlan, fitted: FittedBackbone, X: np.ndarray) -> np.ndarray:
    """Return predictions of the rows of X after the first `plan.context`, in y's units."""
    scaling, chosen = fitted.scaling, plan.examples(np.ones(len(X), dtype=bool))
    if not len(chosen):
        return np.empty(0)
    inputs, _ = plan.gather(scaling, X, X[:, 0], chosen)
    outputs = predict(fitted.network, inputs, device=plan.device)[:, 0]
    return scaling.y_mean + scaling.y_scale * outputs.astype(np.float64)


@torch.inference_mode(False)
def _train(
    plan: TrainingPlan,
    X: np.ndarray,
    y: np.ndarray,
    X_val: np.ndarray | None,
    y_val: np.ndarray | None,
    rows: np.ndarray | None,
    progress: bool,
) -> FittedBackbone:
    started = time.perf_counter()
    usable = np.ones(len(y), dtype=bool) if rows is None else rows
    weights_seed, part_seed, order_seed = _seeds(plan.random_state, 3)
    training = plan.examples(usable)
    plan.require(len(training), 1, "X and y", "to learn from")
    scaling = Scaling.of(X[usable], y[usable]) if plan.standardize else Scaling.none(X.shape[1])
    with seeded(weights_seed):
        network = make_network(plan.backbone, X.shape[1], plan.window, plan.width)
    if isinstance(network, LearnsInContext):
        inputs, targets = plan.gather(scaling, X, y, training)
        network.set_context(torch.as_tensor(inputs), torch.from_numpy(targets))
        return FittedBackbone(
            network.cpu(), scaling, TrainingHistory(), time.perf_counter() - started
        )
    validation_rows = None
    if X_val is None or y_val is None:
        plan.require(len(training), 2, "X and y", "one of them for early stopping")
        training, stopping = plan.set_aside(training, part_seed)
        X_val, y_val, validation_rows = X, y, stopping + plan.context
    else:
        stopping = plan.examples(np.ones(len(y_val), dtype=bool))
        plan.require(len(stopping), 1, "X_val and y_val", "for early stopping")
    inputs, targets = plan.gather(scaling, X, y, training)
    device = as_device(plan.device)
    first = inputs_of(inputs[:SAMPLES], device, model_dtype(network) or torch.float32)
    check_predictions(Predictor(frozen(network, device), 1), two_of(first))
    history = train_network(
        network,
        inputs,
        targets,
        *plan.gather(scaling, X_val, y_val, stopping),
        epochs=plan.epochs,
        patience=plan.patience,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        early_stopping=plan.early_stopping,
        random_state=order_seed,
        device=device,
        progress=progress,
    )
    seconds = time.perf_counter() - started
    return FittedBackbone(network.cpu(), scaling, history, seconds, validation_rows)


def held_back_skill(plan: TrainingPlan, fitted: FittedBackbone, y: np.ndarray) -> Skill | None:
    """Return the error on the rows that decided when to stop, or None if there were none.

    Parameters
    ----------
    plan : TrainingPlan
        How the backbone was trained.
    fitted : FittedBackbone
        The backbone.
    y : ndarray of shape (n,)
        The targets among which these rows are: all of those given for it, where some were.
    """
    history, rows = fitted.history, fitted.validation_rows
    if not history.validation_loss:
        return None
    rows = np.arange(plan.context, len(y)) if rows is None else rows
    mse = history.validation_loss[history.best_epoch - 1] * fitted.scaling.y_scale**2
    return Skill.of(y[rows], mse, None if plan.window is None else y[rows - plan.horizon])


def _seeds(random_state: int | None, n: int) -> list[int]:
    return [int(word) for word in np.random.SeedSequence(random_state).generate_state(n)]


def digest(settings: object, *arrays: np.ndarray | None) -> str:
    """Return a name in a cache for what settings, by their representation, make of arrays."""
    name = hashlib.sha256(repr(settings).encode())
    for array in arrays:
        name.update(b"none" if array is None else repr((array.shape, array.dtype)).encode())
        if array is not None:
            name.update(array.tobytes())
    return name.hexdigest()
