"""DenoGrad: refine noisy data with the gradients of a trained network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from denograd.calibrated import CalibratedDenoiser
    from denograd.cleaning.clean import clean
    from denograd.denoiser import DenoGrad
    from denograd.estimator import DenoGradDenoiser
    from denograd.history import OscillationWarning
    from denograd.refined_regressor import RefinedRegressor
    from denograd.rules import GaussNewton, Global, Normalized

__version__ = "0.1.0"

__all__ = [
    "CalibratedDenoiser",
    "DenoGrad",
    "DenoGradDenoiser",
    "GaussNewton",
    "Global",
    "Normalized",
    "OscillationWarning",
    "RefinedRegressor",
    "clean",
]

_HOMES = {
    "CalibratedDenoiser": "denograd.calibrated",
    "DenoGrad": "denograd.denoiser",
    "DenoGradDenoiser": "denograd.estimator",
    "GaussNewton": "denograd.rules",
    "Global": "denograd.rules",
    "Normalized": "denograd.rules",
    "OscillationWarning": "denograd.history",
    "RefinedRegressor": "denograd.refined_regressor",
    "clean": "denograd.cleaning.clean",
}


_PACKAGES = {"networks", "noise", "rules"}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; who only needs the version or a submodule does not wait for it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return import_module(f"denograd.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})
