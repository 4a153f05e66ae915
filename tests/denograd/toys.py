"""Small networks whose gradients are known by hand, or cheap to take."""

import copy

import numpy as np
import torch
from torch import nn

from denograd import DenoGradDenoiser

CHEAP = {"backbone_epochs": 3, "max_epochs": 5, "random_state": 0, "device": "cpu"}
SERIES = {"domain": "series", "window_size": 6}


def cheap(*backbone: object, **params: object) -> DenoGradDenoiser:
    """A denoiser that takes no time."""
    return DenoGradDenoiser(*backbone, **{**CHEAP, **params})


def complete(rule: str) -> str | dict[str, object]:
    """A rule with the arguments that it has no defaults for."""
    needed = {"calibrated": {"noise": 0.3, "prediction_error": 1.0}}
    return {"name": rule, **needed[rule]} if rule in needed else rule


def assert_same(got, expected, atol: float = 0.0) -> None:
    """Compare X and y, the first two of each side."""
    for ours, theirs in zip(got[:2], expected[:2], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


def plane(weights, bias=0.0, dtype=torch.float32) -> nn.Linear:
    """The linear model f(x) = W x + b, for one target where `weights` has one dimension."""
    weights = torch.atleast_2d(torch.tensor(weights, dtype=dtype))
    model = nn.Linear(weights.shape[1], weights.shape[0], dtype=dtype)
    with torch.no_grad():
        model.weight.copy_(weights)
        model.bias.fill_(bias)
    return model


def window_plane(n_steps: int, n_channels: int, weights, dtype=torch.float32) -> nn.Module:
    """A linear model of a window (batch, time, channels)."""
    assert len(weights) == n_steps * n_channels
    return nn.Sequential(nn.Flatten(), plane(weights, dtype=dtype))


def perceptron(n_inputs: int, n_targets: int = 1, dtype=torch.float32, seed: int = 0) -> nn.Module:
    """A small smooth network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(n_inputs, 16), nn.Tanh(), nn.Linear(16, n_targets))
    return model.to(dtype)


class LastStep(nn.Module):
    """An LSTM with a linear head on its last step."""

    def __init__(self, n_features: int, hidden: int, n_layers: int = 1, dropout: float = 0.0):
        super().__init__()
        self.rnn = nn.LSTM(n_features, hidden, n_layers, batch_first=True, dropout=dropout)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Flat(nn.Module):
    """A perceptron on the flattened window."""

    def __init__(self, n_inputs: int, hidden: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(n_inputs, hidden), nn.Tanh(), nn.Linear(hidden, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


class Calls(nn.Module):
    """Another model that counts the samples it sees, and may raise after some calls."""

    rows_are_independent = True

    def __init__(self, model: nn.Module, error: BaseException | None = None, after: int = 0):
        super().__init__()
        self.model = model
        self.error = error
        self.after = after
        self.batches: list[int] = []
        self.gradients: list[bool] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(x))
        self.gradients.append(torch.is_grad_enabled())
        if self.error is not None and len(self.batches) > self.after:
            raise self.error
        return self.model(x)

    def __deepcopy__(self, memo):
        twin = type(self)(copy.deepcopy(self.model, memo), self.error, self.after)
        twin.batches, twin.gradients = self.batches, self.gradients
        return twin


def table(n: int = 60, d: int = 3, seed: int = 0, dtype=np.float64):
    """Random inputs and a target."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    return X, (X.sum(axis=1) + rng.normal(size=n)).astype(dtype)


def series(n: int = 80, c: int = 2, seed: int = 0, dtype=np.float64):
    """A noisy periodic series and its first channel."""
    rng = np.random.default_rng(seed)
    steps = np.arange(n)[:, None]
    X = (np.sin(steps * 2 * np.pi / 12 + np.arange(c)) + 0.3 * rng.normal(size=(n, c))).astype(
        dtype
    )
    return X, X[:, 0].copy()


DATA = {"tabular": table, "series": series}
