"""The network at work: where it computes, in which type, and frozen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from denograd.refinement.recurrent import input_gradients_only


def as_device(device: Any) -> torch.device:
    """Device to compute on; None is CUDA where there is one."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


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
