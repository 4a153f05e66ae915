"""Freezing a network and taking gradients of its loss with respect to data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from denograd.refinement.recurrent import input_gradients_only

Layout = Literal["rows", "time_first", "channels_first", "flat"]
"""How a batch is handed to the network: rows (B, F), windows (B, W, C), (B, C, W) or (B, W * C)."""

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


def model_dtype(model: nn.Module) -> torch.dtype | None:
    """Floating type of the network's first floating parameter or buffer, None without one."""
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor.dtype
    return None


@contextmanager
def frozen(
    model: nn.Module, device: torch.device, *, train_recurrent: bool | None = None
) -> Iterator[None]:
    """Hold a network on a device in evaluation mode with weights that take no gradient.

    On leaving, by whatever way, the network is what it was: the storage of its weights, its
    device, the mode of every submodule, `requires_grad` flags and gradients.

    Parameters
    ----------
    model : nn.Module
        The network.
    device : torch.device
        Where it computes meanwhile.
    train_recurrent : bool, optional
        Whether recurrent modules are put in training mode with their own dropout at 0: cuDNN
        offers their backward pass in that mode only. Default: on CUDA.
    """
    if train_recurrent is None:
        train_recurrent = device.type == "cuda"
    home = next((weight.device for weight in model.parameters()), device)
    modes = [(module, module.training) for module in model.modules()]
    recurrent = [module for module, _ in modes if isinstance(module, nn.RNNBase)]
    dropouts = [module.dropout for module in recurrent]
    weights = [(w, w.data, w.grad, w.requires_grad) for w in model.parameters()]
    slots = [
        (registered, dict(registered))
        for module, _ in modes
        for registered in (module._parameters, module._buffers)
    ]
    moved = any(tensor.device != device for tensor in (*model.parameters(), *model.buffers()))
    try:
        for weight, *_ in weights:
            weight.requires_grad_(False)
            weight.grad = None  # so that it is not moved along
        if moved:
            model.to(device)
        model.eval()
        if train_recurrent:
            for layer in recurrent:
                layer.training = True
                layer.dropout = 0.0
        quick = [] if train_recurrent or device.type != "cpu" else recurrent
        with torch.inference_mode(False), torch.enable_grad(), input_gradients_only(quick):
            yield
    finally:
        for module, training in modes:
            module.training = training
        for layer, dropout in zip(recurrent, dropouts, strict=True):
            layer.dropout = dropout
        for weight, data, gradient, requires_grad in weights:
            weight.data = data
            weight.grad = gradient
            weight.requires_grad_(requires_grad)
        for registered, tensors in slots:
            registered.update(tensors)  # type: ignore[arg-type]
        if moved:  # for tensors that a module moves along without having registered them
            model.to(home)


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


class OutputError(ValueError):
    """A model returned something else than one prediction per sample and target."""


class Predictor:
    """A frozen network as a function from a batch of rows or windows to (batch, n_targets).

    Parameters
    ----------
    model : nn.Module
        The network.
    n_targets : int
        Columns that it has to predict.
    layout : {"rows", "time_first", "channels_first", "flat"}
        How it wants its batch.
    """

    def __init__(self, model: nn.Module, n_targets: int, layout: Layout = "rows") -> None:
        self.model = model
        self.n_targets = n_targets
        self.layout = layout

    @property
    def rows_are_independent(self) -> bool:
        """Whether a prediction depends on its own row alone (not so where rows are context)."""
        return bool(getattr(self.model, "rows_are_independent", True))

    def __call__(self, batch: Tensor) -> Tensor:
        """Predict a batch.

        Raises
        ------
        OutputError
            When the model returns anything but one prediction per sample and target.
        """
        if self.layout == "channels_first":
            batch = batch.transpose(1, 2)
        elif self.layout == "flat":
            batch = batch.flatten(1)
        prediction = self.model(batch)
        if not isinstance(prediction, Tensor):
            raise OutputError(
                f"The model returns {type(prediction).__name__}; it has to return one tensor of "
                f"predictions, (batch, {self.n_targets})."
            )
        expected = (len(batch), self.n_targets)
        if prediction.shape == expected:
            return prediction
        if self.n_targets == 1 and prediction.shape == expected[:1]:
            return prediction[:, None]
        raise OutputError(
            f"The model returns shape {tuple(prediction.shape)} for a batch of shape "
            f"{tuple(batch.shape)}; y asks for {expected}."
        )


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


def as_device(device: Any) -> torch.device:
    """Device to compute on; None is CUDA where there is one."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)
