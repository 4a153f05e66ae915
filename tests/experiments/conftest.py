"""Settings as the command line makes them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from experiments.settings.compose import to_settings
from experiments.settings.schema import Settings, config_dir
from tests.support.command import Command

# The smallest corruption: a few hundred rows of a synthetic table, cheap regressors.
SMALL = ("dataset=friedman", "dataset.n=300", "denoiser=identity", "regressor=ridge")
DOUBLE = "tests.support.doubles"


def double(kind: str, name: str, **params: object) -> list[str]:
    """Overrides that add a double as a denoiser or regressor."""
    values = "".join(f",{key}:{value}" for key, value in params.items())
    return [f"+{kind}.{name.lower()}={{_target_:{DOUBLE}.{name}{values}}}"]


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Compose settings from overrides, with results in a temporary folder."""

    def make(*overrides: str) -> Settings:
        return compose_settings(tmp_path / "results", *overrides)

    return make


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The benchmark's commands in a folder of their own."""
    return Command(tmp_path)


def compose_settings(results: Path, *overrides: str) -> Settings:
    """Settings as the command line makes them of these overrides."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = compose("config", overrides=[*overrides, f"results={results}"])
    return to_settings(config)
