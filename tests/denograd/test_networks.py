"""What every network promises, checked for each file of `denograd.networks`."""

import copy
import inspect
import pickle
import typing
from pathlib import Path

import pytest
import torch
from torch import nn

from denograd import networks

# TabPFN cannot be built without its weights file and is trained on nothing: it has its own tests.
NAMES = [name for name in networks.available() if name != "tabpfn"]
# What gradcheck needs to be quick; a network that is not listed is checked with its defaults.
SMALL = {
    "mlp": {"hidden_sizes": (6, 5)},
    "lstm": {"hidden_size": 4},
    "cnn": {"channels": (4, 3)},
    "cnn_lstm": {"hidden_size": 4, "hidden_sizes": (5,)},
    "dlinear": {"kernel_size": 3},
    "ft_transformer": {"width": 6, "n_heads": 2},
    "transformer": {"width": 6, "n_heads": 2, "hidden_size": 5},
    "xlstm": {"width": 4, "n_heads": 2},
}
CASES = [
    pytest.param(name, domain, id=f"{name}-{domain}")
    for name in NAMES
    for domain in sorted(networks.network_class(name).domains)
]
every_network = pytest.mark.parametrize(("name", "domain"), CASES)


def window_of(domain, n_steps=24):
    return n_steps if domain == "series" else None


def batch_for(net, n_rows, dtype=torch.float32):
    steps = () if net.window is None else (net.window,)
    return torch.randn(n_rows, *steps, net.n_features, dtype=dtype)


def shake(net, scale=0.2):
    """Move every weight, so that those which start at zero or one take part."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return net


def test_every_file_is_a_network():
    folder = Path(networks.__file__).parent
    files = {path.stem for path in folder.glob("[!_]*.py")}
    assert set(networks.available()) == files
    for name in files:
        network = networks.network_class(name)
        assert issubclass(network, networks.Network)
        assert network.domains <= {"tabular", "series"}
        assert network.domains
        assert "References\n" in inspect.getdoc(network)


@pytest.mark.parametrize("name", networks.available())
def test_every_size_is_a_config_key(name):
    network = networks.network_class(name)
    parameters = dict(inspect.signature(network).parameters)
    assert list(parameters)[:3] == ["n_features", "n_targets", "window"]
    hints = typing.get_type_hints(network.__init__)
    for size in networks.size_names(name):
        assert parameters[size].default is not inspect.Parameter.empty
        assert_allowed(hints[size])


def assert_allowed(hint):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        assert all(isinstance(value, int | float | str | bool) for value in arguments)
    elif origin in (tuple, list):
        for part in arguments:
            assert part is Ellipsis or assert_allowed(part) is None
    else:
        assert hint in (int, float, str, bool)


@every_network
@pytest.mark.parametrize("n_targets", [1, 3])
def test_one_row_of_targets_per_row(name, domain, n_targets):
    net = networks.build(name, 5, n_targets, window_of(domain))
    for n_rows in (1, 4):
        assert net.train()(batch_for(net, n_rows)).shape == (n_rows, n_targets)
        assert net.eval()(batch_for(net, n_rows)).shape == (n_rows, n_targets)


@every_network
def test_gradients_are_exact(name, domain):
    net = networks.build(name, 2, 2, window_of(domain, 5), **SMALL.get(name, {}))
    net = shake(net.double()).eval()
    x = batch_for(net, 2, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(net, (x,), fast_mode=name not in SMALL)


@every_network
def test_rows_are_independent_in_eval_mode(name, domain):
    net = shake(networks.build(name, 5, 2, window_of(domain))).double().eval()
    assert net.rows_are_independent
    x = batch_for(net, 6, torch.float64).requires_grad_()
    together = net(x)
    torch.testing.assert_close(net(x[2:3]), together[2:3])
    (gradient,) = torch.autograd.grad(together[2].sum(), x)
    others = torch.arange(6) != 2
    assert (gradient[others] == 0).all()


@every_network
def test_every_input_has_a_gradient(name, domain):
    net = shake(networks.build(name, 5, 1, window_of(domain))).eval()
    x = batch_for(net, 8).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    moved = gradient.abs().sum(0) > 0
    if name == "dlinear":  # as published, it reads the past of its target alone
        assert not moved[:, 1:].any()
        moved = moved[:, :1]
    assert moved.all()


@every_network
@pytest.mark.parametrize("size", [0.0, 1e3])
def test_inputs_of_any_size_have_finite_gradients(name, domain, size):
    net = networks.build(name, 5, 1, window_of(domain)).eval()
    for candidate in (net, shake(copy.deepcopy(net), scale=0.5)):
        x = (size * batch_for(net, 8)).requires_grad_()
        output = candidate(x)
        (gradient,) = torch.autograd.grad(output.sum(), x)
        assert output.isfinite().all()
        assert gradient.isfinite().all()


@every_network
def test_a_training_step_lowers_the_loss(name, domain):
    net = networks.build(name, 5, 1, window_of(domain)).eval()
    x = batch_for(net, 32)
    y = x.flatten(1)[:, -1:]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    before = nn.functional.mse_loss(net(x), y)
    before.backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    optimizer.step()
    assert nn.functional.mse_loss(net(x), y) < before


@every_network
def test_seeded_copied_and_pickled_networks_are_equal(name, domain):
    def seeded():
        torch.manual_seed(3)
        return networks.build(name, 5, 1, window_of(domain)).eval()

    net = seeded()
    x = batch_for(net, 3)
    for twin in (seeded(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(twin(x), net(x))


@every_network
def test_the_input_stays_as_it_is(name, domain):
    net = networks.build(name, 5, 1, window_of(domain))
    x = batch_for(net, 3)
    before = x.clone()
    net(x).sum().backward()
    assert torch.equal(x, before)


@every_network
def test_a_batch_of_another_shape_is_refused(name, domain):
    net = networks.build(name, 5, 1, window_of(domain, 7))
    expected = r"expects shape \(batch, 7, 5\)" if domain == "series" else r"shape \(batch, 5\)"
    for shape in [(4, 6), (4, 5, 7), (4, 7, 5, 1), (4,)]:
        with pytest.raises(ValueError, match=expected):
            net(torch.zeros(shape))


@pytest.mark.parametrize("name", networks.available())
def test_the_other_domain_is_refused(name):
    domains = networks.network_class(name).domains
    for domain, window in [("tabular", None), ("series", 24)]:
        if domain not in domains:
            # An estimator has no argument of this name, so none may be asked for.
            with pytest.raises(ValueError, match=rf"window={window}; it reads the [\w ,]+$"):
                networks.build(name, 5, 1, window)


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3"])
@pytest.mark.parametrize(
    ("name", "domain", "key"),
    [
        (*case.values, key)
        for case in CASES
        for key in ("n_features", "n_targets", "window")
        if key != "window" or case.values[1] == "series"
    ],
)
def test_counts_are_positive_integers(name, domain, key, value):
    arguments = {"n_features": 5, "n_targets": 1, "window": window_of(domain), key: value}
    message = f"{key} has to be an integer of at least 1, got {value!r}"
    with pytest.raises(ValueError, match=message):
        networks.build(name, **arguments)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("mlp", {"hidden_sizes": (8, 0)}, "hidden_sizes has to be an integer of at least 1, got 0"),
        ("mlp", {"dropout": 1.0}, "dropout has to be .* of at least 0 and below 1, got 1.0"),
        ("lstm", {"n_layers": 0}, "n_layers has to be an integer of at least 1, got 0"),
        ("lstm", {"dropout": -0.1}, "dropout has to be"),
        ("cnn", {"channels": ()}, "channels must name at least one convolution"),
        ("cnn", {"channels": (8, -1)}, "channels has to be an integer of at least 1, got -1"),
        ("cnn", {"kernel_size": 4}, "kernel_size must be odd, got 4"),
        ("cnn_lstm", {"channels": (3, 6)}, r"must name three convolutions, got \(3, 6\)"),
        ("cnn_lstm", {"hidden_sizes": (20, 0)}, "hidden_sizes has to be an integer of at least 1"),
        ("dlinear", {"kernel_size": 24}, "kernel_size must be odd, got 24"),
        ("transformer", {"width": 7, "n_heads": 7}, "width must be even, got 7"),
        ("transformer", {"width": 10, "n_heads": 4}, "width 10 must be a multiple of n_heads 4"),
        ("ft_transformer", {"n_heads": 5}, "width 192 must be a multiple of n_heads 5"),
        ("ft_transformer", {"attention_dropout": 2}, "dropout has to be"),
        ("xlstm", {"width": 30}, "multiple of n_heads, got 30 and 4"),
        ("xlstm", {"blocks": ("mlstm", "lstm")}, "blocks must name some of"),
    ],
)
def test_wrong_sizes_are_named(name, sizes, message):
    window = 24 if "series" in networks.network_class(name).domains else None
    with pytest.raises(ValueError, match=message):
        networks.build(name, 5, 1, window, **sizes)


def test_unknown_names_and_sizes_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown network 'mpl'; available: .*lstm, mlp, tabpfn"):
        networks.build("mpl", 3)
    with pytest.raises(TypeError, match=r"'mlp' has no size 'hidden'; it has: hidden_sizes"):
        networks.build("mlp", 3, hidden=(8,))


@pytest.mark.parametrize(
    ("name", "window", "n_weights"),
    [
        ("mlp", None, 21 * 128 + 129 * 64 + 65 * 32 + 33),
        ("lstm", 24, 4 * 64 * (20 + 64 + 2) + 4 * 64 * (64 + 64 + 2) + 65),
        ("dlinear", 24, 2 * 25),
        (
            "cnn_lstm",
            24,
            3 * 20 * 20
            + 6 * 3 * 10
            + 6 * 6 * 5  # filters without bias
            + 4 * 20 * (6 + 20 + 2)  # the LSTM
            + 21 * 20
            + 21 * 10
            + 11,
        ),
        (
            "ft_transformer",
            None,
            (20 + 21) * 192  # tokens and CLS
            + 2 * 4 * 193 * 192  # query, key, value, output
            + 2 * (193 * 512 + 257 * 192)  # ReGLU and back
            + (3 + 1) * 2 * 192  # normalisations
            + 193,
        ),
    ],
)
def test_default_sizes_are_the_published_ones(name, window, n_weights):
    net = networks.build(name, 20, 1, window)
    assert sum(parameter.numel() for parameter in net.parameters()) == n_weights


def test_the_mlp_flattens_windows_itself():
    net = networks.build("mlp", 3, 1, 4)
    x = torch.randn(5, 4, 3)
    assert torch.equal(net(x), net(x.flatten(1)))
