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
from denograd import DenoGrad, DenoGradDenoiser, GaussNewton, Global, Normalized, backbone_denoiser
from denograd import estimator as estimator_module
from denograd.history import OscillationWarning
from denograd.rules import rules

from .toys import CHEAP, DATA, SERIES, assert_same, cheap, complete, series, table


def of(name: str, **arguments: object) -> dict[str, object]:
    """A rule as YAML says it."""
    return {"name": name, **arguments}


class StayPut(nn.Module):
    """Predict the first channel of the last step of a window."""

    def forward(self, windows):
        return windows[:, -1, :1]


# scikit-learn's checks


NOT_APPLICABLE = {
    "check_array_api_input": "every container that is no DataFrame is converted to NumPy",
}


@parametrize_with_checks(
    [cheap(), *(cls() for cls in baselines.discover().values())],
    expected_failed_checks=lambda estimator: NOT_APPLICABLE,
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    # Checks of predict, transform and the like pass without running: there are no such methods.
    # What they ask of those is asked of `denoise` by the contract tests of the baselines.
    told = {**CHEAP, "noise": 0.1}
    known = {key: value for key, value in told.items() if key in estimator.get_params()}
    check(estimator.set_params(**known))


# refinement


@pytest.mark.parametrize("domain", DATA)
def test_equals_denograd_with_the_trained_network(domain):
    X, y = DATA[domain]()
    denoiser = cheap(standardize=False, nrr=0.1, domain=domain, window_size=6, horizon=2)
    refined = denoiser.fit_resample(X, y)
    core = DenoGrad(denoiser.backbone_.network, nn.MSELoss(), "cpu")
    cut = {"is_ts": True, "window_size": 6, "future": 2} if domain == "series" else {}
    core.fit(X.astype(np.float32), y.astype(np.float32), **cut)
    assert_same(refined, core.transform(nrr=0.1, nr_threshold=0.1, max_epochs=5), 1e-6)
    assert np.abs(refined[0] - X).max() > 1e-4


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
    refined = cheap().fit_resample(X, y)
    scaled_X, scaled_y = cheap().fit_resample(X * scale + shift, 50 * y - 7)
    assert_same(((scaled_X - shift) / scale, (scaled_y + 7) / 50), refined, 2e-4)
    assert np.abs(refined[0] - X).max() > 1e-3


def test_rows_at_rest_are_exactly_as_they_were():
    X, y = table()
    refined_X, refined_y = cheap(nr_threshold=0.5).fit_resample(X, y)
    resting = (refined_X == X).all(axis=1)
    assert 0 < resting.sum() < len(y)
    np.testing.assert_array_equal(refined_y[resting], y[resting])


def test_target_stays_when_asked():
    X, y = table()
    refined_X, refined_y = cheap(refine="X").fit_resample(X, y)
    np.testing.assert_array_equal(refined_y, y)
    assert not np.array_equal(refined_X, X)


def test_batch_size_does_not_change_the_result():
    expected = cheap().fit_resample(*table())
    assert_same(cheap(batch_size=7).fit_resample(*table()), expected, 1e-6)


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
    denoiser = cheap(standardize=False, rule=of("normalized", **options), refine="X", **SERIES)
    refined = denoiser.fit_resample(X, y)
    core = DenoGrad(denoiser.backbone_.network, nn.MSELoss(), "cpu")
    core.fit(X.astype(np.float32), y.astype(np.float32), is_ts=True, window_size=6)
    assert_same(refined, core.transform(0.01, 0.1, 5, refine="X", **options), 1e-6)
    assert not np.allclose(refined[0], X, atol=1e-3)


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
    by_name, by_instance = cheap(rule=named), cheap(rule=instance, max_epochs=None)
    for denoiser in (by_instance, clone(by_instance), clone(by_name)):
        assert_same(denoiser.fit_resample(X, y), by_name.fit_resample(X, y))
    assert clone(by_instance).rule == instance


def test_a_mistyped_argument_of_a_rule_is_named():
    denoiser = DenoGradDenoiser(rule=of("gauss-newton", eta_z=0.1))
    with pytest.raises(TypeError, match="no argument 'eta_z'; those of the rule 'gauss-newton'"):
        denoiser.check_config()


@pytest.mark.parametrize("cv", [None, 2])
@pytest.mark.parametrize("domain", DATA)
def test_numbers_of_iterations_come_from_one_run(monkeypatch, domain, cv):
    X, y = DATA[domain]()
    options = {"domain": domain, "window_size": 6, "cv": cv}
    numbers = [3, 12, 7]
    runs, real = [], DenoGrad.transform

    def spy(self, **arguments):
        runs.append(self.rule.max_epochs)
        return real(self, **arguments)

    lone = [cheap(max_epochs=n, **options) for n in numbers]
    expected = [denoiser.fit_resample(X, y) for denoiser in lone]
    monkeypatch.setattr(DenoGrad, "transform", spy)
    cache = {}
    for number, own, alone in zip(numbers, lone, expected, strict=True):
        denoiser = cheap(max_epochs=number, **options).share(cache, epochs=[7, 12])
        assert_same(denoiser.fit_resample(X, y), alone)
        assert list(denoiser.history_) == list(own.history_)
        assert len(own.history_) == number
    assert runs == [12] * (cv or 1)
    assert not np.array_equal(expected[0][1], expected[1][1])


def test_other_settings_or_rows_do_not_share_a_run():
    X, y = table()
    cache = {}
    first = cheap().share(cache, [5]).fit(X, y)
    for other in (
        {"nrr": 0.2},
        {"rule": of("normalized", normalization="separate")},
        {"refine": "X"},
        {"random_state": 1},
        {"learning_rate": 0.1},
    ):
        refined_X, _ = cheap(**other).share(cache, [5]).fit_resample(X, y)
        assert not np.array_equal(refined_X, first.denoise(X, y)[0])
    rows = slice(20, 60)
    alone = cheap().fit(X, y).denoise(X[rows], y[rows])
    assert_same(first.denoise(X[rows], y[rows]), alone)


def test_what_is_shared_belongs_to_the_object_alone():
    cache = {}
    denoiser = cheap().share(cache, [7]).fit(*table())
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


@pytest.mark.parametrize("domain", DATA)
@pytest.mark.parametrize("rule", rules())
def test_every_rule_refines_what_it_is_for(rule, domain):
    X, y = DATA[domain]()
    denoiser = cheap(rule=complete(rule), domain=domain, window_size=6)
    if domain not in rules()[rule].domains:
        with pytest.raises(
            ValueError, match=f"'{rule}' does not refine tabular data, and domain is"
        ):
            denoiser.fit(X, y)
        return
    refined_X, refined_y = denoiser.fit_resample(X, y)
    assert not np.array_equal(refined_X, X)
    assert not np.array_equal(refined_y, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"backbone": "lstm"}, "'lstm' is for series data, and domain is 'tabular'"),
        ({"backbone": "ft_transformer", **SERIES}, "for tabular data, and domain is 'series'"),
        ({"rule": "newest"}, "no rule 'newest'"),
        ({"rule": of("newest")}, "no rule 'newest'"),
        ({"rule": {"eta_x": 2.0}}, "needs the key 'name', got {'eta_x': 2.0}"),
        ({"rule": of("normalized", eta_x=2.0)}, "eta_x has no effect under the rule 'normalized'"),
        ({"rule": of("normalized", nrr=0.1), "nrr": 0.1}, "nrr is given twice"),
        (
            {"rule": GaussNewton(), "nrr": 0.1, "max_epochs": 3},
            "nrr, max_epochs has no effect beside an instance .* an argument of GaussNewton",
        ),
        (
            {"rule": Normalized(consensus="sum")},
            "consensus is for series data, and domain is 'tabular'",
        ),
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
        (
            {"rule": of("normalized", consensus="sum")},
            "consensus is for series data, and domain is 'tabular'",
        ),
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
    monkeypatch.setattr(backbone_denoiser, "train_backbone", None)
    with pytest.raises(ValueError, match=message):
        DenoGradDenoiser(**params).fit(*series())


# cross-fitting


@pytest.fixture
def trainings(monkeypatch):
    """The row masks of all backbones that are trained."""
    masks = []
    train = backbone_denoiser.train_backbone

    def spy(plan, X, y, *data, rows=None, **options):
        masks.append(np.ones(len(y), dtype=bool) if rows is None else rows)
        return train(plan, X, y, *data, rows=rows, **options)

    monkeypatch.setattr(backbone_denoiser, "train_backbone", spy)
    return masks


def test_each_fold_of_a_table_is_refined_by_a_backbone_that_has_not_seen_it(trainings):
    X, y = table(103)
    denoiser = cheap(cv=4)
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
    refined_X, refined_y = cheap(cv=3).fit_resample(X, y)
    fold = np.flatnonzero(~trainings[1])
    changed_X[fold[0]] += 50.0
    changed_y[fold[0]] -= 50.0
    other_X, other_y = cheap(cv=3).fit_resample(changed_X, changed_y)
    kept = fold[1:]
    assert_same((other_X[kept], other_y[kept]), (refined_X[kept], refined_y[kept]))
    outside = np.setdiff1d(np.arange(len(y)), fold)
    assert not np.allclose(other_X[outside], refined_X[outside])


def test_folds_of_a_series_are_contiguous_with_a_gap_of_one_window(trainings):
    X, y = series(90)
    refined_X, refined_y = cheap(cv=3, horizon=2, **SERIES).fit_resample(X, y)
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
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    _, refined_y = cheap(backbone, cv=3, nr_threshold=0.0, **SERIES).fit_resample(X, y)
    for boundary in (30, 60):
        around = slice(boundary - 6, boundary + 6)
        assert (refined_y[around] != y[around]).all()


@pytest.mark.parametrize("domain", DATA)
def test_cross_fitting_is_repeatable_and_keeps_containers(domain):
    X, y = DATA[domain](60)
    index = np.arange(100, 160)
    frame, target = pd.DataFrame(X, index=index).add_prefix("c"), pd.Series(y, index, name="t")
    denoiser = cheap(cv=2, domain=domain, window_size=6)
    refined_X, refined_y = denoiser.fit_resample(frame, target)
    again_X, again_y = clone(denoiser).fit_resample(frame, target)
    pd.testing.assert_frame_equal(refined_X, again_X)
    pd.testing.assert_series_equal(refined_y, again_y)
    assert list(refined_X.columns) == list(frame.columns)
    assert refined_y.index.equals(target.index)


def test_folds_are_not_all_drawn_alike():
    first, second = (DenoGradDenoiser(random_state=seed)._plan().folds(40, 2) for seed in (0, 1))
    assert not np.array_equal(next(first)[0], next(second)[0])


@pytest.mark.parametrize(
    ("params", "data", "message"),
    [
        ({"cv": 2, **SERIES}, series(14), r"X and y hold 0 window\(s\)"),
        ({"cv": 9}, table(5), "cv=9 folds need at least 9 rows, got 5"),
    ],
    ids=["nothing to learn from", "more folds than rows"],
)
def test_folds_that_cannot_be_are_refused(params, data, message):
    with pytest.raises(ValueError, match=message):
        cheap(**params).fit_resample(*data)


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
    pipeline = Pipeline([("denoise", cheap(cv=cv)), ("model", Recorder())])
    scores = cross_val_score(pipeline, X, y, cv=KFold(3))
    assert scores.shape == (3,)
    for (train, test), trained, asked in zip(
        KFold(3).split(X), Recorder.trained, Recorder.asked, strict=True
    ):
        assert_same(trained, cheap(cv=cv).fit_resample(X[train], y[train]))
        np.testing.assert_array_equal(asked, X[test])


def test_pipeline_with_a_scaler_and_a_search_over_parameters():
    X, y = table(60)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    pipeline = Pipeline(
        [
            ("scale", StandardScaler().set_output(transform="pandas")),
            ("denoise", cheap(standardize=False)),
            ("model", LinearRegression()),
        ]
    )
    search = GridSearchCV(pipeline, {"denoise__nrr": [0.01, 0.05]}, cv=2).fit(frame, pd.Series(y))
    assert search.predict(frame).shape == (60,)
    assert search.best_params_["denoise__nrr"] in (0.01, 0.05)


def test_fitted_pipeline_pickles():
    X, y = table(60)
    pipeline = Pipeline([("denoise", cheap()), ("model", Ridge())]).fit(X, y)
    revived = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(revived.predict(X), pipeline.predict(X))


# state


def test_fitted_network_rests_on_the_cpu_in_eval_mode():
    denoiser = cheap().fit(*table())
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
        cheap().fit_resample(*table())
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
            "consensus is for series data; wave is tabular",
        ),
        ({"rule": of("normalized", consensus="sum")}, "series", None),
        (
            {"rule": GaussNewton(consensus="sum")},
            "tabular",
            "consensus is for series data; wave is",
        ),
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
