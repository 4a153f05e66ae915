"""Seeds that come from names, so that the order of jobs never changes a result."""

import hashlib

import numpy as np

_SEPARATOR = "\x1f"


def seed_for(*names: object) -> int:
    """Turn names into a seed: the first 32 bits of their SHA-256, the same on every machine.

    The names say what the randomness belongs to, for example ``("split", "parkinsons", 0)``. Each
    is turned into text by `str`; their order matters. Without any, two pieces of work would share a
    seed unnoticed: that is a ValueError.
    """
    if not names:
        raise ValueError("a seed needs at least one name that says what it is for")
    text = _SEPARATOR.join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def rng_for(*names: object) -> np.random.Generator:
    """Make a NumPy generator whose seed comes from names (see `seed_for`)."""
    return np.random.default_rng(seed_for(*names))
