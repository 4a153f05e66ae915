"""How a backbone is trained, and on which rows or windows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from denograd.training.building import Backbone
from denograd.training.examples import Examples, WindowedSeries
from denograd.training.scaling import Scaling


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

    def examples(self, usable: np.ndarray) -> np.ndarray:
        """Return the rows of a table that are usable, or the starts of the windows that are.

        A window is usable when it and the step it predicts lie in one unbroken run of usable rows.
        """
        if self.window is None:
            return np.flatnonzero(usable)
        span = self.context + 1
        unusable_before = np.concatenate([[0], np.cumsum(~usable)])
        return np.flatnonzero(unusable_before[span:] == unusable_before[:-span])

    def require(self, found: int, needed: int, names: str, purpose: str) -> None:
        """Refuse fewer examples than are needed, with the number of rows that it takes."""
        if found >= needed:
            return
        kind = "row" if self.window is None else "window"
        why = f"{names} hold {found} {kind}(s), at least {needed} are needed ({purpose})"
        if self.window is not None:
            why += (
                f": with windows of {self.window} steps and horizon {self.horizon} that takes a "
                f"series of {self.context + needed} steps without a gap"
            )
        raise ValueError(why)

    def set_aside(self, available: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Split examples into those to train on and those for early stopping."""
        n_stopping = min(
            max(1, round(self.validation_fraction * len(available))), len(available) - 1
        )
        if self.window is None:
            available = np.random.default_rng(seed).permutation(available)
        return available[:-n_stopping], available[-n_stopping:]

    def gather(
        self, scaling: Scaling, X: np.ndarray, y: np.ndarray, chosen: np.ndarray
    ) -> tuple[Examples, np.ndarray]:
        """Return inputs and targets of the chosen examples in the network's units."""
        if self.window is None:
            return scaling.inputs(X[chosen]), scaling.targets(y[chosen])
        series = torch.from_numpy(scaling.inputs(X))
        windows = WindowedSeries(series, self.window, torch.from_numpy(chosen))
        return windows, scaling.targets(y[chosen + self.context])

    def folds(self, n_rows: int, n_folds: int) -> Iterator[tuple[np.ndarray, np.ndarray, Self]]:
        """Cut the rows into folds: at random in a table, contiguous in a series.

        Yields
        ------
        fold : ndarray of int
            Its rows, in order.
        unseen : ndarray of int
            They and, in a series, a gap on both sides: all that no window of the training touches.
        plan : TrainingPlan
            How a backbone is trained without them, with a seed of its own.
        """
        if n_rows < n_folds:
            raise ValueError(f"cv={n_folds} folds need at least {n_folds} rows, got {n_rows}")
        rows = np.arange(n_rows)
        if self.window is None:
            rows = np.random.default_rng(self.random_state).permutation(rows)
        for number, fold in enumerate(map(np.sort, np.array_split(rows, n_folds)), start=1):
            seed, unseen = self.random_state, fold
            if seed is not None:
                seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
            if self.window is not None:
                first, stop = max(fold[0] - self.context, 0), fold[-1] + 1 + self.context
                unseen = np.arange(first, min(stop, n_rows))
            yield fold, unseen, replace(self, random_state=seed)
