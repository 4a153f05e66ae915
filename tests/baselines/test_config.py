"""The config files of the denoisers run them as published."""

from pathlib import Path

import pytest
import yaml

from denograd.estimator import DenoGradDenoiser
from denograd.published import SETTINGS

FOLDER = Path(__file__).parents[2] / "conf" / "denoiser"
PUBLISHED = {
    "emd": {"drop": 2, "n_jobs": 1},
    "wtd": {"wavelet": "db4", "mode": "smooth", "threshold_approximation": True},
}


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text())[path.stem]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_parameters(name):
    assert load(FOLDER / f"{name}.yaml").items() >= PUBLISHED[name].items()


def test_denograd_runs_as_published():
    params = {key: value for key, value in load(FOLDER / "denograd.yaml").items() if key[0] != "_"}
    defaults = DenoGradDenoiser().get_params()
    assert params == {key: {**defaults, **SETTINGS}[key] for key in params}


def test_predicted_target_trains_the_backbone_of_denograd():
    control, denograd = (load(FOLDER / f"{name}.yaml") for name in ("predicted_target", "denograd"))
    assert {key: denograd[key] for key in control if key != "_target_"} == {
        key: value for key, value in control.items() if key != "_target_"
    }
