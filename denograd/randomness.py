"""Random numbers of a seed that no other thread shares and no other thread disturbs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_LENDING = threading.Lock()
_DROPOUTS = {"dropout_p", "dropout"}


class Draws(TorchDispatchMode):
    """Within it this thread's torch draws from generators of its own, not from the global ones.

    The numbers are those that the global generators give once they have the same seed: what draws
    (initialisation, dropout, whatever a module calls) need not know of it.

    Parameters
    ----------
    random_state : int, optional
        None draws a seed from the operating system.

    Attributes
    ----------
    count : int
        Operations that have drawn so far.
    """

    def __init__(self, random_state: int | None = None) -> None:
        super().__init__()
        self.count = 0
        seed = np.random.SeedSequence(random_state).generate_state(1, np.uint64).item() >> 1
        self._new = cache(lambda device: torch.Generator(device).manual_seed(seed))

    def generator(self, device: torch.device) -> torch.Generator:
        """The generator of a device, as far as it has got."""
        return self._new(torch.empty(0, device=device).device)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if not _may_draw(func) or kwargs.get("generator") is not None or _idle(func, args, kwargs):
            return func(*args, **kwargs)
        tensors = [value.device for value in args if isinstance(value, Tensor)]
        device = tensors[0] if tensors else torch.device(kwargs.get("device") or "cpu")
        generator, variant = self.generator(device), _with_generator(func)
        if variant is None and device.type not in ("cpu", "cuda"):
            return func(*args, **kwargs)
        if variant is None:
            with _lent(generator) as drew:
                result = func(*args, **kwargs)
            self.count += drew()
            return result
        self.count += 1
        return variant(*args, **kwargs, generator=generator)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first call imports torch's compiler, for seconds

    @classmethod
    def ignore_compile_internals(cls) -> bool:
        """Return True: a flag of the process would else tell all threads not to compile."""
        return True


@contextmanager
def seeded(random_state: int | None) -> Iterator[Draws]:
    """Build networks, or draw otherwise, from a seed; weights can be trained in whatever mode."""
    with torch.inference_mode(False), Draws(random_state) as draws:
        yield draws


@cache
def _may_draw(func: Any) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(func, "tags", ())


@cache
def _parameters(func: Any) -> tuple[str, ...]:
    return tuple(argument.name for argument in func._schema.arguments)


def _idle(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation with a dropout has none this time."""
    given = dict(zip(_parameters(func), args, strict=False)) | kwargs
    return any(given.get(name, 0.0) == 0.0 for name in _DROPOUTS & set(_parameters(func)))


@cache
def _with_generator(func: Any) -> Any:
    """The variant of an operation that takes a generator, or None."""
    if "generator" in _parameters(func):
        return func
    for name in func.overloadpacket.overloads():
        variant = getattr(func.overloadpacket, name)
        if set(_parameters(variant)) == {*_parameters(func), "generator"}:
            return variant
    return None


@contextmanager
def _lent(generator: torch.Generator) -> Iterator[Callable[[], bool]]:
    """Let an operation that takes no generator draw from this one, by way of the global one.

    Yields a function that tells, afterwards, whether it drew.
    """
    device, before = generator.device, generator.get_state()
    shared = torch.default_generator
    if device.type == "cuda":
        shared = torch.cuda.default_generators[device.index]
    with _LENDING:
        kept = shared.get_state()
        shared.set_state(before)
        try:
            yield lambda: not torch.equal(before, generator.get_state())
        finally:
            generator.set_state(shared.get_state())
            shared.set_state(kept)
