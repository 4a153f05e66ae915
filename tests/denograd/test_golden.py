"""The published packages' numbers on small cases (see tests/golden/README.md)."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad

from .toys import Flat, LastStep

GOLDEN = Path(__file__).parents[1] / "golden"


def perceptron(d: int, k: int, *hidden: int, activation: type[nn.Module]) -> nn.Module:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise((d, *hidden)):
        layers += [nn.Linear(n_in, n_out), activation()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], k))


ARCHITECTURES = {
    "mlp_tanh_16_8": lambda d, k: perceptron(d, k, 16, 8, activation=nn.Tanh),
    "mlp_relu_32": lambda d, k: perceptron(d, k, 32, activation=nn.ReLU),
    "mlp_tanh_12_k3": lambda d, k: perceptron(d, k, 12, activation=nn.Tanh),
    "lstm_10": lambda d, k: LastStep(d, 10),
    "flat_w8_20": lambda d, k: Flat(8 * d, 20),
}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("[!c]*.npz")), ids=lambda path: path.stem)
def test_agrees_with_the_published_numbers(path: Path) -> None:
    case = np.load(path)
    meta = json.loads(str(case["meta"]))
    weights = {
        name.removeprefix("param/"): torch.from_numpy(case[name])
        for name in case.files
        if name.startswith("param/")
    }
    n_targets = list(weights.values())[-1].shape[0]
    model = ARCHITECTURES[meta["arch"]](case["X"].shape[1], n_targets)
    model.load_state_dict(weights)
    arguments = {k: v for k, v in meta["transform"].items() if k != "ts_strategy"}
    target = {"y": case["y"]} if "y" in case.files else {}

    denoiser = DenoGrad(model, nn.MSELoss(), torch.device("cpu"), rule=meta["rule"])
    X, y, *_ = denoiser.fit(case["X"], **target, **meta["fit"]).transform(**arguments)

    assert X.dtype == y.dtype == np.float32
    np.testing.assert_allclose(X, case["X_out"], rtol=0, atol=meta["atol"])
    np.testing.assert_allclose(y, case["y_out"], rtol=0, atol=meta["atol"])
