"""The autoencoder and the residual network: shapes, training, and what the best of each does."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from baselines import _networks
from baselines.dae import DAEDenoiser
from baselines.dn_resnet import DNResNetDenoiser

CONF = Path(__file__).parents[2] / "conf" / "denoiser"
BOTH = pytest.mark.parametrize("cls", [DAEDenoiser, DNResNetDenoiser])
QUICK = {"random_state": 0, "device": "cpu"}


def settings(label: str) -> dict:
    params = yaml.safe_load((CONF / f"{label}.yaml").read_text())[label]
    params = {key: value for key, value in params.items() if key not in ("_target_", "kind")}
    return {key: tuple(v) if isinstance(v, list) else v for key, v in params.items()}


def widths(network: nn.Module) -> list[tuple[int, int]]:
    return [
        (layer.in_features, layer.out_features)
        for layer in network.modules()
        if isinstance(layer, nn.Linear)
    ]


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 3)), rng.normal(size=50)


@pytest.fixture
def training(monkeypatch):
    """What the loop that trains was given, instead of training."""
    calls = []

    def spy(network, X, y, X_val, y_val, **options):
        calls.append({"X": X, "y": y, "X_val": X_val, "y_val": y_val, **options})

    monkeypatch.setattr(_networks, "train_network", spy)
    return calls


@BOTH
def test_defaults_are_as_published(cls):
    published = settings(cls.method)
    assert cls().get_params() == cls(**published).get_params()
    assert (published["epochs"], published["patience"]) == (500, 15)
    assert (published["batch_size"], published["learning_rate"]) == (64, 1e-3)
    assert (published["corruption"], published["validation_fraction"]) == (0.0, 0.2)


@pytest.mark.parametrize(
    ("label", "changed"),
    [
        ("dae", {"corruption": 0.1, "standardize": True, "output": "linear"}),
        ("dn_resnet", {"corruption": 0.1, "standardize": True}),
    ],
)
def test_sane_variants_differ_in_what_they_say(label, changed):
    assert settings(f"{label}_sane") == settings(label) | changed


def test_autoencoder_narrows_to_eight_and_ends_in_a_sigmoid(table):
    network = DAEDenoiser(epochs=0, **QUICK).fit(*table).network_
    narrowing = [(4, 256), (256, 128), (128, 64), (64, 32), (32, 8)]
    assert widths(network) == narrowing + [(out, into) for into, out in reversed(narrowing)]
    assert sum(isinstance(layer, nn.ReLU) for layer in network.modules()) == 9
    assert isinstance(list(network.children())[-1], nn.Sigmoid)
    linear = DAEDenoiser(output="linear", epochs=0, **QUICK).fit(*table).network_
    assert widths(linear) == widths(network)
    assert not any(isinstance(layer, nn.Sigmoid) for layer in linear.modules())


def test_residual_network_has_three_dense_layers(table):
    network = DNResNetDenoiser(epochs=0, **QUICK).fit(*table).network_
    assert widths(network) == [(4, 64), (64, 64), (64, 4)]
    assert sum(isinstance(layer, nn.ReLU) for layer in network.modules()) == 2


def test_residual_network_subtracts_its_correction(table):
    X, y = table
    denoiser = DNResNetDenoiser(epochs=0, **QUICK).fit(X, y)
    last = list(denoiser.network_.modules())[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([1.0, 0.0, -2.0, 0.5]))
    refined_X, refined_y = denoiser.denoise(X, y)
    np.testing.assert_allclose(refined_X, X - [1.0, 0.0, -2.0], atol=1e-6)
    np.testing.assert_allclose(refined_y, y - 0.5, atol=1e-6)


@BOTH
def test_a_fifth_of_the_rows_stops_the_training(cls, table, training):
    X, y = table
    cls(**QUICK).fit(X, y)
    (call,) = training
    assert (len(call["X"]), len(call["X_val"])) == (40, 10)
    np.testing.assert_array_equal(call["X"], call["y"])
    np.testing.assert_array_equal(call["X_val"], call["y_val"])
    rows = np.vstack([call["X"], call["X_val"]])
    whole = np.column_stack([X, y])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, whole))
    assert not np.array_equal(rows, whole), "taken at random"


@BOTH
def test_validation_rows_are_used_as_given(cls, table, training):
    X, y = table
    cls(**QUICK).fit(X[:30], y[:30], X[30:], y[30:])
    (call,) = training
    np.testing.assert_array_equal(call["X"], np.column_stack([X, y])[:30])
    np.testing.assert_array_equal(call["X_val"], np.column_stack([X, y])[30:])


@BOTH
def test_corrupted_rows_have_to_become_the_rows_as_they_came(cls, training):
    X = np.random.default_rng(1).normal(size=(20_000, 2)) * [5.0, 0.1] + [100.0, 0.0]
    cls(corruption=0.3, standardize=True, domain="series", **QUICK).fit(X, X[:, 0])
    (call,) = training
    assert call["X"].std(axis=0) == pytest.approx([1.0, 1.0])
    assert (call["X_val"] - call["y_val"]).std(axis=0) == pytest.approx([0.3, 0.3], rel=0.05)
    shown = []
    noisy = _networks._Corrupted(nn.Identity(), 0.3)
    rows = torch.from_numpy(call["X"])
    noisy.register_forward_hook(lambda module, inputs, output: shown.append(output))
    noisy(rows), noisy(rows), noisy.eval()(rows)
    assert (shown[0] - rows).std().item() == pytest.approx(0.3, rel=0.05)
    assert not torch.equal(shown[0], shown[1]), "drawn anew"
    assert torch.equal(shown[2], rows)


def test_published_autoencoder_reaches_no_value_outside_the_unit_interval():
    X = 2.0 * np.random.default_rng(0).normal(size=(300, 3))
    refined_X, refined_y = DAEDenoiser(epochs=5, **QUICK).fit_resample(X, X.sum(axis=1))
    for refined in (refined_X, refined_y):
        assert refined.min() >= 0.0
        assert refined.max() <= 1.0


def test_published_residual_network_learns_the_identity():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    y = X @ [1.0, -1.0, 0.5, 0.0] + rng.normal(size=1500)
    denoiser = DNResNetDenoiser(epochs=60, **QUICK)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    for before, after in ((X, refined_X), (y, refined_y)):
        assert np.mean((after - before) ** 2) < 0.002 * before.var()
    assert denoiser.history_.validation_loss[-1] < denoiser.history_.validation_loss[0]


def test_corruption_teaches_the_step_to_the_expected_clean_row():
    """For normal rows the best answer to noisier ones is linear: C·(C + s²·I)^−1."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 1)) * [1.0, 1.0] + 0.5 * rng.normal(size=(4000, 2))
    X, y = rows[:, :1], rows[:, 1]
    refined = np.column_stack(
        DNResNetDenoiser(corruption=0.5, epochs=40, **QUICK).fit_resample(X, y)
    )
    covariance = np.cov(rows.T)
    step = rows @ np.linalg.solve(covariance + 0.25 * np.eye(2), covariance) - rows
    missed = np.mean((refined - rows - step) ** 2) / np.mean(step**2)
    assert missed < 0.1


@pytest.mark.parametrize(
    ("cls", "label"), [(DAEDenoiser, "dae_sane"), (DNResNetDenoiser, "dn_resnet_sane")]
)
def test_sane_variants_recover_more_than_the_published_ones(cls, label):
    rng = np.random.default_rng(0)
    angle = rng.uniform(0.0, 2 * np.pi, size=600)
    clean = np.column_stack([np.sin(k * angle) + np.cos(angle) for k in range(1, 7)])
    noisy = clean + 0.1 * clean.std(axis=0) * rng.normal(size=clean.shape)

    def error(name: str) -> float:
        denoiser = cls(**settings(name) | {"epochs": 40, "domain": "series"} | QUICK)
        refined_X, refined_y = denoiser.fit_resample(noisy, noisy[:, 0])
        np.testing.assert_array_equal(refined_y, refined_X[:, 0])
        return np.sqrt(np.mean((refined_X - clean) ** 2))

    sane = error(label)
    assert sane < 0.97 * error(cls.method)
    if cls is DNResNetDenoiser:
        assert sane < 0.95 * np.sqrt(np.mean((noisy - clean) ** 2))


def test_minmax_works_on_columns_from_0_to_1_of_the_whole_table(table, training):
    X, y = table
    DAEDenoiser(scaling="minmax", **QUICK).fit(X, y)
    (call,) = training
    inputs = np.concatenate([call["X"], call["X_val"]])
    np.testing.assert_allclose(inputs.min(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(inputs.max(axis=0), 1.0)


def test_minmax_lets_a_sigmoid_reach_every_value_and_no_other(table):
    X, y = table
    X = 100.0 * X + 7.0
    refined_X, refined_y = DAEDenoiser(scaling="minmax", epochs=3, **QUICK).fit_resample(X, y)
    assert refined_X.max() > 1.0
    assert (refined_X >= X.min(axis=0)).all()
    assert (refined_X <= X.max(axis=0)).all()
    assert y.min() <= refined_y.min() <= refined_y.max() <= y.max()


@BOTH
def test_standardising_makes_units_irrelevant(cls, table):
    X, y = table
    denoiser = cls(standardize=True, epochs=3, **QUICK)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    scaled_X, scaled_y = denoiser.fit_resample(1000.0 * X - 7.0, 0.01 * y + 3.0)
    np.testing.assert_allclose((scaled_X + 7.0) / 1000.0, refined_X, atol=1e-4)
    np.testing.assert_allclose((scaled_y - 3.0) / 0.01, refined_y, atol=1e-4)


@BOTH
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"domain": "image"}, "domain must be one of"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie between 0 and 1, got 1.0"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0.0"),
        ({"corruption": -0.1}, "corruption must not be negative, got -0.1"),
        ({"scaling": "robust"}, "scaling must be 'standard' or 'minmax', got 'robust'"),
        ({"scaling": "minmax", "standardize": True}, "exclude each other: leave one out"),
        ({"patience": 0}, "patience has to be an integer of at least 1, got 0"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_wrong_parameters_are_refused(cls, wrong, message, table):
    with pytest.raises(ValueError, match=message):
        cls(**wrong).fit(*table)


def test_unknown_output_is_refused(table):
    with pytest.raises(ValueError, match="output must be 'sigmoid' or 'linear', got 'relu'"):
        DAEDenoiser(output="relu").fit(*table)
