"""A corruption without its test rows: all that a search may look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.runner.corruption import Corruption
from experiments.runner.splits import TEST_SHARE, VALIDATION_SHARE, Split
from experiments.seeds import rng_for


def without_test(corruption: Corruption) -> Corruption:
    """The corruption with its validation rows in the place of its test rows, which are gone.

    In the place of the validation rows come training rows, of a series the last ones: regressors
    stop early on them, nothing is scored there, so that they may divide a group.
    """
    train, val, _ = corruption.split
    n_stop = max(1, round(len(train) * VALIDATION_SHARE / (1 - TEST_SHARE)))
    if corruption.dataset.split == "chronological":
        order = train
    else:
        rng = rng_for("validation", corruption.dataset.name, corruption.settings.seed)
        order = rng.permutation(train)
    rows = np.sort(np.concatenate([train, val]))
    parts = (np.sort(order[:-n_stop]), np.sort(order[-n_stop:]), val)
    observed = corruption.observed
    return replace(
        corruption,
        clean=corruption.clean.rows(rows),
        noisy=corruption.noisy.rows(rows),
        split=Split(*(np.searchsorted(rows, part) for part in parts)),
        observed=None if observed is None else observed[rows],
    )
