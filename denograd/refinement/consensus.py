"""What a time step makes of the windows that cover it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from denograd.refinement.windows import Selection, Windows


class Consensus(ABC):
    """A way to make one direction per time step of those of the windows.

    Parameters
    ----------
    windows : Windows
        How the series is cut.
    resting_count : bool
        Whether windows at rest count, with a direction of zero.
    device : torch.device
        Where the directions are.
    """

    def __init__(self, windows: Windows, resting_count: bool, device: torch.device) -> None:
        self.windows = windows
        self.resting_count = resting_count

    def add(self, total: Tensor, steps: Tensor, chunk: Selection, moving: Tensor) -> None:
        """Take in some windows; chunks come in the order of time, without windows at rest or with.

        Parameters
        ----------
        total : Tensor of shape (n_steps, channels)
            Changed in place; zeros at the start of an epoch.
        steps : Tensor of shape (batch, size, channels)
            Directions of the windows, zero for those at rest.
        chunk : slice or Tensor
            Which windows these are.
        moving : Tensor of shape (batch,)
            True for those that do not rest.
        """
        self.windows.add(total, steps, chunk)

    @abstractmethod
    def settle(self, total: Tensor, moves: Tensor) -> None:
        """Finish an epoch in place, when it is known which of all windows move."""


class Mean(Consensus):
    """The mean over the windows that count and cover the step."""

    def __init__(self, windows: Windows, resting_count: bool, device: torch.device) -> None:
        super().__init__(windows, resting_count, device)
        self._visits = windows.visits(torch.ones(len(windows), dtype=torch.bool, device=device))

    def settle(self, total: Tensor, moves: Tensor) -> None:
        """Divide by the visits."""
        visits = self._visits if self.resting_count else self.windows.visits(moves)
        total /= visits.clamp(min=1)[:, None]


class Sum(Consensus):
    """The sum over the windows that cover the step: the mean times the visits."""

    def settle(self, total: Tensor, moves: Tensor) -> None:
        """Leave the sum."""


class Last(Consensus):
    """The direction of the latest-starting window that counts and covers the step, alone."""

    def __init__(self, windows: Windows, resting_count: bool, device: torch.device) -> None:
        super().__init__(windows, resting_count, device)
        steps = torch.arange(windows.n_steps, device=device)
        self._latest = (steps // windows.stride).clamp(max=len(windows) - 1)

    def add(self, total: Tensor, steps: Tensor, chunk: Selection, moving: Tensor) -> None:
        """Overwrite what earlier windows left."""
        starts = self.windows.starts(chunk, total.device)[moving]
        self.windows.overwrite(total, steps[moving], starts)

    def settle(self, total: Tensor, moves: Tensor) -> None:
        """Undo what a window left in a step whose latest window rests, where that one counts."""
        if self.resting_count:
            total[~moves[self._latest]] = 0.0


CONSENSUS: dict[str, type[Consensus]] = {"mean": Mean, "sum": Sum, "last": Last}
"""Ways to make one direction per time step, by name."""
