"""The config files of the denoisers: complete, explicit, and true to the code."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import baselines
from denograd.estimator import DenoGradDenoiser

FOLDER = Path(__file__).parents[2] / "conf" / "denoiser"
FILES = sorted(FOLDER.glob("*.yaml"))
FILLED_IN = {
    "domain",
    "window_size",
    "horizon",
    "random_state",
    "device",
    "backbone_cache",
    "progress",
}
# Arguments of step rules other than the published one; giving them would be an error.
OF_OTHER_RULES = {"eta_x", "eta_y", "lam", "lr", "tol"}
UNSET = OF_OTHER_RULES | {"normalization", "consensus", "snapshots"}


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
    params = {key: value for key, value in load(path).items() if key != "_target_"}
    schema = set(inspect.signature(component(path)).parameters) - FILLED_IN
    assert set(params) <= schema
    assert schema - set(params) <= UNSET
    assert component(path)(**params).get_params().items() >= params.items()


def test_every_denoiser_has_a_file():
    wanted = {DenoGradDenoiser, *baselines.discover().values()}
    assert wanted <= {component(path) for path in FILES}


def test_denograd_runs_as_published():
    params = load(FOLDER / "denograd.yaml")
    assert (params["nrr"], params["nr_threshold"], params["max_epochs"]) == (0.01, 0.1, 150)
    assert (params["rule"], params["denoise_y"], params["standardize"]) == (
        "normalized",
        True,
        False,
    )
    assert (params["backbone_epochs"], params["patience"]) == (100, 15)


def test_predicted_target_trains_the_backbone_of_denograd():
    control, denograd = (load(FOLDER / f"{name}.yaml") for name in ("predicted_target", "denograd"))
    assert {key: denograd[key] for key in control if key != "_target_"} == {
        key: value for key, value in control.items() if key != "_target_"
    }
