"""What the steps around it say of a time step: linear predictions, each from other blocks of time.

A prediction is a filter q over the cells of a window (all channels, `half` steps to both sides)
with 1 at the cell itself, so that q · (window − mean) is the value minus its prediction. Filters
follow from the covariance of the windows, and so do their errors: one pass over the series gathers
products of windows, chunk by chunk, and one more applies what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

ALPHAS = np.array([1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0])
"""Ridges added to the covariance, in squared units of the series, to choose from."""

FOLDS = 5
_CHUNK = 2**21
"""Cells of windows that are held at once."""


@dataclass(frozen=True)
class Windows:
    """The window around each time step; ends are mirrored oddly.

    Parameters
    ----------
    series : ndarray of shape (n, channels)
        Values in time order.
    half : int
        Steps to either side.
    """

    series: np.ndarray
    half: int

    @property
    def width(self) -> int:
        """Cells of a window, ordered by time step, then channel."""
        return (2 * self.half + 1) * self.series.shape[1]

    @property
    def centre(self) -> np.ndarray:
        """Places in a window of the time step it is around, one per channel."""
        channels = self.series.shape[1]
        return self.half * channels + np.arange(channels)

    def mean(self) -> np.ndarray:
        """Mean over all windows, (width,)."""
        padded, n = self._padded(0, len(self.series)), len(self.series)
        sums = np.cumsum(np.vstack([np.zeros_like(padded[:1]), padded]), axis=0)
        return ((sums[n:] - sums[:-n]) / n).ravel()

    def chunks(self, rows: slice, mean: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows and their centred windows, (rows, width), a bounded number at a time."""
        step = max(_CHUNK // self.width, 1)
        for start in range(rows.start, rows.stop, step):
            part = slice(start, min(start + step, rows.stop))
            padded = self._padded(part.start, part.stop)
            view = np.lib.stride_tricks.sliding_window_view(padded, 2 * self.half + 1, axis=0)
            yield part, view.transpose(0, 2, 1).reshape(-1, self.width) - mean

    def products(self, mean: np.ndarray) -> np.ndarray:
        """Sum of the outer products of each block's windows, (blocks, width, width)."""
        sums = np.zeros((FOLDS, self.width, self.width))
        for total, rows in zip(sums, blocks(len(self.series)), strict=True):
            for _, windows in self.chunks(rows, mean):
                total += windows.T @ windows
        return sums

    def _padded(self, start: int, stop: int) -> np.ndarray:
        """Return the rows that the windows of a range cover, mirrored beyond the series."""
        n, half = len(self.series), self.half
        if n <= half:
            mirrored = np.pad(self.series, ((half, half), (0, 0)), "reflect", reflect_type="odd")
            return mirrored[start : stop + 2 * half]
        inside = self.series[max(start - half, 0) : min(stop + half, n)]
        before, after = max(half - start, 0), max(stop + half - n, 0)
        padded = [inside]
        if before:
            padded.insert(0, 2.0 * self.series[0] - self.series[before:0:-1])
        if after:
            padded.append(2.0 * self.series[-1] - self.series[n - 2 : n - 2 - after : -1])
        return np.concatenate(padded)


def blocks(n: int) -> list[slice]:
    """Five contiguous blocks of time."""
    edges = np.cumsum([0, *(len(part) for part in np.array_split(np.arange(n), FOLDS))])
    return [slice(start, stop) for start, stop in pairwise(edges)]


def half_windows(n: int, wanted: Sequence[int]) -> list[int]:
    """Those half-windows that a series of n steps is long enough for: 2L + 1 < n/10.

    Raises
    ------
    ValueError
        When it is too short for all of them.
    """
    fitting = [half for half in wanted if 2 * half + 1 < n / 10]
    if not fitting:
        least = 10 * (2 * min(wanted) + 1) + 1
        raise ValueError(
            f"a series of {n} steps is too short: at least {least} are needed to tell noise from "
            "what neighbouring steps say."
        )
    return fitting


def held_out_filters(
    products: np.ndarray, n: int, solve: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Choose, per channel, the ridge of least error on blocks that a filter has not seen.

    Parameters
    ----------
    products : ndarray of shape (blocks, width, width)
        Of `Windows.products`.
    n : int
        Steps of the series.
    solve : callable
        The filters of a covariance, (ridges, channels, width).

    Returns
    -------
    ndarray of shape (blocks, channels, width)
        For each block the filters learnt from the others.
    """
    total, errors, candidates = products.sum(axis=0), 0.0, []
    for own, rows in zip(products, blocks(n), strict=True):
        filters = solve((total - own) / (n - (rows.stop - rows.start)))
        errors = errors + ((filters @ own) * filters).sum(axis=2)
        candidates.append(filters)
    best = np.argmin(errors, axis=0)
    return np.stack([filters[best, np.arange(len(best))] for filters in candidates])


def two_sided(covariance: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Filters P_ck/P_cc from the inverse P of a covariance with each ridge added."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    inverse = 1.0 / (np.maximum(eigenvalues, 0.0) + ALPHAS[:, None])
    rows = (vectors[centre] * inverse[:, None, :]) @ vectors.T
    return rows / np.take_along_axis(rows, centre[None, :, None], axis=2)


def one_sided(covariance: np.ndarray, centre: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Filters of the ridge regression of the centre on some cells of the window."""
    eigenvalues, vectors = np.linalg.eigh(covariance[np.ix_(features, features)])
    inverse = 1.0 / (np.maximum(eigenvalues, 0.0) + ALPHAS[:, None])
    projected = vectors.T @ covariance[np.ix_(features, centre)]
    filters = np.zeros((len(ALPHAS), len(centre), len(covariance)))
    filters[:, :, features] = -(projected.T * inverse[:, None, :]) @ vectors.T
    filters[:, np.arange(len(centre)), centre] = 1.0
    return filters


def moves(windows: Windows, mean: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Prediction minus value of every cell, (n, channels).

    `filters` of shape (blocks, channels, width) serve a block each; of shape (channels, width) they
    serve all steps.
    """
    n = len(windows.series)
    result = np.empty(windows.series.shape)
    served = zip(blocks(n), filters, strict=True) if filters.ndim == 3 else [(slice(0, n), filters)]
    for rows, own in served:
        for part, values in windows.chunks(rows, mean):
            result[part] = -(values @ own.T)
    return result
