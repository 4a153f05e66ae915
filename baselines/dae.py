"""The denoising autoencoder."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from baselines._networks import RowNetworkDenoiser
from denograd.networks import build


@dataclass(eq=False, repr=False)
class DAEDenoiser(RowNetworkDenoiser):
    """Squeeze the rows of the whole table, target included, through a narrow layer.

    As published the network is shown the rows that it has to return, without corruption, and its
    output is a sigmoid: it reaches no value outside (0, 1), although the data are standardised.
    The sane variant corrupts what it shows, has a linear output and standardises by itself.

    Parameters
    ----------
    hidden_sizes : tuple of int
        Units of the dense layers before the latent one; those after it mirror them.
    latent_size : int
        Units of the narrowest layer. ReLU follows each hidden layer, this one too.
    output : {"sigmoid", "linear"}
        What follows the last layer.
    corruption, standardize, scaling, epochs, patience, batch_size, learning_rate, \
validation_fraction, domain, random_state, device, progress
        As in `baselines._networks.RowNetworkDenoiser`.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010). Stacked denoising autoencoders.
    Journal of Machine Learning Research 11, 3371-3408.
    """

    method = "dae"

    hidden_sizes: tuple[int, ...] = (256, 128, 64, 32)
    latent_size: int = 8
    output: Literal["sigmoid", "linear"] = "sigmoid"

    def _build(self, n_columns: int) -> nn.Module:
        sizes = (*self.hidden_sizes, self.latent_size, *reversed(self.hidden_sizes))
        layers = build("mlp", n_columns, n_columns, hidden_sizes=sizes)
        return nn.Sequential(layers, nn.Sigmoid()) if self.output == "sigmoid" else layers

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.output not in ("sigmoid", "linear"):
            raise ValueError(f"output must be 'sigmoid' or 'linear', got {self.output!r}")
