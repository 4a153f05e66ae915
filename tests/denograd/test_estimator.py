"""DenoGrad behind scikit-learn's door."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import Pipeline
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

import baselines
from denograd import DenoGrad, DenoGradDenoiser, GaussNewton, Global, Normalized
from denograd import estimator as estimator_module
from denograd.history import OscillationWarning
from denograd.networks import available, network_class
from denograd.rules import rules
from denograd.training import backbone as backbone_module
from denograd.training.backbone import TrainingPlan, examples, make_network

CHEAP = {"backbone_epochs": 3, "max_epochs": 5, "random_state": 0, "device": "cpu"}
SERIES = {"domain": "series", "window_size": 6}


def of(name: str, **arguments: object) -> dict[str, object]:
    """A rule as YAML says it."""
    return {"name": name, **arguments}


def table(n_rows: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    return X, X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=n_rows)


def series(n_steps: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    time = np.arange(n_steps)[:, None]
    X = np.sin(time / [3.0, 5.0] + [0.0, 1.0]) + 0.1 * rng.normal(size=(n_steps, 2))
    return X, X[:, 0].copy()


class StayPut(nn.Module):
    """Predict the first channel of the last step of a window."""

    def forward(self, windows):
        return windows[:, -1, :1]


# scikit-learn's checks


NOT_APPLICABLE = {
    "check_array_api_input": "every container that is no DataFrame is converted to NumPy",
}


@parametrize_with_checks(
    [DenoGradDenoiser(**CHEAP), *(cls() for cls in baselines.discover().values())],
    expected_failed_checks=lambda estimator: NOT_APPLICABLE,
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    # Checks of predict, transform and the like pass without running: there are no such methods.
    # What they ask of those is asked of `denoise` by the contract tests of the baselines.
    cheap = {key: value for key, value in CHEAP.items() if key in estimator.get_params()}
    check(estimator.set_params(**cheap))


# refinement


def test_equals_denograd_with_the_trained_network():
    X, y = table()
    denoiser = DenoGradDenoiser(standardize=False, **CHEAP)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    expected_X, expected_y, _, _ = DenoGrad(
        denoiser.backbone_.network, nn.MSELoss(), "cpu"
    ).fit_transform(
        X.astype(np.float32), y.astype(np.float32), nrr=0.01, nr_threshold=0.1, max_epochs=5
    )
    np.testing.assert_allclose(refined_X, expected_X, atol=1e-6)
    np.testing.assert_allclose(refined_y, expected_y, atol=1e-6)
    assert np.abs(refined_X - X).max() > 1e-3


def test_series_equals_denograd_with_the_trained_network():
    X, y = series()
    denoiser = DenoGradDenoiser(standardize=False, horizon=2, **SERIES, **CHEAP)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    expected_X, expected_y, _, _ = DenoGrad(
        denoiser.backbone_.network, nn.MSELoss(), "cpu"
    ).fit_transform(
        X.astype(np.float32),
        y.astype(np.float32),
        is_ts=True,
        window_size=6,
        future=2,
        nrr=0.01,
        nr_threshold=0.1,
        max_epochs=5,
    )
    np.testing.assert_allclose(refined_X, expected_X, atol=1e-6)
    np.testing.assert_allclose(refined_y, expected_y, atol=1e-6)


def test_refines_towards_the_clean_values():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(1000, 2))
    clean = np.sin(X[:, 0]) * 2 + X[:, 1] ** 2
    noisy = clean + rng.normal(scale=0.5, size=1000)
    _, refined = DenoGradDenoiser(
        random_state=0, device="cpu", backbone_epochs=60, nr_threshold=0.01
    ).fit_resample(X, noisy)
    assert np.mean((refined - clean) ** 2) < 0.8 * np.mean((noisy - clean) ** 2)


def test_results_do_not_depend_on_units_when_standardised():
    X, y = table()
    scale, shift = np.array([1e3, 1.0, 1e-4]), np.array([-5.0, 100.0, 0.0])
    refined_X, refined_y = DenoGradDenoiser(**CHEAP).fit_resample(X, y)
    scaled_X, scaled_y = DenoGradDenoiser(**CHEAP).fit_resample(X * scale + shift, 50 * y - 7)
    np.testing.assert_allclose((scaled_X - shift) / scale, refined_X, atol=1e-4)
    np.testing.assert_allclose((scaled_y + 7) / 50, refined_y, atol=1e-4)
    assert np.abs(refined_X - X).max() > 1e-3


def test_rows_at_rest_are_exactly_as_they_were():
    X, y = table()
    denoiser = DenoGradDenoiser(nr_threshold=0.5, **CHEAP).fit(X, y)
    refined_X, refined_y = denoiser.denoise(X, y)
    resting = (refined_X == X).all(axis=1)
    assert 0 < resting.sum() < len(y)
    np.testing.assert_array_equal(refined_y[resting], y[resting])


def test_target_stays_when_asked():
    X, y = table()
    refined_X, refined_y = DenoGradDenoiser(refine="X", **CHEAP).fit_resample(X, y)
    np.testing.assert_array_equal(refined_y, y)
    assert not np.array_equal(refined_X, X)


def test_batch_size_does_not_change_the_result():
    X, y = table()
    expected = DenoGradDenoiser(**CHEAP).fit_resample(X, y)
    found = DenoGradDenoiser(batch_size=7, **CHEAP).fit_resample(X, y)
    for part, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(part, wanted, atol=1e-6)


# rules


@pytest.mark.parametrize(
    ("rule", "given", "made"),
    [
        ("normalized", {}, Normalized(nrr=0.01, nr_threshold=0.1, max_epochs=150)),
        ("normalized", {"nrr": 0.2}, Normalized(nrr=0.2, nr_threshold=0.1, max_epochs=150)),
        (of("normalized"), {}, Normalized(nrr=0.01, nr_threshold=0.1, max_epochs=150)),
        (
            of("normalized", consensus="last", nrr=0.3),
            {"max_epochs": 9},
            Normalized(nrr=0.3, nr_threshold=0.1, max_epochs=9, consensus="last"),
        ),
        (Normalized(nrr=0.3), {}, Normalized(nrr=0.3)),
        ("gauss-newton", {}, GaussNewton()),
        ("gauss-newton", {"nr_threshold": 0.0}, GaussNewton(nr_threshold=0.0)),
        (of("gauss-newton", eta_x=0.0, eta_y=None), {}, GaussNewton(eta_x=0.0)),
        (
            of("gauss-newton", consensus="last"),
            {"nrr": 0.1},
            GaussNewton(nrr=0.1, consensus="last"),
        ),
        (of("global", lam=2.0, lr=0.1, tol=0.0), {}, Global(lam=2.0, lr=0.1, tol=0.0)),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::denograd.history.OscillationWarning")
def test_rule_is_told_what_was_given_and_what_was_published(monkeypatch, rule, given, made):
    seen = []

    class Spy(DenoGrad):
        def transform(self, **arguments):
            seen.append((self.rule, sorted(arguments)))
            return super().transform(save_gradients=False)

    monkeypatch.setattr(estimator_module, "DenoGrad", Spy)
    DenoGradDenoiser(
        StayPut(), rule=rule, device="cpu", backbone_epochs=0, **given, **SERIES
    ).fit_resample(*series(30))
    ((rule, told),) = seen
    assert rule == made
    assert told == ["batch_size", "progress", "refine", "save_gradients", "snapshots"]


def test_options_of_the_refinement_are_those_of_denograd():
    X, y = series()
    options = {"consensus": "last", "normalization": "separate"}
    denoiser = DenoGradDenoiser(
        standardize=False, rule=of("normalized", **options), refine="X", **SERIES, **CHEAP
    ).fit(X, y)
    refined_X, refined_y = denoiser.denoise(X, y)
    X, y = X.astype(np.float32), y.astype(np.float32)
    core = DenoGrad(denoiser.backbone_.network, nn.MSELoss(), "cpu")
    core.fit(X, y, is_ts=True, window_size=6, channels_first=False)
    expected, *_ = core.transform(0.01, 0.1, 5, refine="X", **options)
    np.testing.assert_allclose(refined_X, expected, atol=1e-6)
    np.testing.assert_allclose(refined_y, y, atol=1e-6)
    assert not np.allclose(refined_X, X, atol=1e-3)


@pytest.mark.parametrize(
    ("instance", "named"),
    [
        (GaussNewton(nrr=0.4, eta_y=0.1, max_epochs=5), of("gauss-newton", nrr=0.4, eta_y=0.1)),
        (
            Normalized(nrr=0.05, nr_threshold=0.2, max_epochs=5),
            of("normalized", nrr=0.05, nr_threshold=0.2),
        ),
    ],
    ids=["gauss-newton", "normalized"],
)
def test_a_rule_given_as_an_instance_equals_the_same_by_name_and_is_cloned(instance, named):
    X, y = table()
    by_name = DenoGradDenoiser(rule=named, **CHEAP)
    quick = {key: value for key, value in CHEAP.items() if key != "max_epochs"}
    by_instance = DenoGradDenoiser(rule=instance, **quick)
    for denoiser in (by_instance, clone(by_instance), clone(by_name)):
        for found, wanted in zip(
            denoiser.fit_resample(X, y), by_name.fit_resample(X, y), strict=True
        ):
            np.testing.assert_array_equal(found, wanted)
    assert clone(by_instance).rule == instance


def test_a_mistyped_argument_of_a_rule_is_named():
    denoiser = DenoGradDenoiser(rule=of("gauss-newton", eta_z=0.1))
    with pytest.raises(TypeError, match="no argument 'eta_z' of a rule; those of 'gauss-newton'"):
        denoiser.check_config()


@pytest.mark.parametrize("cv", [None, 2])
@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_numbers_of_iterations_come_from_one_run(monkeypatch, domain, cv):
    X, y = table() if domain == "tabular" else series()
    options = {**CHEAP, "domain": domain, "window_size": 6, "cv": cv}
    numbers = [3, 12, 7]
    runs, real = [], DenoGrad.transform

    def spy(self, **arguments):
        runs.append(self.rule.max_epochs)
        return real(self, **arguments)

    expected = [
        DenoGradDenoiser(**{**options, "max_epochs": n}).fit_resample(X, y) for n in numbers
    ]
    monkeypatch.setattr(DenoGrad, "transform", spy)
    cache = {}
    for number, alone in zip(numbers, expected, strict=True):
        denoiser = DenoGradDenoiser(**{**options, "max_epochs": number})
        refined = denoiser.share(cache, epochs=[7, 12]).fit_resample(X, y)
        for ours, theirs in zip(refined, alone, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert runs == [12] * (cv or 1)
    assert not np.array_equal(expected[0][1], expected[1][1])


def test_other_settings_or_rows_do_not_share_a_run():
    X, y = table()
    cache = {}
    first = DenoGradDenoiser(**CHEAP).share(cache, [5]).fit(X, y)
    for other in (
        {"nrr": 0.2},
        {"rule": of("normalized", normalization="separate")},
        {"refine": "X"},
        {"random_state": 1},
        {"learning_rate": 0.1},
    ):
        denoiser = DenoGradDenoiser(**{**CHEAP, **other}).share(cache, [5])
        refined_X, _ = denoiser.fit_resample(X, y)
        assert not np.array_equal(refined_X, first.denoise(X, y)[0])
    rows = slice(20, 60)
    alone = DenoGradDenoiser(**CHEAP).fit(X, y).denoise(X[rows], y[rows])
    np.testing.assert_array_equal(first.denoise(X[rows], y[rows])[0], alone[0])


def test_what_is_shared_belongs_to_the_object_alone():
    cache = {}
    denoiser = DenoGradDenoiser(**CHEAP).share(cache, [7]).fit(*table())
    assert len(cache) == 1
    for other in (clone(denoiser), pickle.loads(pickle.dumps(denoiser))):
        other.fit_resample(*table())
    assert len(cache) == 1
    denoiser.denoise(*table())
    assert len(cache) == 2


@pytest.mark.parametrize("epochs", [[0], [5, 2.5]])
def test_numbers_of_iterations_to_share_are_checked(epochs):
    with pytest.raises(ValueError, match="each of epochs has to be an integer of at least 1"):
        DenoGradDenoiser().share({}, epochs)


@pytest.mark.parametrize("domain", ["tabular", "series"])
@pytest.mark.parametrize("rule", rules())
def test_every_rule_refines_what_it_is_for(rule, domain):
    X, y = table() if domain == "tabular" else series()
    denoiser = DenoGradDenoiser(rule=rule, domain=domain, window_size=6, **CHEAP)
    if {"tabular": "table"}.get(domain, domain) not in rules()[rule].domains:
        with pytest.raises(ValueError, match=f"rule '{rule}' cannot refine {domain} data"):
            denoiser.fit(X, y)
        return
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert not np.array_equal(refined_X, X)
    assert not np.array_equal(refined_y, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"rule": "newest"}, "no rule 'newest'"),
        ({"rule": of("newest")}, "no rule 'newest'"),
        ({"rule": {"eta_x": 2.0}}, "needs the key 'name', got {'eta_x': 2.0}"),
        ({"rule": of("normalized", eta_x=2.0)}, "eta_x has no effect under the rule 'normalized'"),
        ({"rule": of("normalized", nrr=0.1), "nrr": 0.1}, "nrr is given twice"),
        (
            {"rule": GaussNewton(), "nrr": 0.1, "max_epochs": 3},
            "nrr, max_epochs has no effect beside an instance .* an argument of GaussNewton",
        ),
        ({"rule": Normalized(consensus="sum")}, "consensus has no effect .* on a table"),
        ({"rule": "global", "nrr": 0.1, **SERIES}, "nrr has no effect under the rule 'global'"),
        ({"nrr": -1.0}, "nrr"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"batch_size": 0}, "batch_size has to be an integer of at least 1"),
        ({"cv": 1}, "cv has to be an integer of at least 2, got 1"),
        ({"backbone": "mpl"}, "backbone has to be one of 'auto', .*'mlp'.*got 'mpl'"),
        ({"domain": "images"}, "domain has to be one of .*got 'images'"),
        ({"domain": "series", "window_size": 0}, "window_size has to be an integer of at least 1"),
        ({"domain": "series", "horizon": 0}, "horizon has to be an integer of at least 1"),
        ({"validation_fraction": 1.0}, "validation_fraction has to be .* above 0 and below 1"),
        ({"learning_rate": 0.0}, "learning_rate has to be a finite number above 0"),
        ({"backbone_epochs": -1}, "backbone_epochs has to be an integer of at least 0"),
        ({"patience": 0}, "patience has to be an integer of at least 1"),
        ({"backbone_batch_size": 0}, "backbone_batch_size has to be an integer of at least 1"),
        ({"backbone_width": 0.0}, "backbone_width has to be a finite number above 0, got 0.0"),
        ({"backbone_width": 2.0, "backbone": "dlinear", **SERIES}, "'dlinear' has no width to"),
        ({"backbone_width": 2.0, "backbone": nn.Linear(3, 1)}, "scales networks that are named"),
        ({"refine": "Y"}, "refine has to be one of 'both', 'X', 'y', got 'Y'"),
        ({"rule": of("normalized", consensus="sum")}, "consensus has no effect .* on a table"),
        (
            {"rule": of("normalized", normalization="each"), **SERIES},
            "normalization has to be one of 'joint', 'separate'",
        ),
        (
            {"rule": of("gauss-newton", normalization="joint")},
            "normalization has no effect under the rule 'gauss-newton'",
        ),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused_before_anything_is_trained(monkeypatch, params, message):
    monkeypatch.setattr(estimator_module, "train_backbone", None)
    with pytest.raises(ValueError, match=message):
        DenoGradDenoiser(**params).fit(*series())


# backbones


NETWORKS = [
    (name, domain, rule)
    for name in available()
    if name != "tabpfn"  # needs a weights file: the tests of that network make one
    for domain in sorted(network_class(name).domains)
    for rule, cls in rules().items()
    if {"tabular": "table"}.get(domain, domain) in cls.domains
]


@pytest.mark.parametrize(("name", "domain", "rule"), NETWORKS)
def test_every_network_serves_as_backbone_under_every_rule(name, domain, rule):
    X, y = table(40) if domain == "tabular" else series(40)
    cheap = {**CHEAP, "backbone_epochs": 1, "max_epochs": 2}
    denoiser = DenoGradDenoiser(name, rule=rule, domain=domain, window_size=6, **cheap)
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert not np.array_equal(refined_X, X)
    assert type(denoiser.backbone_.network).__module__ == f"denograd.networks.{name}"
    assert np.isfinite(refined_X).all()
    assert np.isfinite(refined_y).all()


@pytest.mark.parametrize(("domain", "expected"), [("tabular", "mlp"), ("series", "lstm")])
def test_auto_is_the_published_backbone(domain, expected):
    X, y = table(40) if domain == "tabular" else series(40)
    denoiser = DenoGradDenoiser(domain=domain, window_size=6, **CHEAP).fit(X, y)
    assert isinstance(denoiser.backbone_.network, network_class(expected))


def test_module_is_copied_and_left_alone():
    module = nn.Linear(3, 1).train()
    before = copy.deepcopy(module.state_dict())
    denoiser = DenoGradDenoiser(module, **CHEAP).fit(*table())
    assert denoiser.backbone_.network is not module
    assert not torch.equal(denoiser.backbone_.network.weight, module.weight)
    assert module.training
    assert all(torch.equal(module.state_dict()[key], value) for key, value in before.items())


def test_trained_module_is_used_as_it_is_without_epochs():
    module = nn.Linear(3, 1)
    denoiser = DenoGradDenoiser(module, backbone_epochs=0, device="cpu").fit(*table())
    assert torch.equal(denoiser.backbone_.network.weight, module.weight)


def test_factory_is_told_the_shape_and_seeded():
    asked = []

    def build(n_features, n_targets, window):
        asked.append((n_features, n_targets, window))
        return nn.Sequential(nn.Flatten(), nn.Linear(n_features * window, n_targets))

    weights = [
        DenoGradDenoiser(build, **SERIES, **CHEAP).fit(*series()).backbone_.network[1].weight
        for _ in range(2)
    ]
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
    denoiser = DenoGradDenoiser(Nearest(), **CHEAP).fit(X[:100], y[:100])
    assert denoiser.backbone_.history.n_epochs == 0
    assert len(denoiser.backbone_.network.rows) == 100, "it needs no part to stop early on"
    refined_X, _ = denoiser.denoise(X, y)
    assert not np.array_equal(refined_X, X)


# what is learnt from which rows


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
    real = backbone_module.train_network

    def spy(network, X, y, X_val, y_val, **options):
        asked.append((X.copy(), y.copy(), X_val.copy()))
        return real(network, X, y, X_val, y_val, **options)

    monkeypatch.setattr(backbone_module, "train_network", spy)
    X, y = table()
    y = np.random.default_rng(1).normal(size=len(y))  # nothing to learn: stops at once
    options = {**CHEAP, "backbone_epochs": 30, "patience": 1, "learning_rate": 0.01}
    early = DenoGradDenoiser(**options).fit(X, y)
    late = DenoGradDenoiser(early_stopping=False, **options).fit(X, y)
    for one, other in zip(*asked, strict=True):
        np.testing.assert_array_equal(one, other)
    histories = early.backbone_.history, late.backbone_.history
    assert histories[0].n_epochs < histories[1].n_epochs == histories[1].best_epoch == 30
    n_epochs = histories[0].n_epochs
    assert histories[1].loss[:n_epochs] == histories[0].loss


def test_validation_rows_stop_the_training():
    X, y = table()
    X_val, y_val = table(seed=1)
    denoiser = DenoGradDenoiser(**{**CHEAP, "backbone_epochs": 40}, patience=2)
    plain = denoiser.fit(X, y, X_val, y_val).backbone_.history
    misled = denoiser.fit(X, y, X_val, -y_val).backbone_.history
    assert misled.n_epochs < plain.n_epochs


def test_own_stopping_part_of_a_series_is_its_end(monkeypatch):
    seen = []
    train = estimator_module.train_backbone.__globals__["train_network"]

    def spy(network, inputs, targets, stop_inputs, stop_targets, **options):
        seen.append((inputs.starts.numpy(), stop_inputs.starts.numpy(), targets, stop_targets))
        return train(network, inputs, targets, stop_inputs, stop_targets, **options)

    monkeypatch.setitem(estimator_module.train_backbone.__globals__, "train_network", spy)
    X, y = series(106)
    DenoGradDenoiser(standardize=False, **SERIES, **CHEAP).fit(X, y)
    starts, stopping, targets, stop_targets = seen[0]
    np.testing.assert_array_equal(starts, np.arange(88))  # 100 windows, an eighth of them last
    np.testing.assert_array_equal(stopping, np.arange(88, 100))
    np.testing.assert_allclose(targets, y[6:94], rtol=1e-6)
    np.testing.assert_allclose(stop_targets, y[94:], rtol=1e-6)
    DenoGradDenoiser(standardize=False, **SERIES, **CHEAP).fit(X, y, X[-20:], y[-20:])
    starts, stopping, _, stop_targets = seen[1]
    assert (len(starts), len(stopping)) == (100, 14)
    np.testing.assert_allclose(stop_targets, y[-14:], rtol=1e-6)


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_the_backbone_remembers_the_rows_that_it_stopped_early_on(domain):
    X, y = table() if domain == "tabular" else series()
    denoiser = DenoGradDenoiser(domain=domain, **{**CHEAP, "random_state": None}, window_size=6)
    backbone = denoiser.fit(X, y).backbone_
    rows = backbone.validation_rows
    assert len(set(rows)) == len(rows) == {"tabular": 15, "series": 14}[domain]
    mse = np.mean((y - denoiser.predict_target(X))[rows] ** 2) / y.var()
    assert mse == pytest.approx(min(backbone.history.validation_loss), rel=1e-4)
    assert denoiser.fit(X, y, X, y).backbone_.validation_rows is None


def test_windows_avoid_rows_that_may_not_be_used():
    plan = TrainingPlan("lstm", True, 1, 1, 1, 0.1, 0.1, 3, 2, 0, "cpu")
    usable = np.ones(14, dtype=bool)
    usable[6] = False
    # A window of 3 steps with horizon 2 takes 5 steps: 0-4, 1-5, then 7-11, 8-12, 9-13.
    np.testing.assert_array_equal(examples(plan, usable), [0, 1, 7, 8, 9])
    assert examples(plan, usable[:4]).size == examples(plan, np.zeros(9, dtype=bool)).size == 0


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
        DenoGradDenoiser(**SERIES, **CHEAP).fit(*series(n_steps), *validation)


# cross-fitting


@pytest.fixture
def trainings(monkeypatch):
    """The row masks of all backbones that are trained."""
    masks = []
    train = estimator_module.train_backbone

    def spy(plan, X, y, *data, rows=None, **options):
        masks.append(np.ones(len(y), dtype=bool) if rows is None else rows)
        return train(plan, X, y, *data, rows=rows, **options)

    monkeypatch.setattr(estimator_module, "train_backbone", spy)
    return masks


def test_each_fold_of_a_table_is_refined_by_a_backbone_that_has_not_seen_it(trainings):
    X, y = table(103)
    denoiser = DenoGradDenoiser(cv=4, **CHEAP)
    refined_X, _ = denoiser.fit_resample(X, y)
    whole, *folds = trainings
    assert whole.all(), "`denoise` refines new rows with a backbone trained on all"
    assert sorted(np.sum(~np.array(folds), axis=1)) == [25, 26, 26, 26]
    np.testing.assert_array_equal(np.sum(~np.array(folds), axis=0), 1)
    first = np.flatnonzero(~folds[0])
    assert not np.array_equal(first, np.arange(len(first))), "folds are drawn at random"
    assert not np.allclose(refined_X, denoiser.denoise(X, y)[0])


def test_a_fold_is_refined_as_its_backbone_alone_would(trainings):
    X, y = table()
    changed_X, changed_y = X.copy(), y.copy()
    refined_X, refined_y = DenoGradDenoiser(cv=3, **CHEAP).fit_resample(X, y)
    fold = np.flatnonzero(~trainings[1])
    changed_X[fold[0]] += 50.0
    changed_y[fold[0]] -= 50.0
    other_X, other_y = DenoGradDenoiser(cv=3, **CHEAP).fit_resample(changed_X, changed_y)
    np.testing.assert_array_equal(other_X[fold[1:]], refined_X[fold[1:]])
    np.testing.assert_array_equal(other_y[fold[1:]], refined_y[fold[1:]])
    outside = np.setdiff1d(np.arange(len(y)), fold)
    assert not np.allclose(other_X[outside], refined_X[outside])


def test_folds_of_a_series_are_contiguous_with_a_gap_of_one_window(trainings):
    X, y = series(90)
    refined_X, refined_y = DenoGradDenoiser(cv=3, horizon=2, **SERIES, **CHEAP).fit_resample(X, y)
    _, *folds = trainings
    gap = 6 + 2 - 1
    unseen = [np.flatnonzero(~fold) for fold in folds]
    for found, (first, stop) in zip(unseen, [(0, 37), (23, 67), (53, 90)], strict=True):
        np.testing.assert_array_equal(found, np.arange(first, stop))
    assert (unseen[1][0], unseen[1][-1]) == (30 - gap, 59 + gap)
    np.testing.assert_array_equal(refined_y[:gap], y[:gap])  # nothing predicts the first steps
    assert (refined_y[gap:] != y[gap:]).mean() > 0.5
    assert (refined_X != X).any(axis=1).mean() > 0.5


def test_rows_around_a_boundary_of_folds_are_refined_with_context():
    X, y = series(90)
    _, refined_y = DenoGradDenoiser(
        nn.Sequential(nn.Flatten(), nn.Linear(12, 1)), cv=3, nr_threshold=0.0, **SERIES, **CHEAP
    ).fit_resample(X, y)
    for boundary in (30, 60):
        around = slice(boundary - 6, boundary + 6)
        assert (refined_y[around] != y[around]).all()


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_cross_fitting_is_repeatable_and_keeps_containers(domain):
    X, y = table(60) if domain == "tabular" else series(60)
    index = np.arange(100, 160)
    frame, target = pd.DataFrame(X, index=index).add_prefix("c"), pd.Series(y, index, name="t")
    denoiser = DenoGradDenoiser(cv=2, domain=domain, window_size=6, **CHEAP)
    refined_X, refined_y = denoiser.fit_resample(frame, target)
    again_X, again_y = clone(denoiser).fit_resample(frame, target)
    pd.testing.assert_frame_equal(refined_X, again_X)
    pd.testing.assert_series_equal(refined_y, again_y)
    assert list(refined_X.columns) == list(frame.columns)
    assert refined_y.index.equals(target.index)


def test_folds_are_not_all_drawn_alike():
    first, second = (
        DenoGradDenoiser(cv=2, **{**CHEAP, "random_state": seed})._folds(40) for seed in (0, 1)
    )
    assert not np.array_equal(first[0], second[0])


def test_folds_that_leave_nothing_to_learn_from_are_refused():
    with pytest.raises(ValueError, match=r"X and y hold 0 window\(s\)"):
        DenoGradDenoiser(cv=2, **SERIES, **CHEAP).fit_resample(*series(14))


def test_more_folds_than_rows_are_refused():
    with pytest.raises(ValueError, match="cv=9 folds need at least 9 rows, got 5"):
        DenoGradDenoiser(cv=9, **CHEAP).fit_resample(*table(5))


# in a pipeline


class Recorder(RegressorMixin, BaseEstimator):
    """Ridge that remembers what it was trained and asked on."""

    trained, asked = [], []

    def fit(self, X, y):
        self.trained.append((X, y))
        self.ridge_ = Ridge().fit(X, y)
        return self

    def predict(self, X):
        self.asked.append(X)
        return self.ridge_.predict(X)


@pytest.mark.parametrize("cv", [None, 2])
def test_cross_validation_refines_training_folds_only(monkeypatch, cv):
    monkeypatch.setattr(Recorder, "trained", [])
    monkeypatch.setattr(Recorder, "asked", [])
    X, y = table()
    pipeline = Pipeline([("denoise", DenoGradDenoiser(cv=cv, **CHEAP)), ("model", Recorder())])
    scores = cross_val_score(pipeline, X, y, cv=KFold(3))
    assert scores.shape == (3,)
    for (train, test), (X_train, y_train), X_test in zip(
        KFold(3).split(X), Recorder.trained, Recorder.asked, strict=True
    ):
        expected_X, expected_y = DenoGradDenoiser(cv=cv, **CHEAP).fit_resample(X[train], y[train])
        np.testing.assert_array_equal(X_train, expected_X)
        np.testing.assert_array_equal(y_train, expected_y)
        np.testing.assert_array_equal(X_test, X[test])


def test_pipeline_with_a_scaler_and_a_search_over_parameters():
    X, y = table(60)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    pipeline = Pipeline(
        [
            ("scale", StandardScaler().set_output(transform="pandas")),
            ("denoise", DenoGradDenoiser(standardize=False, **CHEAP)),
            ("model", LinearRegression()),
        ]
    )
    search = GridSearchCV(pipeline, {"denoise__nrr": [0.01, 0.05]}, cv=2).fit(frame, pd.Series(y))
    assert search.predict(frame).shape == (60,)
    assert search.best_params_["denoise__nrr"] in (0.01, 0.05)


def test_fitted_pipeline_pickles():
    X, y = table(60)
    pipeline = Pipeline([("denoise", DenoGradDenoiser(**CHEAP)), ("model", Ridge())]).fit(X, y)
    revived = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(revived.predict(X), pipeline.predict(X))


# state


def test_fitted_network_rests_on_the_cpu_in_eval_mode():
    denoiser = DenoGradDenoiser(**CHEAP).fit(*table())
    network = denoiser.backbone_.network
    before = copy.deepcopy(network.state_dict())
    denoiser.denoise(*table(seed=2))
    assert not network.training
    assert {weight.device.type for weight in network.parameters()} == {"cpu"}
    assert all(torch.equal(network.state_dict()[key], value) for key, value in before.items())


def test_quiet_unless_asked(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", OscillationWarning)
        DenoGradDenoiser(**CHEAP).fit_resample(*table())
    assert capsys.readouterr() == ("", "")


class Dataset:
    name = "wave"

    def __init__(self, domain):
        self.domain = domain


@pytest.mark.parametrize(
    ("params", "domain", "reason"),
    [
        ({}, "tabular", None),
        ({}, "series", None),
        ({"backbone": "lstm"}, "tabular", "backbone 'lstm' is for series data; wave is tabular"),
        ({"backbone": "ft_transformer"}, "series", "'ft_transformer' is for tabular data"),
        ({"backbone": nn.Linear(2, 1)}, "series", None),
        ({"rule": "global"}, "tabular", "rule 'global' does not refine tabular data"),
        ({"rule": "global"}, "series", None),
        ({"rule": of("global", lam=0.1)}, "tabular", "rule 'global' does not refine tabular data"),
        (
            {"rule": of("normalized", consensus="sum")},
            "tabular",
            "consensus is for series; wave is tabular",
        ),
        ({"rule": of("normalized", consensus="sum")}, "series", None),
        ({"rule": GaussNewton(consensus="sum")}, "tabular", "consensus is for series; wave is"),
        ({"rule": GaussNewton()}, "tabular", None),
    ],
    ids=str,
)
def test_says_which_datasets_it_skips(params, domain, reason):
    found = DenoGradDenoiser(**params).why_skip(Dataset(domain))
    if reason is None:
        assert found is None
    else:
        assert reason in found
