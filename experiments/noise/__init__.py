"""The noise that the benchmark injects, one family per file, and permuting the target."""

from experiments.noise.gaussian import Gaussian
from experiments.noise.permutation import permute_target

__all__ = ["Gaussian", "permute_target"]
