"""The calibrated step, told how strong the noise is."""

from baselines._told_noise import ToldNoise
from denograd.calibrated import CalibratedDenoiser


class CalibratedKnownDenoiser(CalibratedDenoiser, ToldNoise):
    """`denograd.CalibratedDenoiser` with the noise that was injected."""
