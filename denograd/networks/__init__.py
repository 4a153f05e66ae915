"""Networks that can serve as backbone or as regressor, one per file.

Every public module of this package holds one network and is called by the network's name: `mlp`,
`lstm`, ... A new file is a new network; nothing else is edited. Modules are imported when they are
built, so that a network which needs an optional package costs nothing until it is asked for.
"""

import importlib
import inspect
import sys
from pathlib import Path

from denograd.catalogue import Catalogue, named
from denograd.networks._base import Network

__all__ = ["Network", "available", "build", "network_class", "size_names"]

sys.modules[__name__].__class__ = Catalogue

_CONTEXT = ("n_features", "n_targets", "window")


def available() -> tuple[str, ...]:
    """Return the names of the networks, in alphabetical order, without importing them."""
    return tuple(named(Path(__path__[0])))


def network_class(name: str) -> type[Network]:
    """Return the class of a network by its name.

    Parameters
    ----------
    name : str
        One of `available()`.

    Returns
    -------
    type
        The only network that the module of that name defines.
    """
    if name not in available():
        raise ValueError(f"unknown network {name!r}; available: {', '.join(available())}")
    module = importlib.import_module(f"{__name__}.{name}")
    (network,) = (
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, Network)
        and member.__module__ == module.__name__
    )
    return network


def size_names(name: str) -> tuple[str, ...]:
    """Return the keywords of a network besides its number of features, targets and time steps."""
    parameters = inspect.signature(network_class(name)).parameters
    return tuple(key for key in parameters if key not in _CONTEXT)


def build(
    name: str,
    n_features: int,
    n_targets: int = 1,
    window: int | None = None,
    **sizes: object,
) -> Network:
    """Build a network by its name, with fresh weights from torch's global generator.

    Parameters
    ----------
    name : str
        One of `available()`.
    n_features : int
        Columns of the table, or channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int, optional
        Time steps of a window; None stands for the rows of a table.
    **sizes
        Other keywords of the network's constructor; absent ones keep their defaults.

    Returns
    -------
    Network
        It maps (batch, n_features), or (batch, window, n_features), to (batch, n_targets).
    """
    unknown = sorted(set(sizes) - set(size_names(name)))
    if unknown:
        raise TypeError(
            f"network {name!r} has no size {', '.join(map(repr, unknown))}; "
            f"it has: {', '.join(size_names(name))}"
        )
    return network_class(name)(n_features, n_targets, window, **sizes)
