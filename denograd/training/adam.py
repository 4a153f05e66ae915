"""Steps of Adam that do not cost an import."""

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


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
