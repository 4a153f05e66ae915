"""Multilayer perceptron for rows of a table, or for windows as one long row."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from denograd.networks._base import Network, check_counts, check_dropout


class MLP(Network):
    """Dense layers with ReLU between them.

    A window is flattened here; one that comes flattened already is taken as it is.

    Parameters
    ----------
    n_features : int
        Columns of the table, or channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int, optional
        Time steps of a window; None stands for the rows of a table.
    hidden_sizes : tuple of int, default (128, 64, 32)
        Units of the hidden layers; an empty tuple gives a linear model.
    dropout : float, default 0.0
        Share of hidden units dropped in training.

    References
    ----------
    Rumelhart, Hinton and Williams (1986). Learning representations by back-propagating errors.
    Nature 323, 533-536.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular", "series"})

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        hidden_sizes: tuple[int, ...] = (128, 64, 32),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(n_features, n_targets, window)
        check_dropout(self, dropout)
        for size in hidden_sizes:
            check_counts(self, hidden_sizes=size)
        widths = (n_features * self.n_steps, *hidden_sizes)
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise(widths):
            layers += [nn.Linear(width_in, width_out), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], n_targets))
        self._width = widths[0]

    def forward(self, x: Tensor) -> Tensor:
        """Map rows, windows or flattened windows to targets."""
        if x.ndim != 2 or x.shape[1] != self._width:
            self.check_input(x)
        output: Tensor = self.layers(x.flatten(1))
        return output
