"""The config files of the denoisers: complete, explicit, and true to the code."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import baselines
from denograd.estimator import DenoGradDenoiser
from denograd.published import SETTINGS

FOLDER = Path(__file__).parents[2] / "conf" / "denoiser"
FILES = sorted(FOLDER.glob("*.yaml"))
FILLED_IN = {
    "domain",
    "window_size",
    "horizon",
    "random_state",
    "device",
    "progress",
}


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text())[path.stem]


def component(path: Path) -> type:
    module, _, name = load(path)["_target_"].rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_label_is_the_file_name_and_the_header_a_comment(path):
    text = path.read_text()
    assert list(yaml.safe_load(text)) == [path.stem]
    assert text.startswith("# ")
    assert f"denoiser={path.stem}" in text.splitlines()[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_values_are_explicit_and_accepted(path):
    params = {key: value for key, value in load(path).items() if key not in ("_target_", "kind")}
    schema = set(inspect.signature(component(path)).parameters) - FILLED_IN
    assert set(params) == schema
    assert component(path)(**params).get_params().items() >= params.items()


def test_every_denoiser_has_a_file():
    wanted = {DenoGradDenoiser, *baselines.discover().values()}
    assert wanted <= {component(path) for path in FILES}


def test_denograd_runs_as_published():
    params = {key: value for key, value in load(FOLDER / "denograd.yaml").items() if key[0] != "_"}
    defaults = DenoGradDenoiser().get_params()
    assert params == {key: {**defaults, **SETTINGS}[key] for key in params}


def test_predicted_target_trains_the_backbone_of_denograd():
    control, denograd = (load(FOLDER / f"{name}.yaml") for name in ("predicted_target", "denograd"))
    assert {key: denograd[key] for key in control if key != "_target_"} == {
        key: value for key, value in control.items() if key != "_target_"
    }
