"""TabPFN as a network: with random weights that are made here, and without any."""

import copy
import dataclasses
import importlib.util
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad, DenoGradDenoiser, networks
from denograd.rules import rules

from .toys import complete

INSTALLED = importlib.util.find_spec("tabpfn") is not None
needs_tabpfn = pytest.mark.skipif(
    not INSTALLED, reason="tabpfn is not installed: pip install 'denograd-repro[tabpfn]'"
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Make the weights file of a very small TabPFN v2."""
    from tabpfn.architectures import ARCHITECTURES

    n_buckets = 32
    architecture = ARCHITECTURES["tabpfn_v2"]
    config, _ = architecture.parse_config(
        {"emsize": 24, "nlayers": 2, "nhead": 2, "max_num_classes": 0, "num_buckets": n_buckets}
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = architecture.get_architecture(config)
        # As initialised it predicts a constant.
        state = {
            name: 0.2 * torch.randn_like(value) if value.is_floating_point() else value
            for name, value in model.state_dict().items()
        }
    state["criterion.borders"] = torch.linspace(-3, 3, n_buckets + 1)
    state["criterion.losses_per_bucket"] = torch.zeros(n_buckets)
    path = tmp_path_factory.mktemp("weights") / "tiny.ckpt"
    torch.save({"state_dict": state, "config": dataclasses.asdict(config)}, path)
    return str(path)


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(12, 3, generator=generator)
    return X, X[:, 0] * X[:, 1] + 0.1 * torch.randn(12, generator=generator)


def build(weights, data=None, **sizes):
    net = networks.build("tabpfn", 3, weights=weights, **sizes)
    if data is not None:
        net.set_context(*data)
    return net.eval()


@pytest.mark.skipif(INSTALLED, reason="tabpfn is installed")
def test_without_the_package_the_error_says_how_to_install_it():
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'denograd-repro\[tabpfn\]'"):
        networks.build("tabpfn", 3)


@needs_tabpfn
def test_without_weights_the_error_says_where_they_go(tmp_path, monkeypatch):
    monkeypatch.setenv("TABPFN_MODEL_CACHE_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"absent\.ckpt.*TABPFN_MODEL_CACHE_DIR"):
        networks.build("tabpfn", 3, weights="absent.ckpt")
    with pytest.raises(FileNotFoundError, match=r"no weights file .* there"):
        networks.build("tabpfn", 3, weights=str(tmp_path / "absent.ckpt"))


@needs_tabpfn
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_targets": 2}, "one target"),
        ({"window": 4}, "window=4"),
        ({"context": "other"}, "context"),
        ({"precision": "half"}, "precision"),
    ],
)
def test_wrong_arguments_are_named(weights, arguments, message):
    with pytest.raises(ValueError, match=message):
        networks.build("tabpfn", 3, **{"weights": weights, **arguments})


@needs_tabpfn
@pytest.mark.parametrize("context", ["refined", "fitted"])
def test_gradients_equal_finite_differences(weights, data, context):
    net = build(weights, data, context=context, precision="float64")
    x = (data[0].double() + 0.1 * (context == "fitted")).requires_grad_()
    direction = torch.randn(12, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((net(x) * direction).sum(), x)
    step = 0.03  # large, since tabpfn hands its result on in single precision
    tolerance = 5e-4 * gradient.abs().max().item()
    for row, column in [(0, 0), (3, 1), (7, 2), (11, 0)]:
        shift = torch.zeros_like(x)
        shift[row, column] = step
        with torch.no_grad():
            slope = ((net(x + shift) - net(x - shift)) * direction).sum() / (2 * step)
        torch.testing.assert_close(gradient[row, column], slope, rtol=0, atol=tolerance)
    assert gradient.abs().max() > 1e-2


@needs_tabpfn
def test_refined_rows_are_context_for_each_other(weights, data):
    net = build(weights, data)
    assert net.rows_are_independent is False
    x = data[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0].sum(), x)
    assert (gradient.abs().sum(1) > 0).all()
    with pytest.raises(ValueError, match=r"shown 12 rows .* called with 5"):
        net(data[0][:5])


@needs_tabpfn
def test_fitted_rows_are_constant_context(weights, data):
    net = build(weights, data, context="fitted")
    assert net.rows_are_independent is True
    X = data[0] + 0.5
    together = net(X)
    assert together.std() > 1e-3
    torch.testing.assert_close(net(X[3:5]), together[3:5], rtol=1e-4, atol=1e-5)
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0].sum(), x)
    assert gradient[0].abs().sum() > 0
    torch.testing.assert_close(gradient[1:], torch.zeros_like(gradient[1:]))


@needs_tabpfn
def test_the_context_is_needed_and_checked(weights, data):
    X, y = data
    net = build(weights)
    with pytest.raises(RuntimeError, match="set_context"):
        net(X)
    for rows, targets, message in [
        (X[:, :2], y, "expects shape"),
        (X, y[:5], "one target each"),
        (X[:1], y[:1], "two rows"),
        (X, torch.ones(12), "all equal"),
    ]:
        with pytest.raises(ValueError, match=message):
            net.set_context(rows, targets)


@needs_tabpfn
def test_it_repeats_itself_and_can_be_copied_after_use(weights, data):
    net = build(weights, data)
    state = torch.random.get_rng_state()
    x = data[0].clone().requires_grad_()
    first = net(x)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(net(x), first)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(twin(x), first)
        assert twin.transformer is not net.transformer


@needs_tabpfn
def test_frozen_weights_stay_as_they_are(weights, data):
    net = build(weights, data).requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    x = data[0].clone().requires_grad_()
    torch.autograd.grad(net(x).sum(), x)
    assert all(not p.requires_grad and p.grad is None for p in net.parameters())
    assert all(torch.equal(net.state_dict()[key], value) for key, value in before.items())


@needs_tabpfn
@pytest.mark.parametrize("rule", [n for n, cls in rules().items() if "tabular" in cls.domains])
@pytest.mark.parametrize("context", ["refined", "fitted"])
def test_it_serves_every_rule_for_tables(weights, data, context, rule):
    X, y = data
    net = build(weights, data, context=context)
    noisy = y.numpy() + 0.5
    refiner = DenoGrad(net, nn.MSELoss(), "cpu", rule=complete(rule)).fit(X.numpy(), noisy)
    whole = refiner.transform(max_epochs=2, save_gradients=False)
    in_parts = refiner.transform(max_epochs=2, save_gradients=False, batch_size=5)
    assert not np.array_equal(whole[1], noisy)
    # Rows that are context for each other are never cut into batches.
    np.testing.assert_allclose(in_parts[0], whole[0], rtol=1e-3, atol=1e-4)


@needs_tabpfn
def test_the_estimator_shows_it_rows_instead_of_training_it(weights, data):
    X, y = (values.numpy() for values in data)
    net = networks.build("tabpfn", X.shape[1], weights=weights, context="fitted")
    denoiser = DenoGradDenoiser(net, max_epochs=2, device="cpu", random_state=0)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert denoiser.backbone_.history.n_epochs == 0
    assert np.isfinite(refined_X).all()
    assert not np.array_equal(refined_y, y)
