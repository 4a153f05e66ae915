"""Training networks: the loop, and the backbone that a denoiser trains with it."""

from denograd.randomness import seeded
from denograd.training.examples import WindowedSeries
from denograd.training.loop import TrainingHistory, predict, train_network

__all__ = [
    "TrainingHistory",
    "WindowedSeries",
    "predict",
    "seeded",
    "train_network",
]
