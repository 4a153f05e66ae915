"""The network that a denoiser trains: which one it is, and what it learns from which rows."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from denograd.networks import available, network_class
from denograd.rules import rules
from denograd.training import backbone
from denograd.training.building import make_network
from denograd.training.plan import TrainingPlan

from ..toys import DATA, SERIES, cheap, complete, series, table

NETWORKS = [
    (name, domain, rule)
    for name in available()
    if name != "tabpfn"  # needs a weights file: the tests of that network make one
    for domain in sorted(network_class(name).domains)
    for rule, cls in rules().items()
    if domain in cls.domains
]


@pytest.mark.parametrize(("name", "domain", "rule"), NETWORKS)
def test_every_network_serves_as_backbone_under_every_rule(name, domain, rule):
    X, y = DATA[domain](40)
    quick = {"backbone_epochs": 1, "max_epochs": 2, "domain": domain, "window_size": 6}
    denoiser = cheap(name, rule=complete(rule), **quick)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert not np.array_equal(refined_X, X)
    assert type(denoiser.backbone_.network).__module__ == f"denograd.networks.{name}"
    assert np.isfinite(refined_X).all()
    assert np.isfinite(refined_y).all()


@pytest.mark.parametrize(("domain", "expected"), [("tabular", "mlp"), ("series", "lstm")])
def test_auto_is_the_published_backbone(domain, expected):
    denoiser = cheap(domain=domain, window_size=6).fit(*DATA[domain](40))
    assert isinstance(denoiser.backbone_.network, network_class(expected))


def test_module_is_copied_and_left_alone():
    module = nn.Linear(3, 1).train()
    before = copy.deepcopy(module.state_dict())
    denoiser = cheap(module).fit(*table())
    assert denoiser.backbone_.network is not module
    assert not torch.equal(denoiser.backbone_.network.weight, module.weight)
    assert module.training
    assert all(torch.equal(module.state_dict()[key], value) for key, value in before.items())


def test_trained_module_is_used_as_it_is_without_epochs():
    module = nn.Linear(3, 1)
    denoiser = cheap(module, backbone_epochs=0).fit(*table())
    assert torch.equal(denoiser.backbone_.network.weight, module.weight)


def test_factory_is_told_the_shape_and_seeded():
    asked = []

    def build(n_features, n_targets, window):
        asked.append((n_features, n_targets, window))
        return nn.Sequential(nn.Flatten(), nn.Linear(n_features * window, n_targets))

    weights = [cheap(build, **SERIES).fit(*series()).backbone_.network[1].weight for _ in range(2)]
    assert asked == [(2, 1, 6)] * 2
    assert torch.equal(*weights)


def test_what_is_no_backbone_is_refused():
    with pytest.raises(TypeError, match="name of a network, a torch module or a callable"):
        make_network(3, 2, None)
    with pytest.raises(TypeError, match="must return a torch module, got NoneType"):
        make_network(lambda *shape: None, 2, None)


def test_network_that_learns_in_context_is_shown_the_rows():
    class Nearest(nn.Module):
        """Predict a smooth average of the targets that were shown."""

        def set_context(self, X, y):
            self.rows, self.targets = X, y

        def forward(self, x):
            weights = torch.softmax(-(torch.cdist(x, self.rows) ** 2), dim=1)
            return weights @ self.targets[:, None]

    X, y = table()
    denoiser = cheap(Nearest()).fit(X[:50], y[:50])
    assert denoiser.backbone_.history.n_epochs == 0
    assert len(denoiser.backbone_.network.rows) == 50, "it needs no part to stop early on"
    refined_X, _ = denoiser.denoise(X, y)
    assert not np.array_equal(refined_X, X)


@pytest.mark.parametrize("name", [n for n in available() if n not in ("dlinear", "tabpfn")])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_width_scales_every_layer(name, factor):
    window = None if "tabular" in network_class(name).domains else 8
    published, scaled = (make_network(name, 3, window, width) for width in (1.0, factor))
    pairs = list(zip(published.parameters(), scaled.parameters(), strict=True))
    assert pairs
    data_sizes = {1, 3}  # of the inputs and of the target
    for one, other in pairs:
        for size, got in zip(one.shape, other.shape, strict=True):
            # Two, because layers that are derived from the width are rounded too.
            assert got == size or abs(got - factor * size) <= 2 or size in data_sizes
    n_weights, n_scaled = (sum(w.numel() for w in side) for side in zip(*pairs, strict=True))
    assert (n_scaled > n_weights) == (factor > 1)


def test_width_of_the_published_perceptron():
    network = make_network("mlp", 3, None, 0.25)
    widths = [layer.out_features for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert widths == [32, 16, 8, 1]


def test_without_early_stopping_the_same_rows_are_trained_on_to_the_end(monkeypatch):
    asked = []
    real = backbone.train_network

    def spy(network, X, y, X_val, y_val, **options):
        asked.append((X.copy(), y.copy(), X_val.copy()))
        return real(network, X, y, X_val, y_val, **options)

    monkeypatch.setattr(backbone, "train_network", spy)
    X, y = table()
    y = np.random.default_rng(1).normal(size=len(y))  # nothing to learn: stops at once
    options = {"backbone_epochs": 30, "patience": 1, "learning_rate": 0.01}
    early, late = (
        cheap(early_stopping=stops, **options).fit(X, y).backbone_.history
        for stops in (True, False)
    )
    for one, other in zip(*asked, strict=True):
        np.testing.assert_array_equal(one, other)
    assert early.n_epochs < late.n_epochs == late.best_epoch == 30
    assert late.loss[: early.n_epochs] == early.loss


def test_validation_rows_stop_the_training():
    X, y = table()
    X_val, y_val = table(seed=1)
    denoiser = cheap(backbone_epochs=40, patience=2)
    plain = denoiser.fit(X, y, X_val, y_val).backbone_.history
    misled = denoiser.fit(X, y, X_val, -y_val).backbone_.history
    assert misled.n_epochs < plain.n_epochs


def test_own_stopping_part_of_a_series_is_its_end(monkeypatch):
    seen = []
    train = backbone.train_network

    def spy(network, inputs, targets, stop_inputs, stop_targets, **options):
        seen.append((inputs.starts.numpy(), stop_inputs.starts.numpy(), targets, stop_targets))
        return train(network, inputs, targets, stop_inputs, stop_targets, **options)

    monkeypatch.setattr(backbone, "train_network", spy)
    X, y = series(106)
    cheap(standardize=False, **SERIES).fit(X, y)
    starts, stopping, targets, stop_targets = seen[0]
    np.testing.assert_array_equal(starts, np.arange(88))  # 100 windows, an eighth of them last
    np.testing.assert_array_equal(stopping, np.arange(88, 100))
    np.testing.assert_allclose(targets, y[6:94], rtol=1e-6)
    np.testing.assert_allclose(stop_targets, y[94:], rtol=1e-6)
    cheap(standardize=False, **SERIES).fit(X, y, X[-20:], y[-20:])
    starts, stopping, _, stop_targets = seen[1]
    assert (len(starts), len(stopping)) == (100, 14)
    np.testing.assert_allclose(stop_targets, y[-14:], rtol=1e-6)


@pytest.mark.parametrize("domain", DATA)
def test_the_backbone_remembers_the_rows_that_it_stopped_early_on(domain):
    X, y = DATA[domain]()
    denoiser = cheap(domain=domain, random_state=None, window_size=6)
    fitted = denoiser.fit(X, y).backbone_
    rows = fitted.validation_rows
    assert len(set(rows)) == len(rows) == {"tabular": 8, "series": 9}[domain]
    mse = np.mean((y - denoiser.predict_target(X))[rows] ** 2) / y.var()
    assert mse == pytest.approx(min(fitted.history.validation_loss), rel=1e-4)
    assert denoiser.fit(X, y, X, y).backbone_.validation_rows is None


def test_windows_avoid_rows_that_may_not_be_used():
    plan = TrainingPlan("lstm", True, 1, 1, 1, 0.1, 0.1, 3, 2, 0, "cpu")
    usable = np.ones(14, dtype=bool)
    usable[6] = False
    # A window of 3 steps with horizon 2 takes 5 steps: 0-4, 1-5, then 7-11, 8-12, 9-13.
    np.testing.assert_array_equal(plan.examples(usable), [0, 1, 7, 8, 9])
    assert plan.examples(usable[:4]).size == plan.examples(np.zeros(9, dtype=bool)).size == 0


@pytest.mark.parametrize(
    ("n_steps", "n_val", "message"),
    [
        (7, None, r"X and y hold 1 window\(s\), at least 2 .* takes a series of 8 steps"),
        (5, None, r"hold 0 window\(s\)"),
        (6, 20, r"X and y hold 0 window\(s\), at least 1 .* series of 7 steps"),
        (20, 6, r"X_val and y_val hold 0 window\(s\).*early stopping"),
    ],
)
def test_too_short_a_series_is_told_its_length(n_steps, n_val, message):
    validation = () if n_val is None else series(n_val)
    with pytest.raises(ValueError, match=message):
        cheap(**SERIES).fit(*series(n_steps), *validation)


@pytest.mark.parametrize("part", ["X", "y"])
def test_values_that_single_precision_cannot_hold_are_refused_unless_standardised(part):
    X, y = table()
    X, y = (X * 1e100, y) if part == "X" else (X, y * 1e100)
    with pytest.raises(ValueError, match=rf"{part} holds values above 3.*standardize=True"):
        cheap(standardize=False).fit(X, y)
    assert np.isfinite(cheap().fit_resample(X, y)[0]).all()
