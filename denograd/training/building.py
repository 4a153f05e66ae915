"""The network that is to be trained: by its name, as a module, or built by a factory."""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from torch import nn

from denograd.networks import build, network_class, size_names
from denograd.refinement.model import copied

NetworkFactory: TypeAlias = Callable[[int, int, int | None], nn.Module]
Backbone: TypeAlias = str | nn.Module | NetworkFactory

_WIDTHS = ("hidden_sizes", "hidden_size", "channels", "width")
"""What networks call the units, channels or model size of their layers."""


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
        return copied(backbone)
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
