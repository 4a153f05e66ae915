"""Data and trained networks that the benchmarks share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from denograd.networks import build
from denograd.training import train_network

WINDOW = 24


def noisy_table(n_rows: int, n_columns: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal inputs and a standardised, noisy target, in single precision."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, n_columns), dtype=np.float32)
    y = np.sin(X[:, 0] * X[:, 1]) + X[:, 2] ** 2 + X[:, 3] / 2
    y += 0.3 * rng.standard_normal(n_rows, dtype=np.float32)
    return X, (y - y.mean()) / y.std()


def noisy_series(n_steps: int, n_channels: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Standardised periodic channels with noise; the target is the first channel."""
    rng = np.random.default_rng(seed)
    periods = np.resize([24, 24, 12, 48, 168, 36, 30], n_channels)
    steps = np.arange(n_steps)[:, None]
    X = np.sin(2 * np.pi * steps / periods + np.arange(n_channels))
    X += 0.2 * rng.standard_normal(X.shape)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    return X, X[:, 0].copy()


def noisy_ett(sigma: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray] | None:
    """ETTh1, its target OT first, standardised and with noise; None without the file."""
    path = Path(os.environ.get("DENOGRAD_DATA", "data")) / "ett" / "ETTh1.csv.gz"
    if not path.exists():
        return None
    frame = pd.read_csv(path).drop(columns="date")
    frame.insert(0, "OT", frame.pop("OT"))
    X = ((frame - frame.mean()) / frame.std(ddof=0)).to_numpy()
    X += sigma * np.random.default_rng(seed).standard_normal(X.shape)
    X = X.astype(np.float32)
    return X, X[:, 0].copy()


def trained_on_table(X: np.ndarray, y: np.ndarray, epochs: int = 5) -> nn.Module:
    """The MLP 128-64-32."""
    net = build("mlp", X.shape[1])
    train_network(net, X, y, epochs=epochs, random_state=0, device="cpu")
    return net


def trained_on_series(name: str, X: np.ndarray, y: np.ndarray, epochs: int = 4) -> nn.Module:
    """A network that predicts the next step of the target from a window."""
    net = build(name, X.shape[1], window=WINDOW)
    windows = np.lib.stride_tricks.sliding_window_view(X, WINDOW, axis=0)[:-1].transpose(0, 2, 1)
    train_network(
        net, windows.copy(), y[WINDOW:], epochs=epochs, batch_size=64, random_state=0, device="cpu"
    )
    return net
