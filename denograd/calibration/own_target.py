"""A table's target moved alone, for training a regressor, where nobody knows how noisy it is."""

from __future__ import annotations

import numpy as np

from denograd.calibration.folds import random_folds
from denograd.calibration.mixture import precision
from denograd.calibration.scale import Scale
from denograd.calibration.target import TargetModel
from denograd.calibration.variance import calm, expected_square

_FOLDS = 5


def refined_target(X: np.ndarray, y: np.ndarray, random_state: int | None = 0) -> np.ndarray:
    """Move a target towards what boosted trees say of it, out of fold.

    The noise variance is taken for half the error in the calm tenth of the rows: whether that
    helps is for a gate to find out (`denograd.RefinedRegressor`).

    Parameters
    ----------
    X, y : ndarray of shape (n, d) and (n,)
        Finite rows, in any units; two or more.
    random_state : int, optional
        Seed of folds and trees.

    Returns
    -------
    ndarray of shape (n,)
    """
    inputs, scale = Scale.of(X).rounded(X), Scale.of(y)
    target = scale.rounded(y)
    seeds = np.random.SeedSequence(random_state).generate_state(2) >> 1
    folds = random_folds(len(y), _FOLDS, np.random.default_rng(seeds[0]))
    _, said = TargetModel.fit(inputs, target, folds, int(seeds[1]), networks=False)
    residual = said.f - target
    variance = expected_square(said.size, residual**2, folds)
    noise = 0.5 * float(np.mean(residual[calm(variance, 0.1)] ** 2))
    return y + scale.sd * noise * precision(residual, variance, noise) * residual
