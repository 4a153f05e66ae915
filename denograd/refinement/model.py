"""The network at work: where it computes, in which type, and frozen."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from denograd.refinement.recurrent import take_input_gradients_only

_LARGEST_KEPT_BLOCK = 2**25 - 2**13
"""Bytes; the C library's limit, less its own notes about a block."""


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


def copied(model: nn.Module, memo: dict[int, Any] | None = None) -> nn.Module:
    """Return a copy of a network whose weights can be trained, in whatever mode the caller is.

    Raises
    ------
    TypeError
        For a model that cannot be copied.
    """
    with torch.inference_mode(False), torch.no_grad():
        try:
            twin = copy.deepcopy(model, memo)
        except Exception as error:
            raise TypeError(
                f"The model cannot be copied ({error}), but only copies are computed with, so that "
                "the model stays as it is: give it attributes that copy.deepcopy can copy."
            ) from error
        for new, old in zip(twin.parameters(), model.parameters(), strict=True):
            new.requires_grad_(old.requires_grad)
    return twin


def lent(model: nn.Module, device: torch.device) -> nn.Module:
    """Return a copy of a network in eval mode that shares its weights, if it lies on this device.

    Nothing else is shared: the network is not touched, whatever is done to the copy and in however
    many threads.
    """
    with torch.inference_mode(False):
        # Some attributes are not leaves of a graph, which deepcopy refuses.
        own = {
            id(value): value.detach().clone()
            for module in model.modules()
            for value in (*vars(module).values(), *module.buffers(recurse=False))
            if isinstance(value, Tensor)
        }
        weights = {id(w): nn.Parameter(_usable(w), w.requires_grad) for w in model.parameters()}
    return copied(model, own | weights).to(device).eval()


def frozen(
    model: nn.Module, device: torch.device, *, train_recurrent: bool | None = None
) -> nn.Module:
    """Return such a copy whose weights take no gradients.

    Parameters
    ----------
    model : nn.Module
        The network.
    device : torch.device
        Where the copy computes.
    train_recurrent : bool, optional
        Whether recurrent modules are put in training mode with their own dropout at 0: cuDNN
        offers their backward pass in that mode only. Default: on CUDA.
    """
    twin = lent(model, device)
    for weight in twin.parameters():
        weight.requires_grad_(False)
    recurrent = [module for module in twin.modules() if isinstance(module, nn.RNNBase)]
    if train_recurrent or (train_recurrent is None and device.type == "cuda"):
        for layer in recurrent:
            layer.training, layer.dropout = True, 0.0
    elif device.type == "cpu":
        take_input_gradients_only(recurrent)
        keep_freed_memory()
    return twin


def keep_freed_memory() -> None:
    """Let the process keep memory that it frees, up to some tens of megabytes.

    A step of a training or a refinement allocates a few megabytes for its intermediate values and
    frees them again. The C library of Linux would hand them back to the system after every step,
    and have them cleared anew in the next: up to a quarter of the time of a step. What it keeps
    follows the largest block that was freed so far, up to one of 32 megabytes. This one is never
    written to, so it costs nothing.
    """
    np.empty(_LARGEST_KEPT_BLOCK, np.uint8)


def _usable(weight: Tensor) -> Tensor:
    """The values of a weight, copied where it was made in inference mode and has no gradients."""
    return weight.detach().clone() if weight.is_inference() else weight.detach()
