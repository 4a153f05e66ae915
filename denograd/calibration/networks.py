"""Pairs of small networks, one pair per fold, all of them trained in one batched product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import silu

from denograd.refinement.model import keep_freed_memory
from denograd.training.adam import Adam

_HIDDEN, _PAIR = 64, 2
_EPOCHS, _PATIENCE, _BATCH = 60, 8, 128
_RATE, _DECAY = 2e-3, 1e-3
_HELD_OUT = 8
"""One row of so many is set aside to stop the training."""

_CLIP = 4.0
"""Inputs further out, in standard deviations, are moved here: networks diverge on them."""

_CHUNK = 4096

_PLACE: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
"""Torch's defaults are the user's to set."""


class Pair(NamedTuple):
    """Weights W and b of the networks of one fold, (2, inputs, outputs) and (2, 1, outputs)."""

    weights: tuple[Tensor, ...]

    @torch.no_grad()
    def predict(self, X: np.ndarray) -> np.ndarray:
        """Prediction f and its gradient ∂f/∂x, means of both networks, (n, 1 + d).

        The gradient is 0 where its input was clipped.
        """
        parts = torch.from_numpy(X).float().split(_CHUNK)
        return torch.cat([self._outputs(part) for part in parts]).double().numpy()

    def _outputs(self, X: Tensor) -> Tensor:
        W1, _, W2, _, W3, _ = self.weights
        f, z1, z2 = _forward(self.weights, X.clamp(-_CLIP, _CLIP).expand(_PAIR, -1, -1))
        gradient = torch.bmm(torch.bmm(_slope(z2) * W3.mT, W2.mT) * _slope(z1), W1.mT)
        return torch.cat([f, gradient * (X.abs() < _CLIP)], dim=2).mean(dim=0)


@torch.inference_mode(False)
def fit_pairs(
    X: np.ndarray, y: np.ndarray, folds: np.ndarray, random_state: int = 0
) -> list[Pair] | None:
    """Train two networks on the rows outside each fold.

    Two hidden layers of 64 with SiLU, AdamW, an eighth of the rows set aside: each network keeps
    the weights with which it predicts those best.

    Parameters
    ----------
    X, y : ndarray of shape (n, d) and (n,)
        Standardised rows.
    folds : ndarray of shape (n,)
        Fold of each row, counted from 0; two or more.
    random_state : int
        Seed of weights, order of rows and rows set aside.

    Returns
    -------
    list of Pair or None
        One per fold; None where a network diverged.
    """
    draws = torch.Generator().manual_seed(random_state)
    inputs = torch.from_numpy(X).float().clamp_(-_CLIP, _CLIP)
    targets = torch.from_numpy(y).float()[:, None]
    n_folds = int(folds.max()) + 1
    members = [torch.from_numpy(np.flatnonzero(folds != k)) for k in range(n_folds)]
    members = [rows for rows in members for _ in range(_PAIR)]
    # Folds differ by a row at most; a row less and all networks are batches of one product.
    n_rows = min(map(len, members))
    order = torch.stack([rows[_shuffled(len(rows), draws)[:n_rows]] for rows in members])
    n_out = n_rows // _HELD_OUT
    held_out, training = order[:, : n_out or n_rows], order[:, n_out:]
    weights = _start(len(members), X.shape[1], draws)
    best = [weight.detach().clone() for weight in weights]
    least = torch.full((len(members), 1, 1), math.inf, **_PLACE)
    best_epoch = torch.zeros(len(members), dtype=torch.long, device="cpu")
    optimizer = Adam(weights, _RATE)
    keep_freed_memory()
    for epoch in range(_EPOCHS):
        shuffled = torch.stack([rows[_shuffled(len(rows), draws)] for rows in training])
        for rows in shuffled.split(_BATCH, dim=1):
            # A sum over networks: each has the gradient of its own mean.
            error = _forward(weights, inputs[rows])[0] - targets[rows]
            torch._foreach_mul_([w.data for w in weights], 1.0 - _RATE * _DECAY)
            optimizer.step((error**2).mean(dim=1).sum())
        with torch.no_grad():
            error = _forward(weights, inputs[held_out])[0] - targets[held_out]
            loss = (error**2).mean(dim=1, keepdim=True)
            better = loss < least
            least = torch.where(better, loss, least)
            for kept, weight in zip(best, weights, strict=True):
                kept.copy_(torch.where(better, weight, kept))
        best_epoch[better.flatten()] = epoch
        if epoch - int(best_epoch.max()) >= _PATIENCE:
            break
    if not torch.isfinite(least).all():
        return None
    return [
        Pair(tuple(weight[start : start + _PAIR].clone() for weight in best))
        for start in range(0, len(members), _PAIR)
    ]


def _forward(weights: Sequence[Tensor], X: Tensor) -> tuple[Tensor, ...]:
    W1, b1, W2, b2, W3, b3 = weights
    z1 = torch.baddbmm(b1, X, W1)
    z2 = torch.baddbmm(b2, silu(z1), W2)
    return torch.baddbmm(b3, silu(z2), W3), z1, z2


def _slope(z: Tensor) -> Tensor:
    """Derivative of SiLU."""
    s = torch.sigmoid(z)
    return s * (1.0 + z * (1.0 - s))


def _start(count: int, n_inputs: int, draws: torch.Generator) -> list[torch.nn.Parameter]:
    """Weights and biases, uniform within ±1/√inputs as torch's linear layers begin."""
    widths = (n_inputs, _HIDDEN, _HIDDEN, 1)
    return [
        torch.nn.Parameter(
            (2.0 * torch.rand(count, rows, width, generator=draws, **_PLACE) - 1.0) / math.sqrt(n)
        )
        for n, width in pairwise(widths)
        for rows in (n, 1)
    ]


def _shuffled(n: int, draws: torch.Generator) -> Tensor:
    return torch.randperm(n, generator=draws, device="cpu")
