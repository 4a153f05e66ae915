"""What decides the results of a component, and that new parameters leave old records valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from experiments.settings.schema import Component

OF_BACKBONE = {
    "backbone": "auto",
    "standardize": False,
    "backbone_epochs": 100,
    "patience": 15,
    "learning_rate": 0.001,
    "backbone_batch_size": None,
    "validation_fraction": 0.125,
}
OF_REFINEMENT = {
    "rule": "normalized",
    "nrr": 0.01,
    "nr_threshold": 0.1,
    "max_epochs": 150,
    "batch_size": None,
    "cv": None,
}
DENOGRAD = {"name": "denograd", "params": OF_BACKBONE | OF_REFINEMENT, "revision": 1}
NETWORK = {
    "corruption": 0.0,
    "standardize": False,
    "epochs": 500,
    "patience": 15,
    "batch_size": 64,
    "learning_rate": 0.001,
    "validation_fraction": 0.2,
}
DN_RESNET = {"name": "dn_resnet", "params": NETWORK | {"hidden_size": 64}, "revision": 1}
KALMAN = {
    "name": "kalman",
    "params": {
        "process_variance": 1e-05,
        "observation_variance": 0.01,
        "initial_variance": 1.0,
    },
    "revision": 1,
}
PREDICTED_TARGET = {"name": "predicted_target", "params": OF_BACKBONE, "revision": 1}


def test_results_of_a_backbone_are_not_taken_for_those_of_its_former_network() -> None:
    revisions = {
        name: Component(
            "denograd", "denograd.estimator.DenoGradDenoiser", OF_BACKBONE | {"backbone": name}
        ).identity()["revision"]
        for name in ("auto", "lstm", "dlinear", "cnn_lstm")
    }

    assert revisions == {"auto": 1, "lstm": 1, "dlinear": 2, "cnn_lstm": 2}


class Grown:
    """A component that had `width` alone at first."""

    revision = 1
    neutral: ClassVar[Mapping[str, Any]] = {"gated": True, "sizes": None}

    def __init__(self, width: int = 1, gated: bool = True, sizes: list[int] | None = None) -> None:
        self.width, self.gated, self.sizes = width, gated, sizes


def identity_of(**params: Any) -> dict[str, Any]:
    return Component("grown", f"{__name__}.Grown", params).identity()["params"]


def test_a_parameter_at_its_neutral_value_is_left_out():
    assert identity_of(width=3, gated=True, sizes=None) == identity_of(width=3) == {"width": 3}


def test_any_other_value_counts():
    assert identity_of(width=3, gated=False) == {"width": 3, "gated": False}
    assert identity_of(width=3, sizes=[4]) == {"width": 3, "sizes": [4]}
    assert identity_of(gated=1) == {"gated": 1}  # equal to True, but not the value it was


@pytest.mark.parametrize(
    ("key", "value"),
    [("refine", "y"), ("backbone_width", 0.5), ("early_stopping", False)],
)
def test_an_option_of_denograd_that_is_taken_counts(settings_of, key, value):
    (component,) = settings_of("denoiser=denograd", f"++denoiser.denograd.{key}={value}").denoiser
    assert component.identity()["params"] == DENOGRAD["params"] | {key: value}


def test_the_arguments_of_a_rule_are_part_of_it(settings_of):
    rule = {"name": "gauss-newton", "eta_y": 0.1}
    (component,) = settings_of(
        "denoiser=denograd",
        "denoiser.denograd.rule={name:gauss-newton,eta_y:0.1}",
    ).denoiser
    assert component.params["rule"] == rule
    assert component.identity()["params"] == DENOGRAD["params"] | {"rule": rule}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("denograd", DENOGRAD),
        ("predicted_target", PREDICTED_TARGET),
        ("dn_resnet", DN_RESNET),
        ("kalman", KALMAN),
    ],
)
def test_records_of_the_published_settings_stay_valid(settings_of, member, expected):
    (component,) = settings_of(f"denoiser={member}").denoiser
    assert component.identity() == expected
