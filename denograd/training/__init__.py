"""Training networks: the loop, and the backbone that a denoiser trains with it."""

from denograd.training.loop import (
    TrainingHistory,
    WindowedSeries,
    default_device,
    predict,
    seeded,
    train_network,
)

__all__ = [
    "TrainingHistory",
    "WindowedSeries",
    "default_device",
    "predict",
    "seeded",
    "train_network",
]
