"""Training the network whose gradients, or predictions, a denoiser uses."""

import hashlib
import inspect
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from denograd.networks import build, network_class, size_names
from denograd.skill import Skill
from denograd.training.loop import (
    Examples,
    TrainingHistory,
    WindowedSeries,
    predict,
    seeded,
    train_network,
)

NetworkFactory: TypeAlias = Callable[[int, int, int | None], nn.Module]
Backbone: TypeAlias = str | nn.Module | NetworkFactory

_WIDTHS = ("hidden_sizes", "hidden_size", "channels", "width")
"""What networks call the units, channels or model size of their layers."""


@dataclass(frozen=True)
class Scaling:
    """An affine map to the units in which the network works.

    Attributes
    ----------
    x_mean, x_scale : ndarray of shape (n_columns,)
        Per column of X.
    y_mean, y_scale : float
        Of the target.
    """

    x_mean: np.ndarray
    x_scale: np.ndarray
    y_mean: float
    y_scale: float

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray) -> Self:
        """Return the map to zero mean and unit variance; constant columns are only centred."""
        return cls(X.mean(axis=0), _spread(X), y.mean().item(), _spread(y).item())

    @classmethod
    def none(cls, n_columns: int) -> Self:
        """Return the map that changes nothing."""
        return cls(np.zeros(n_columns), np.ones(n_columns), 0.0, 1.0)

    def inputs(self, X: np.ndarray) -> np.ndarray:
        """Return X in the network's units, as float32."""
        return ((X - self.x_mean) / self.x_scale).astype(np.float32)

    def targets(self, y: np.ndarray) -> np.ndarray:
        """Return y in the network's units, as float32."""
        return ((y - self.y_mean) / self.y_scale).astype(np.float32)


@dataclass(frozen=True)
class TrainingPlan:
    """How a backbone is trained: every setting that its weights depend on.

    Attributes
    ----------
    backbone : str, nn.Module or callable
        Name of a network of `denograd.networks`, a module (a copy of it is trained), or a factory
        called with (n_features, n_targets, window).
    standardize : bool
        Whether the network works on standardised values.
    epochs, patience, batch_size, learning_rate
        As in `denograd.training.train_network`.
    width : float
        Factor of the layers' widths of a named network.
    early_stopping : bool
        As in `denograd.training.train_network`; the validation rows are set aside either way.
    validation_fraction : float
        Share of the examples that early stopping takes where no validation rows are given: random
        rows of a table, the last windows of a series.
    window : int or None
        Time steps of a window; None for a table.
    horizon : int
        Distance from the last step of a window to the step it predicts.
    random_state : int or None
        Seed of the weights, the validation rows and the order of the examples.
    device : str or None
        None takes CUDA if there is one.
    """

    backbone: Backbone
    standardize: bool
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    validation_fraction: float
    window: int | None
    horizon: int
    random_state: int | None
    device: str | None
    width: float = 1.0
    early_stopping: bool = True

    @property
    def context(self) -> int:
        """Rows that come before the first one which can be predicted."""
        return 0 if self.window is None else self.window + self.horizon - 1


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
    scaling, chosen = fitted.scaling, examples(plan, np.ones(len(X), dtype=bool))
    if not len(chosen):
        return np.empty(0)
    inputs, _ = _gather(plan, scaling, X, X[:, 0], chosen)
    try:
        outputs = predict(fitted.network, inputs, device=plan.device)[:, 0]
    finally:
        fitted.network.cpu()
    return scaling.y_mean + scaling.y_scale * outputs.astype(np.float64)


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


def examples(plan: TrainingPlan, usable: np.ndarray) -> np.ndarray:
    """Return the rows of a table that are usable, or the starts of the windows that are.

    A window is usable when it and the step it predicts lie in one unbroken run of usable rows.
    """
    if plan.window is None:
        return np.flatnonzero(usable)
    span = plan.context + 1
    unusable_before = np.concatenate([[0], np.cumsum(~usable)])
    return np.flatnonzero(unusable_before[span:] == unusable_before[:-span])


def make_network(
    backbone: Backbone, n_features: int, window: int | None, width: float = 1.0
) -> nn.Module:
    """Build a network by its name or factory, or copy the module that was given.

    Raises
    ------
    TypeError
        For anything else, and for a factory that returns no module.
    ValueError
        For a `width` that the network does not allow.
    """
    if isinstance(backbone, str):
        sizes = scaled_widths(backbone, width)
        if "context" in size_names(backbone):
            # A network that is shown rows instead of being trained keeps those it was fitted on.
            sizes["context"] = "fitted"
        return build(backbone, n_features, 1, window, **sizes)
    if isinstance(backbone, nn.Module):
        return deepcopy(backbone)
    if not callable(backbone):
        raise TypeError(
            "backbone must be the name of a network, a torch module or a callable that builds one "
            f"from (n_features, n_targets, window), got {backbone!r}"
        )
    network = backbone(n_features, 1, window)
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"the backbone factory must return a torch module, got {type(network).__name__}"
        )
    return network


def scaled_widths(backbone: Backbone, factor: float) -> dict[str, Any]:
    """Return the widths of a named network's layers times a factor; empty for a factor of 1.

    Raises
    ------
    ValueError
        When there is nothing that the factor could scale.
    """
    if factor == 1.0:
        return {}
    if not isinstance(backbone, str):
        raise ValueError(
            f"backbone_width={factor} scales networks that are named; build {backbone!r} with the "
            "widths that you want"
        )
    parameters = inspect.signature(network_class(backbone)).parameters
    widths = {key: parameters[key].default for key in _WIDTHS if key in parameters}
    if not widths:
        raise ValueError(f"backbone_width={factor}: the network {backbone!r} has no width to scale")
    return {
        key: tuple(_scaled(one, factor) for one in width)
        if isinstance(width, tuple)
        else _scaled(width, factor)
        for key, width in widths.items()
    }


def _scaled(width: int, factor: float) -> int:
    return max(1, round(width * factor))


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
    training = examples(plan, usable)
    _require(plan, len(training), 1, "X and y", "to learn from")
    scaling = Scaling.of(X[usable], y[usable]) if plan.standardize else Scaling.none(X.shape[1])
    with seeded(weights_seed):
        network = make_network(plan.backbone, X.shape[1], plan.window, plan.width)
    if isinstance(network, LearnsInContext):
        inputs, targets = _gather(plan, scaling, X, y, training)
        network.set_context(torch.as_tensor(inputs), torch.from_numpy(targets))
        return FittedBackbone(
            network.cpu(), scaling, TrainingHistory(), time.perf_counter() - started
        )
    validation_rows = None
    if X_val is None or y_val is None:
        _require(plan, len(training), 2, "X and y", "one of them for early stopping")
        training, stopping = _set_aside(plan, training, part_seed)
        X_val, y_val, validation_rows = X, y, stopping + plan.context
    else:
        stopping = examples(plan, np.ones(len(y_val), dtype=bool))
        _require(plan, len(stopping), 1, "X_val and y_val", "for early stopping")
    history = train_network(
        network,
        *_gather(plan, scaling, X, y, training),
        *_gather(plan, scaling, X_val, y_val, stopping),
        epochs=plan.epochs,
        patience=plan.patience,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        early_stopping=plan.early_stopping,
        random_state=order_seed,
        device=plan.device,
        progress=progress,
    )
    seconds = time.perf_counter() - started
    return FittedBackbone(network.cpu(), scaling, history, seconds, validation_rows)


def _gather(
    plan: TrainingPlan, scaling: Scaling, X: np.ndarray, y: np.ndarray, chosen: np.ndarray
) -> tuple[Examples, np.ndarray]:
    """Return inputs and targets of the chosen examples in the network's units."""
    if plan.window is None:
        return scaling.inputs(X[chosen]), scaling.targets(y[chosen])
    series = torch.from_numpy(scaling.inputs(X))
    windows = WindowedSeries(series, plan.window, torch.from_numpy(chosen))
    return windows, scaling.targets(y[chosen + plan.context])


def _set_aside(
    plan: TrainingPlan, available: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split examples into those to train on and those for early stopping."""
    n_stopping = min(max(1, round(plan.validation_fraction * len(available))), len(available) - 1)
    if plan.window is None:
        available = np.random.default_rng(seed).permutation(available)
    return available[:-n_stopping], available[-n_stopping:]


def _require(plan: TrainingPlan, found: int, needed: int, names: str, purpose: str) -> None:
    if found >= needed:
        return
    kind = "row" if plan.window is None else "window"
    why = f"{names} hold {found} {kind}(s), at least {needed} are needed ({purpose})"
    if plan.window is not None:
        why += (
            f": with windows of {plan.window} steps and horizon {plan.horizon} that takes a series "
            f"of {plan.context + needed} steps without a gap"
        )
    raise ValueError(why)


def _seeds(random_state: int | None, n: int) -> list[int]:
    return [int(word) for word in np.random.SeedSequence(random_state).generate_state(n)]


def _spread(values: np.ndarray) -> np.ndarray:
    """Return standard deviations, with 1 for columns that are constant up to rounding."""
    deviation = np.asarray(values.std(axis=0))
    constant = deviation <= 1e-12 * np.abs(values).max(axis=0)
    return np.where(constant, 1.0, deviation)


def digest(settings: object, *arrays: np.ndarray | None) -> str:
    """Return a name in a cache for what settings, by their representation, make of arrays."""
    name = hashlib.sha256(repr(settings).encode())
    for array in arrays:
        name.update(b"none" if array is None else repr((array.shape, array.dtype)).encode())
        if array is not None:
            name.update(array.tobytes())
    return name.hexdigest()
