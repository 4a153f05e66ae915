"""The calibrated step of a series: linear predictions of every cell, weighted by the noise.

z' = z + min(1, σ²/v)·(m − z), m the prediction of a cell from everything around it, v its mean
squared error. By Tweedie's formula E[clean | z] = z + σ² ∂ log p(z)/∂z (Robbins 1956; Efron 2011)
with p(z | the other cells) normal around m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from denograd.calibration.gross import gross_errors
from denograd.calibration.kalman import without_itself
from denograd.calibration.stacking import stacking_weights
from denograd.calibration.windows import (
    Windows,
    half_windows,
    held_out_filters,
    moves,
    two_sided,
)

Combine: TypeAlias = Literal["stacked", "mean"]

HALF_WINDOWS = (3, 6, 12, 24)
GROUP = 16
"""Channels whose windows are looked at together; wider series are divided into such groups."""

_ROUNDS = 2


@dataclass(frozen=True)
class Step:
    """How a series moves.

    Attributes
    ----------
    move : ndarray of shape (n, channels)
        Prediction minus value.
    weights : ndarray of shape (n, channels)
        Share of the way to the prediction that each cell went.
    gross : ndarray of shape (n, channels)
        Probability that a cell is a gross error; 0 where they are not looked for.
    error : ndarray of shape (channels,)
        Mean squared error v of the predictions, gross errors left out.
    """

    move: np.ndarray
    weights: np.ndarray
    gross: np.ndarray
    error: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """Refined minus noisy values, (n, channels)."""
        return self.weights * self.move

    @property
    def mend(self) -> np.ndarray:
        """The change that gross errors alone need, (n, channels)."""
        return self.gross * self.move


@dataclass(frozen=True)
class _Group:
    """Channels that predict each other, with the filters of each half-window."""

    channels: np.ndarray
    halves: list[int]
    means: list[np.ndarray]
    filters: list[np.ndarray]

    @classmethod
    def learn(cls, series: np.ndarray, channels: np.ndarray, halves: list[int]) -> _Group:
        widest = Windows(series[:, channels], max(halves))
        mean = widest.mean()
        products = widest.products(mean)
        means, filters = [], []
        for half in halves:
            # The window of a smaller half is the middle of the widest.
            edge = (max(halves) - half) * len(channels)
            inner = slice(edge, widest.width - edge)
            centre = Windows(widest.series, half).centre
            means.append(mean[inner])
            filters.append(
                held_out_filters(
                    products[:, inner, inner],
                    len(series),
                    partial(two_sided, centre=centre),
                )
            )
        return cls(channels, halves, means, filters)

    def moves(self, series: np.ndarray, seen: bool) -> np.ndarray:
        """Return prediction minus value by each half-window, (halves, n, channels)."""
        part = series[:, self.channels]
        return np.stack(
            [
                moves(Windows(part, half), mean, filters if seen else filters.mean(axis=0))
                for half, mean, filters in zip(self.halves, self.means, self.filters, strict=True)
            ]
        )


@dataclass(frozen=True)
class SeriesModel:
    """What a series says of its own cells.

    The ridges of the windows are in squared units of the series, as published figures have it: give
    it in standard deviations of its channels where units should not matter.

    Attributes
    ----------
    groups : list
        Channels that predict each other.
    combine : {"stacked", "mean"}
        How the predictions of several half-windows become one.
    shares : ndarray of shape (channels, members)
        How much each counts.
    """

    groups: list[_Group]
    combine: Combine
    shares: np.ndarray

    @classmethod
    def fit(
        cls,
        series: np.ndarray,
        noise: np.ndarray,
        *,
        combine: Combine = "stacked",
        halves: Sequence[int] = HALF_WINDOWS,
    ) -> SeriesModel:
        """Learn filters, and how much each member of the prediction counts.

        Parameters
        ----------
        series : ndarray of shape (n, channels)
            Noisy values in time order.
        noise : ndarray of shape (channels,)
            Standard deviation of their noise, in the same units.
        combine : {"stacked", "mean"}
            Weights of least error, Kalman's prediction among the members, or the mean over the
            half-windows.
        halves : sequence of int
            Half-windows; those too long for the series are left out.

        Raises
        ------
        ValueError
            When the series is too short for all of them.
        """
        fitting = half_windows(len(series), halves)
        groups = [_Group.learn(series, own, fitting) for own in channel_groups(series, GROUP)]
        model = cls(groups, combine, np.empty(0))
        return model._weighted(series, noise)

    def _weighted(self, series: np.ndarray, noise: np.ndarray) -> SeriesModel:
        halves, channels = len(self.groups[0].halves), series.shape[1]
        if self.combine == "mean":
            shares = np.full((channels, halves), 1.0 / halves)
        else:
            shares = np.zeros((channels, halves + 1))
            for group in self.groups:
                members = self._members(group, series, noise, seen=True)
                for place, channel in enumerate(group.channels):
                    errors = members[:, :, place]
                    # Kalman's gain is that of a known noise: without it, it is no member.
                    count = halves + (noise[channel] > 0.0)
                    weights = stacking_weights(errors[:count] @ errors[:count].T / len(series))
                    shares[channel, :count] = weights
        return SeriesModel(self.groups, self.combine, shares)

    def predict(self, series: np.ndarray, noise: np.ndarray, *, seen: bool) -> np.ndarray:
        """Prediction minus value of every cell.

        Parameters
        ----------
        series, noise
            As in `fit`.
        seen : bool
            Whether these are the steps given to `fit`, each of which is predicted by filters that
            have not seen it; others are predicted by the mean of the filters.
        """
        result = np.empty_like(series)
        for group in self.groups:
            members = self._members(group, series, noise, seen)
            own = self.shares[group.channels].T
            result[:, group.channels] = np.einsum("mnc,mc->nc", members, own)
        return result

    def _members(
        self, group: _Group, series: np.ndarray, noise: np.ndarray, seen: bool
    ) -> np.ndarray:
        members = group.moves(series, seen)
        if self.combine == "mean":
            return members
        own = np.zeros((1, *members.shape[1:]))
        for place, channel in enumerate(group.channels):
            if noise[channel] > 0.0:
                values = series[:, channel]
                own[0, :, place] = without_itself(values, noise[channel]) - values
        return np.concatenate([members, own])


def refine_series(
    series: np.ndarray,
    noise: np.ndarray,
    *,
    gross: bool = False,
    combine: Combine = "stacked",
    halves: Sequence[int] = HALF_WINDOWS,
) -> tuple[SeriesModel, Step]:
    """Learn from a series and refine it.

    Parameters
    ----------
    series, noise, combine, halves
        As in `SeriesModel.fit`.
    gross : bool
        Whether cells far from their prediction are taken for gross errors.

    Returns
    -------
    SeriesModel, Step
    """
    model = SeriesModel.fit(series, noise, combine=combine, halves=halves)
    move = model.predict(series, noise, seen=True)
    if not gross:
        return model, step(noise, move)
    cells = _mixture(series, move)
    for _ in range(_ROUNDS):
        mended, rest = series + cells[0] * move, 1.0 - cells[0]
        model = SeriesModel.fit(mended, noise, combine=combine, halves=halves)
        move = model.predict(mended, noise, seen=True) + mended - series
        cells = _mixture(series, move)
    return model, step(noise, move, *cells, error=np.average(move**2, 0, rest))


def refine_other(
    model: SeriesModel, series: np.ndarray, noise: np.ndarray, error: np.ndarray, gross: bool
) -> Step:
    """Refine steps that a model has not learnt from; `error` is that of its own steps."""
    move = model.predict(series, noise, seen=False)
    if not gross:
        return step(noise, move, error=error)
    cells = _mixture(series, move)
    for _ in range(_ROUNDS):
        mended = series + cells[0] * move
        move = model.predict(mended, noise, seen=False) + mended - series
        cells = _mixture(series, move)
    return step(noise, move, *cells, error=error)


def step(
    noise: np.ndarray,
    move: np.ndarray,
    gross: np.ndarray | None = None,
    beyond: np.ndarray | None = None,
    error: np.ndarray | None = None,
) -> Step:
    """Go the share of the way to the prediction that the noise dictates.

    Parameters
    ----------
    noise : ndarray of shape (channels,)
        Standard deviation σ of the noise.
    move : ndarray of shape (n, channels)
        Prediction minus value.
    gross, beyond : ndarray of shape (n, channels) and (channels,), optional
        Probability of a gross error, and the variance K that those have beyond the others.
    error : ndarray of shape (channels,), optional
        Mean squared error v of the predictions; default: that of these.
    """
    gross = np.zeros_like(move) if gross is None else gross
    beyond = np.zeros(move.shape[1]) if beyond is None else beyond
    error = (move**2).mean(axis=0) if error is None else error
    noise = np.minimum(noise**2, error)
    usual = np.divide(noise, error, out=np.zeros_like(error), where=error > 0)
    wide = np.divide(noise + beyond, error + beyond, out=np.zeros_like(error), where=error > 0)
    weights = (1.0 - gross) * usual + gross * wide
    return Step(move, weights, gross, error)


def channel_groups(series: np.ndarray, largest: int) -> list[np.ndarray]:
    """Divide channels into groups of at most so many that go together, by their correlation.

    A few channels are one group. More are put in the order of a dendrogram, and that is cut.
    """
    channels = series.shape[1]
    if channels <= largest:
        return [np.arange(channels)]
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.corrcoef(np.diff(series, axis=0), rowvar=False))
    distance = 1.0 - np.abs(correlation[np.triu_indices(channels, 1)])
    order = leaves_list(linkage(distance, "average"))
    return [np.sort(part) for part in np.array_split(order, -(-channels // largest))]


def _mixture(series: np.ndarray, move: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = [gross_errors(move[:, j], float(series[:, j].var())) for j in range(series.shape[1])]
    return (
        np.column_stack([cells.probability for cells in found]),
        np.array([cells.variance for cells in found]),
    )
