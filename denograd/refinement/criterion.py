"""A loss function as the mean over the samples of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

_CLASS_LOSSES = (
    nn.CrossEntropyLoss,
    nn.NLLLoss,
    nn.BCELoss,
    nn.BCEWithLogitsLoss,
    nn.CTCLoss,
    nn.HingeEmbeddingLoss,
    nn.MultiLabelMarginLoss,
    nn.MultiLabelSoftMarginLoss,
    nn.MultiMarginLoss,
    nn.SoftMarginLoss,
)


class Criterion:
    """A loss function of any reduction, read as the mean over the samples of a batch.

    Parameters
    ----------
    function : callable
        ``function(prediction, target) -> Tensor``: the mean or the sum over samples, or one
        value per sample or element.
    n_targets : int
        Number of target columns.
    dtype, device
        Where the reduction is found out, on two made-up samples.
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Tensor],
        n_targets: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        if isinstance(function, _CLASS_LOSSES):
            raise ValueError(
                f"{type(function).__name__} is a loss for classes; DenoGrad refines continuous "
                "targets: use a regression loss such as nn.MSELoss()."
            )
        self._function = function
        self._reduction = self._find_reduction(n_targets, dtype, device)

    def _find_reduction(
        self, n_targets: int, dtype: torch.dtype, device: torch.device
    ) -> Literal["mean", "sum", "none"]:
        columns = torch.linspace(0.0, 0.1, n_targets, dtype=dtype, device=device)
        prediction = torch.tensor([[0.3], [0.8]], dtype=dtype, device=device) + columns
        target = torch.tensor([[0.5], [0.2]], dtype=dtype, device=device) + columns.square()
        both = self._function(prediction, target)
        if not isinstance(both, Tensor):
            raise TypeError(
                f"The criterion returns {type(both).__name__}; it has to return a tensor."
            )
        if both.ndim > 0 and both.numel() > 1:
            return "none"
        parts = [self._function(prediction[i : i + 1], target[i : i + 1]) for i in range(2)]
        total = parts[0] + parts[1]
        if torch.allclose(both, total / 2, rtol=1e-2):
            return "mean"
        if torch.allclose(both, total, rtol=1e-2):
            return "sum"
        raise ValueError(
            "The criterion is neither a mean nor a sum over samples (the loss of two samples "
            "does not follow from the loss of each), so a sample has no gradient of its own: "
            "use a loss such as nn.MSELoss()."
        )

    def mean(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Mean loss over the samples (and targets) of a batch, a scalar."""
        loss = self._function(prediction, target)
        if self._reduction == "none":
            return loss.mean()
        if self._reduction == "sum":
            return loss.squeeze() / target.numel()
        return loss.squeeze()
