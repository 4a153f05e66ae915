"""What a refinement did to the data and to the error of a regressor, as pure functions on arrays.

Everything is in the units of the arrays handed in; the benchmark hands in standardised values, so
its errors and distances are in standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Spreads and differences below this are rounding: the benchmark's columns have a spread of about 1.
ROUNDING = 1e-12

# Projected values held at a time, for each of the two tables (16 MiB of float64).
CHUNK_VALUES = 2**21


def mse(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean squared error of two arrays of one shape, in their squared units."""
    a, b = _pair("truth", truth, "prediction", prediction)
    return float(np.mean(np.square(a - b)))


def headline(grid: Mapping[str, float]) -> dict[str, float]:
    """The figures of a table out of a grid of errors: before, after, and the ceiling.

    A key ``<fit>|<inputs>|<targets>`` of the grid says what a regressor was trained on, which
    version of the test inputs it predicts from and which version of the targets it is compared
    with. ``mse_before``: noisy everywhere. ``mse_after``: trained on refined rows and taken on
    refined test rows where the protocol refines those, on noisy ones elsewhere. ``mse_ceiling``:
    trained on clean rows, where there are any. Either of the first two that the grid lacks is a
    KeyError.
    """
    refined, noisy = "refined|refined|refined", "refined|noisy|noisy"
    head = {
        "mse_before": grid["noisy|noisy|noisy"],
        "mse_after": grid[refined if refined in grid else noisy],
    }
    ceiling = grid.get("clean|noisy|noisy")
    return head if ceiling is None else head | {"mse_ceiling": ceiling}


def imp(before: float, after: float) -> float:
    """Imp%: the reduction of an error in per cent of the error before.

    At most 100, without lower bound, exactly 0 where nothing changed (two errors of zero included)
    and minus infinity where an error of zero became one.
    """
    _check_errors(before, after)
    if before == after:
        return 0.0
    if before == 0:
        return -math.inf
    return 100.0 * (before - after) / before


def log_ratio(before: float, after: float) -> float:
    """Logarithm of the error after over the error before: the statistic behind every mean of Imp%.

    Imp% has no lower bound, so that a mean of it is ruled by its worst value; the logarithm treats
    halving and doubling an error alike. Negative where the error fell, exactly 0 where nothing
    changed; ``100 * (1 - exp(log_ratio))`` is Imp% again.
    """
    _check_errors(before, after)
    if before == after:
        return 0.0
    if before == 0:
        return math.inf
    if after == 0:
        return -math.inf
    return math.log(after) - math.log(before)


def imp_from_log_ratio(value: float) -> float:
    """Imp% of a (mean) log ratio; minus infinity where the ratio is too large for a float."""
    try:
        return -100.0 * math.expm1(value)
    except OverflowError:
        return -math.inf


def projections(n_columns: int, n: int = 100, seed: int = 0) -> Floats:
    """Random directions for `sliced_wasserstein`, uniform on the unit sphere: columns of length 1.

    The same seed gives the same ones, so that every method of a dataset is measured along them.
    """
    if n_columns < 1 or n < 1:
        raise ValueError(
            f"projections need at least one column and one direction, got n_columns={n_columns}, "
            f"n={n}"
        )
    directions = np.random.default_rng(seed).standard_normal((n_columns, n))
    # A draw of exactly zero has no direction; it does not happen, but it would divide by zero.
    norms = np.maximum(np.linalg.norm(directions, axis=0), np.finfo(np.float64).tiny)
    return np.asarray(directions / norms)


def sliced_wasserstein(before: ArrayLike, after: ArrayLike, projections: ArrayLike) -> float:
    """Sliced Wasserstein distance between the rows of two tables of one size, in their units.

    Root mean square, over the projections, of the one-dimensional 2-Wasserstein distance. Between
    samples of one size that distance pairs the sorted values [1]_, so that the order of the rows
    does not matter; exactly 0 for equal tables.

    References
    ----------
    .. [1] N. Bonneel et al., "Sliced and Radon Wasserstein barycenters of measures", 2015.
    """
    a, b = _tables(before, after)
    directions = np.asarray(projections, dtype=np.float64)
    if directions.ndim != 2 or directions.shape[0] != a.shape[1] or directions.shape[1] == 0:
        raise ValueError(
            f"projections must have shape ({a.shape[1]}, n) for tables of {a.shape[1]} columns, "
            f"got {directions.shape}"
        )
    n = directions.shape[1]
    chunk = max(1, CHUNK_VALUES // a.shape[0])
    total = 0.0
    for start in range(0, n, chunk):
        part = directions[:, start : start + chunk].T
        # A projection per row keeps the values to sort next to each other in memory.
        projected_a = part @ a.T
        projected_b = part @ b.T
        projected_a.sort(axis=1)
        projected_b.sort(axis=1)
        projected_a -= projected_b
        total += float(np.vdot(projected_a, projected_a))
    return math.sqrt(total / (n * a.shape[0]))


def mean_correlation(before: ArrayLike, after: ArrayLike) -> float:
    """Mean over the columns of the Pearson correlation of a column before and after (rho-bar).

    The correlation of a constant column is undefined, so these count by what happened to them:

    - a constant column that did not change counts 1: all of it is preserved;
    - a column that was made constant counts 0: none of it is;
    - a constant column that changed, to other values or to another constant, counts 0: whatever
      it holds now did not come from it.

    Spreads and changes below `ROUNDING` (relative to the column where its values are large) are
    taken for rounding.
    """
    a, b = _tables(before, after)
    return float(np.mean(_column_correlations(a, b)))


def _column_correlations(a: Floats, b: Floats) -> Floats:
    tolerance = ROUNDING * (1.0 + np.maximum(np.abs(a).max(axis=0), np.abs(b).max(axis=0)))
    was_constant = np.ptp(a, axis=0) <= tolerance
    is_constant = np.ptp(b, axis=0) <= tolerance
    unchanged = np.abs(a - b).max(axis=0) <= tolerance

    a_centred = a - a.mean(axis=0)
    b_centred = b - b.mean(axis=0)
    products = np.einsum("ij,ij->j", a_centred, b_centred)
    squares_a = np.einsum("ij,ij->j", a_centred, a_centred)
    squares_b = np.einsum("ij,ij->j", b_centred, b_centred)
    defined = ~was_constant & ~is_constant
    correlations = np.zeros(a.shape[1])
    norms = np.sqrt(squares_a[defined]) * np.sqrt(squares_b[defined])
    correlations[defined] = np.clip(products[defined] / norms, -1.0, 1.0)
    correlations[unchanged] = 1.0
    return correlations


def recovery(refined: ArrayLike, noisy: ArrayLike, clean: ArrayLike) -> float | None:
    """How much of the injected noise a refinement took out again.

    ``1 - RMSE(refined, clean) / RMSE(noisy, clean)``: 1 where the clean values are back, 0 where
    nothing was gained, negative where the data are further away than before. None where noisy
    equals clean: there is nothing to recover.
    """
    noise = mse(clean, noisy)
    left = mse(clean, refined)
    if noise == 0:
        return None
    return 1.0 - math.sqrt(left / noise)


def removed(
    refined: ArrayLike, noisy: ArrayLike, clean: ArrayLike
) -> tuple[float | None, float | None]:
    """What a refinement took out: share of the noise, and collateral in units of the noise.

    With ε = noisy − clean and r = noisy − refined, the share is b = ⟨r, ε⟩/⟨ε, ε⟩ and the
    collateral c = ‖r − bε‖/‖ε‖: what was removed besides, or brought in. `recovery` is
    1 − √((1 − b)² + c²). Both are None where there is nothing to recover.
    """
    clean, noisy = _pair("clean", clean, "noisy", noisy)
    refined, noisy = _pair("refined", refined, "noisy", noisy)
    noise, taken = noisy - clean, noisy - refined
    energy = float(np.vdot(noise, noise))
    if energy == 0:
        return None, None
    share = float(np.vdot(taken, noise)) / energy
    return share, float(np.linalg.norm(taken - share * noise)) / math.sqrt(energy)


def _check_errors(before: float, after: float) -> None:
    for name, value in (("before", before), ("after", after)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"the error {name} must be finite and not negative, got {value}")


def _tables(before: ArrayLike, after: ArrayLike) -> tuple[Floats, Floats]:
    a, b = _pair("before", before, "after", after)
    if a.ndim != 2:
        raise ValueError(
            f"before and after must be tables (rows x columns), got shape {a.shape}; "
            "reshape one column with values.reshape(-1, 1)"
        )
    return a, b


def _pair(name_a: str, a: ArrayLike, name_b: str, b: ArrayLike) -> tuple[Floats, Floats]:
    values_a, values_b = _finite(name_a, a), _finite(name_b, b)
    if values_a.shape != values_b.shape:
        raise ValueError(
            f"{name_a} and {name_b} must have one shape, got {values_a.shape} and {values_b.shape}"
        )
    return values_a, values_b


def _finite(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"{name} is empty: it has shape {array.shape}")
    bad = array.size - int(np.count_nonzero(np.isfinite(array)))
    if bad:
        raise ValueError(f"{bad} of {array.size} values of {name} are NaN or infinite")
    return array
