"""Convolutions over time that keep the number of time steps."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from denograd.networks._base import check_counts


def convolutions(
    owner: nn.Module, n_features: int, channels: Sequence[int], kernel_size: int
) -> tuple[nn.Sequential, int]:
    """Build convolutions with ReLU on (batch, channels, time), and tell their output channels.

    Parameters
    ----------
    owner : Module
        The network they are for, named in errors.
    n_features : int
        Channels of the input.
    channels : sequence of int
        Filters of each convolution.
    kernel_size : int
        Time steps a filter covers. Odd, so that as many are padded before as after.

    Returns
    -------
    Sequential, int
        The layers and the number of filters of the last one.
    """
    check_counts(owner, kernel_size=kernel_size)
    if not channels:
        raise ValueError(f"{type(owner).__name__}: channels must name at least one convolution")
    for width in channels:
        check_counts(owner, channels=width)
    if kernel_size % 2 == 0:
        raise ValueError(f"{type(owner).__name__}: kernel_size must be odd, got {kernel_size}")
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise((n_features, *channels)):
        layers += [nn.Conv1d(width_in, width_out, kernel_size, padding="same"), nn.ReLU()]
    return nn.Sequential(*layers), channels[-1]
