"""Random columns, as awkward as those of real tables."""

import numpy as np


def random_column(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """Noise, a walk, a wave or rounded values, in units of any size and away from zero."""
    steps = np.arange(n_rows)
    noise = rng.normal(size=n_rows)
    kinds = [
        noise,
        np.cumsum(noise),
        np.sin(steps / rng.uniform(1, 9)) + 0.3 * noise,
        noise.round(),
    ]
    unit = 10.0 ** rng.uniform(-6, 6)
    return unit * (kinds[rng.integers(len(kinds))] + rng.choice([0.0, 1.0, 100.0]))
