"""A series as overlapping windows: views, visit counts, and folding window values back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from denograd.checks import check_count

Selection = slice | Tensor
"""Samples of a batch: a range of them, or their indices."""


@dataclass(frozen=True)
class Windows:
    """The windows of a series of `n_steps` time steps.

    Window ``i`` starts at ``s = i * stride``, covers ``[s, s + size)`` and predicts time step
    ``s + size + future - 1``.

    Parameters
    ----------
    n_steps : int
        Length of the series.
    size : int
        Time steps in a window.
    future : int
        Distance from the last step of a window to the step it predicts.
    stride : int
        Distance between the starts of neighbouring windows.
    """

    n_steps: int
    size: int
    future: int = 1
    stride: int = 1

    @classmethod
    def cut(cls, n_steps: int, size: int | None, future: int, stride: int) -> Self:
        """Check the numbers, and that the series has a window at all."""
        if size is None:
            raise ValueError("A series needs window_size, the number of time steps in a window.")
        check_count("window_size", size)
        check_count("future", future)
        check_count("stride", stride)
        windows = cls(n_steps, size, future, stride)
        if len(windows) == 0:
            raise ValueError(
                f"A window of {size} steps that predicts {future} ahead needs at least "
                f"{size + future} rows; the series has {n_steps}."
            )
        return windows

    def __len__(self) -> int:
        return max(0, (self.n_steps - self.size - self.future) // self.stride + 1)

    def starts(self, selection: Selection, device: torch.device | None = None) -> Tensor:
        """First time step of each selected window."""
        if isinstance(selection, slice):
            first, stop, _ = selection.indices(len(self))
            selection = torch.arange(first, stop, device=device)
        return selection * self.stride

    def targets(self, selection: Selection, device: torch.device | None = None) -> Tensor:
        """Time step that each selected window predicts."""
        return self.starts(selection, device) + (self.size + self.future - 1)

    def gather(self, series: Tensor, selection: Selection) -> Tensor:
        """Selected windows of a series, (n_steps, channels) -> (batch, size, channels)."""
        view = series.unfold(0, self.size, self.stride)[: len(self)].transpose(1, 2)
        return view[selection].contiguous()

    def add(self, total: Tensor, values: Tensor, selection: Selection) -> None:
        """Add (batch, size, channels) window values to the time steps of `total`, in place."""
        # The later a window starts, the smaller is a step's offset in it: every step gets its sum
        # in the order of time.
        offsets = reversed(range(self.size))
        if isinstance(selection, slice):
            first, stop, _ = selection.indices(len(self))
            for offset in offsets:
                begin, end = (start * self.stride + offset for start in (first, stop))
                total[begin : end : self.stride].add_(values[:, offset])
        elif total.is_cuda:
            # Within one offset no time step occurs twice, so the order of the sums is fixed.
            for offset in offsets:
                total.index_add_(0, self.starts(selection) + offset, values[:, offset])
        else:
            steps = (self.starts(selection)[:, None] + torch.arange(self.size)).flatten()
            total.index_add_(0, steps, values.reshape(len(steps), -1))

    def overwrite(self, total: Tensor, values: Tensor, starts: Tensor) -> None:
        """Write (batch, size, channels) values of windows to the time steps of `total`, in place.

        `starts` are their first steps in ascending order; where windows overlap the latest wins.
        """
        # The later a window starts, the smaller is a step's offset in it; small ones come last.
        for offset in reversed(range(self.size)):
            total.index_copy_(0, starts + offset, values[:, offset])

    def visits(self, counted: Tensor) -> Tensor:
        """How many of the counted windows cover each time step.

        Parameters
        ----------
        counted : Tensor of shape (n_windows,)
            True for the windows that count.

        Returns
        -------
        Tensor of shape (n_steps,)
            Integers, as differences of a running sum over window starts and ends.
        """
        edges = torch.zeros(self.n_steps + 1, dtype=torch.int64, device=counted.device)
        starts = self.starts(slice(None), counted.device)
        edges[starts] += counted.long()
        edges[starts + self.size] -= counted.long()
        return edges.cumsum(0)[:-1]

    def covering(self, marked: Tensor) -> Tensor:
        """Tell which windows cover at least one marked time step.

        Parameters
        ----------
        marked : Tensor of shape (n_steps,)
            True for marked time steps.

        Returns
        -------
        Tensor of shape (n_windows,)
            True for windows that cover one.
        """
        running = torch.zeros(self.n_steps + 1, dtype=torch.int64, device=marked.device)
        running[1:] = marked.long().cumsum(0)
        starts = self.starts(slice(None), marked.device)
        return running[starts + self.size] > running[starts]
