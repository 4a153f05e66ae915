"""The settings of the published benchmark, written down once; importing this takes no time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

STEPS: Mapping[str, Any] = MappingProxyType({"nrr": 0.01, "nr_threshold": 0.1, "max_epochs": 150})
"""Arguments of the step rule `normalized`."""

SETTINGS: Mapping[str, Any] = MappingProxyType(
    {"rule": "normalized", **STEPS, "refine": "both", "standardize": False, "cv": None}
)
"""Parameters of `DenoGradDenoiser`; all others have their defaults."""
