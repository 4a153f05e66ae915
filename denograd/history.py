"""What happened in each epoch of a refinement."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import overload

import pandas as pd

_SHARE_OF_ALL = 0.1
"""Swinging samples below this share of all samples are not worth a warning."""


class OscillationWarning(RuntimeWarning):
    """Most samples that still move swing to and fro: the step is too large for the gate."""


@dataclass(frozen=True)
class Epoch:
    """One epoch in figures.

    Attributes
    ----------
    loss : float
        Mean loss over all samples (rows of a table, windows of a series) before the step; under
        the rule "global" the objective.
    gated : float
        Share of the samples at rest, between 0 and 1.
    step : float
        Euclidean length of the step in (x, y), averaged over all rows or time steps.
    swinging : float
        Share of the samples that moved and whose residual points against that of the epoch
        before.
    """

    loss: float
    gated: float
    step: float
    swinging: float = 0.0


class History(Sequence[Epoch]):
    """The epochs of one refinement, in order."""

    def __init__(self, epochs: Sequence[Epoch] = ()) -> None:
        self._epochs = list(epochs)

    def __len__(self) -> int:
        return len(self._epochs)

    @overload
    def __getitem__(self, index: int) -> Epoch: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    def __getitem__(self, index: int | slice) -> Epoch | History:
        if isinstance(index, slice):
            return History(self._epochs[index])
        return self._epochs[index]

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self._epochs)

    def __repr__(self) -> str:
        if not self._epochs:
            return "History(no epochs)"
        last = self._epochs[-1]
        return (
            f"History({len(self)} epochs; last: loss {last.loss:.4g}, {last.gated:.1%} gated, "
            f"mean step {last.step:.3g})"
        )

    def append(self, epoch: Epoch) -> None:
        """Add an epoch at the end."""
        self._epochs.append(epoch)

    def to_frame(self) -> pd.DataFrame:
        """One row per epoch (counted from 1), one column per figure."""
        columns = list(Epoch.__dataclass_fields__)
        index = pd.RangeIndex(1, len(self) + 1, name="epoch")
        return pd.DataFrame([asdict(e) for e in self], columns=columns, index=index)

    def warn_if_oscillating(self, stacklevel: int = 2) -> None:
        """Warn when most samples that moved in the last epoch had overshot in the one before."""
        if not self._epochs:
            return
        last = self._epochs[-1]
        moving = 1.0 - last.gated
        if last.swinging > moving / 2 and last.swinging >= _SHARE_OF_ALL:
            warnings.warn(
                f"{last.swinging:.0%} of all samples swing to and fro around the model's surface "
                f"({moving:.0%} still move): the step size nrr is too large for nr_threshold. "
                "Lower nrr or raise nr_threshold.",
                OscillationWarning,
                stacklevel=stacklevel + 1,
            )
