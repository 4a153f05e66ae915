"""Steps of Adam that cost neither an import nor the system's memory."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam

_LARGEST_KEPT_BLOCK = 2**25 - 2**13
"""Bytes; the C library's limit, less its own notes about a block."""


class Adam:
    """Adam through torch's function for it.

    The optimizer class imports torch's compiler when it is constructed: two seconds and eighty
    megabytes in every worker for a network that trains in one.
    """

    def __init__(self, weights: list[nn.Parameter], learning_rate: float) -> None:
        self.weights: list[Tensor] = [*weights]
        self.learning_rate = learning_rate
        self.means = [torch.zeros_like(weight) for weight in weights]
        self.squares = [torch.zeros_like(weight) for weight in weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in weights]

    def step(self, loss: Tensor) -> None:
        """Move the weights against the gradient of the loss."""
        gradients = torch.autograd.grad(loss, self.weights, materialize_grads=True)
        with torch.no_grad():
            adam(
                self.weights, list(gradients), self.means, self.squares, [], self.steps,
                foreach=False, fused=True, amsgrad=False, maximize=False, lr=self.learning_rate,
                beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0,
            )  # fmt: skip


def keep_freed_memory() -> None:
    """Let the process keep memory that it frees, up to some tens of megabytes.

    A step allocates a few megabytes for its intermediate values and frees them again. The C
    library of Linux would hand them back to the system after every step, and have them cleared
    anew in the next: up to a quarter of the time of a step. What it keeps follows the largest
    block that was freed so far, up to one of 32 megabytes. This one is never written to, so it
    costs nothing.
    """
    np.empty(_LARGEST_KEPT_BLOCK, np.uint8)
