"""Gradients of the loss with respect to samples and their targets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from denograd.refinement.criterion import Criterion
from denograd.refinement.predictor import Predictor


@dataclass(frozen=True)
class SampleGradient:
    """What the network says about B samples.

    Attributes
    ----------
    residual : Tensor of shape (B, n_targets)
        Prediction minus target.
    x : Tensor of shape (B, n_inputs)
        Gradient of each sample's loss with respect to its inputs, a window as one vector.
    y : Tensor of shape (B, n_targets)
        The same with respect to its targets.
    loss : Tensor of shape ()
        Sum of the losses of the samples.
    """

    residual: Tensor
    x: Tensor
    y: Tensor
    loss: Tensor


def sample_gradient(
    predict: Predictor, criterion: Criterion, x: Tensor, y: Tensor, batch_size: int | None = None
) -> SampleGradient:
    """Gradient of the loss of each sample with respect to its own inputs and targets.

    Samples do not mix in a frozen network, so the gradient of the summed loss holds the
    gradient of every sample. The network sees `batch_size` samples at once.
    """
    size = batch_size or len(x)
    if len(x) <= size:
        prediction, gradient_x, gradient_y, loss = _batch_gradient(predict, criterion, x, y)
        return SampleGradient(prediction - y, gradient_x.flatten(1), gradient_y, loss.double())
    residual, gradient_y = torch.empty_like(y), torch.empty_like(y)
    gradient_x = x.new_empty(x.shape)
    losses = []
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        prediction, gradient_x[rows], gradient_y[rows], loss = _batch_gradient(
            predict, criterion, x[rows], y[rows]
        )
        residual[rows] = prediction - y[rows]
        losses.append(loss)
    total = torch.stack(losses).sum(dtype=torch.float64)
    return SampleGradient(residual, gradient_x.flatten(1), gradient_y, total)


def _batch_gradient(
    predict: Predictor, criterion: Criterion, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Prediction, gradients with respect to x and y, and the summed loss of a batch."""
    x = x.detach().requires_grad_()
    y = y.detach().requires_grad_()
    prediction = predict(x)
    loss = criterion.mean(prediction, y) * len(y)
    gradient_x, gradient_y = torch.autograd.grad(loss, (x, y), allow_unused=True)
    if gradient_x is None:
        raise ValueError(
            "The model's output has no gradient with respect to its input (is it detached, or "
            "computed outside torch?), so there is no direction to move in."
        )
    if gradient_y is None:
        raise ValueError("The criterion has no gradient with respect to the targets.")
    return prediction.detach(), gradient_x, gradient_y, loss.detach()
