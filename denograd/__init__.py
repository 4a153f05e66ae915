"""DenoGrad: refine noisy data with the gradients of a trained network."""

__version__ = "0.1.0"
