"""Whether the sweeper of the extra `tune` is installed."""

import importlib

import pytest


def _why_not() -> str:
    try:
        importlib.import_module("hydra_plugins.hydra_optuna_sweeper._impl")
    except ImportError as error:
        return f"the extra `tune` is not installed: {error}"
    return ""


WHY_NO_SWEEPER = _why_not()
NEEDS_SWEEPER = pytest.mark.skipif(bool(WHY_NO_SWEEPER), reason=WHY_NO_SWEEPER)
