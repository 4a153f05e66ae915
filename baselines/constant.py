"""The control that forgets the target."""

from baselines.shrink_target import ShrinkTargetDenoiser
from denograd.base import Domain


class ConstantDenoiser(ShrinkTargetDenoiser):
    """Replace the target by its mean over the rows changed: nothing is left to predict.

    Parameters
    ----------
    domain : {"tabular", "series"}
        In a series channel 0 is the target and changes with it.
    """

    method = "constant"
    kind = "control"
    factor = 0.0

    def __init__(self, domain: Domain = "tabular") -> None:
        self.domain = domain
