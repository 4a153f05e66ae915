"""How noisy a series is: the standard deviation of what its neighbouring steps cannot explain.

Nothing is known of the noise but that it is independent from step to step. Three estimates, each
too high where the signal is rough in its own way: the intercept of the variogram at lag 0, the
smallest eigenvalue of the covariance of short windows, and the covariance of what the past and what
the future leave unexplained.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from denograd.arrays import as_floats
from denograd.calibration.scale import Scale
from denograd.calibration.series import GROUP, channel_groups
from denograd.calibration.windows import Windows, half_windows, held_out_filters, moves, one_sided
from denograd.checks import check_choice

__all__ = ["estimate", "standard_error"]

Tails: TypeAlias = Literal["auto", "normal"]

_STEPS = 12
_LEAST_HALF = 3
_NORMAL = 0.6745
_HEAVY = 1.4
"""How much larger variances by means are than by medians: for normal noise .9 to 1.3 from 3,000
steps on, for Student's of 3 degrees of freedom 1.2 to 2."""
_HEAVIEST = 2.3
"""What that is for Student's noise of 3 degrees of freedom alone."""
_LAGS = np.arange(1, 5)
_STRETCHES, _STRETCH = (4, 8), 100
"""How many stretches tell a standard error, and of how many steps at least."""
_UNFOLLOWED = 0.3
"""Share of the variogram at lag 1 by which one of means that falls below 0 says that it bends too
much for any intercept: by medians it may be above 0 by chance."""


def estimate(series: Any, *, tails: Tails = "auto") -> np.ndarray:
    """Standard deviation of the noise of each channel of a series.

    Parameters
    ----------
    series : array-like or DataFrame of shape (n,) or (n, channels)
        Values in time order, at equal distances.
    tails : {"auto", "normal"}
        Medians, which a few wild values do not move, tell the size of normal noise and too little
        of any other. With "auto" they are corrected where what past and future both leave
        unexplained has clearly heavier tails than a normal distribution.

    Returns
    -------
    ndarray of shape (channels,)
        In the units of the channels; 0 for a constant one. A single channel gives one number.
        No channel is taken to be noisier than the middle one, in standard deviations: leave out
        those that hold no noise, such as a clock or a calendar.

    Raises
    ------
    TypeError, ValueError
        For values that are no finite numbers, and for less than 71 steps.

    Examples
    --------
    >>> import numpy as np
    >>> from denograd import noise
    >>> t = np.arange(2000)
    >>> temperature = 20 + 5 * np.sin(t / 30) + np.random.default_rng(0).normal(0, 0.5, 2000)
    >>> noise.estimate(temperature).round(1)
    array([0.5])
    """
    check_choice("tails", tails, get_args(Tails))
    values = _channels(series)
    scale = Scale.of(values)
    return scale.sd * np.sqrt(variances(scale.standardise(values), tails))


def standard_error(series: Any, *, tails: Tails = "auto") -> np.ndarray:
    """Standard error of `estimate`, by what it says of four to eight stretches of the series.

    It tells what another draw of the noise would change, not how far what is rough in the signal
    raises the estimate.

    Parameters
    ----------
    series, tails
        As in `estimate`.

    Returns
    -------
    ndarray of shape (channels,)
        In the units of the channels; NaN for less than 400 steps.

    Examples
    --------
    >>> import numpy as np
    >>> from denograd import noise
    >>> values = np.sin(np.arange(2000) / 30) + np.random.default_rng(0).normal(0, 0.5, 2000)
    >>> bool(abs(noise.estimate(values)[0] - 0.5) < 3 * noise.standard_error(values)[0])
    True
    """
    values = _channels(series)
    least, most = _STRETCHES
    count = min(most, len(values) // _STRETCH)
    if count < least:
        return np.full(values.shape[1], np.nan)
    found = [estimate(part, tails=tails) for part in np.array_split(values, count)]
    return np.std(found, axis=0, ddof=1) / np.sqrt(count)


def _channels(series: Any) -> np.ndarray:
    values = as_floats(series, "series", (1, 2))
    return values[:, None] if values.ndim == 1 else values


def variances(scaled: np.ndarray, tails: Tails = "auto") -> np.ndarray:
    """Noise variance of each channel of a standardised series, in units of the channel's."""
    half_windows(len(scaled), [_LEAST_HALF])
    means, medians = np.empty((2, scaled.shape[1]))
    for channels in channel_groups(scaled, GROUP):
        means[channels], medians[channels] = unexplained_both_ways(scaled[:, channels])
    factor = _tails(means, medians) if tails == "auto" else 1.0
    factor = min(factor, _HEAVIEST) if factor > _HEAVY else 1.0
    found = np.minimum(means, factor * medians)
    for j, values in enumerate(scaled.T):
        uppers = [found[j], smallest_eigenvalue(values)]
        by_medians, by_means = variogram(values, _mad), variogram(values, np.std)
        followed = tails == "normal" or intercept(by_means) > -_UNFOLLOWED * by_means[0]
        # An intercept below 0 is of a signal that the quadratic does not follow, and says nothing.
        if followed and intercept(by_medians) > 0.0:
            uppers.append(factor * intercept(by_medians))
        if factor > 1.0 and intercept(by_means) > 0.0:
            uppers.append(intercept(by_means))
        found[j] = min(uppers)
    varies = np.ptp(scaled, axis=0) > 0.0
    return np.minimum(found, np.median(found[varies])) if varies.any() else found


def variogram(values: np.ndarray, spread: Callable[[np.ndarray], Any]) -> np.ndarray:
    """γ(h) = ½·spread(differences at lag h)², h = 1 … 4; the spread is a standard deviation."""
    return np.array([0.5 * spread(values[h:] - values[:-h]) ** 2 for h in _LAGS])


def intercept(gamma: np.ndarray) -> float:
    """Variogram continued to h = 0 by a quadratic."""
    return float(np.polyfit(_LAGS, gamma, 2)[-1])


def smallest_eigenvalue(values: np.ndarray) -> float:
    """Smallest eigenvalue of the covariance of the windows of 13 steps, at least 0."""
    windows = np.lib.stride_tricks.sliding_window_view(values, _STEPS + 1)
    centred = windows - windows.mean(axis=0)
    return max(float(np.linalg.eigvalsh(centred.T @ centred / (len(windows) - 1))[0]), 0.0)


def unexplained_both_ways(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What 12 steps of all channels before, and 12 after, both leave unexplained, at least 0.

    The covariance of the two residuals, (channels,), by means and by medians. A jump of the signal
    is in one of them only, and does not count.
    """
    windows = Windows(series, _STEPS)
    mean, n = windows.mean(), len(series)
    products, centre = windows.products(mean), windows.centre
    past, future = np.arange(centre[0]), np.arange(centre[-1] + 1, windows.width)
    a, b = (
        moves(windows, mean, held_out_filters(products, n, solve))
        for solve in (partial(one_sided, centre=centre, features=f) for f in (past, future))
    )
    robust = [(_mad(p + q) ** 2 - _mad(p - q) ** 2) / 4.0 for p, q in zip(a.T, b.T, strict=True)]
    return np.maximum((a * b).mean(axis=0), 0.0), np.maximum(robust, 0.0)


def _tails(means: np.ndarray, medians: np.ndarray) -> float:
    """How much larger variances are by means than by medians: 1 for normal distributions.

    Channels that leave more than twice as much unexplained as another tell of their signal.
    """
    if not (medians > 0.0).any():
        return 1.0
    noisy = (medians > 0.0) & (medians <= 2.0 * medians[medians > 0.0].min())
    return float(np.median(means[noisy] / medians[noisy]))


def _mad(values: np.ndarray) -> float:
    return float(np.median(np.abs(values - np.median(values)))) / _NORMAL
