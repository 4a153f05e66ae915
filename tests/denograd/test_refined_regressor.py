"""A regressor that trains on refined targets where that is found to help."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from denograd.refined_regressor import Gain, RefinedRegressor

N = 300
WINDOW = 6


class Knowing(BaseEstimator):
    """Refines a table's target by the truth that column 0 of X holds, and remembers its calls."""

    seen: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012 - shared by clones on purpose

    def __init__(self, random_state=None, sign=1.0):
        self.random_state = random_state
        self.sign = sign

    def refine_target(self, X, y):
        Knowing.seen.append((X.copy(), y.copy()))
        return y + self.sign * (X[:, 0] - y)


class Resampling(Knowing):
    """The same behind the interface of every denoiser."""

    refine_target = property()  # hides the method: hasattr is False

    def fit_resample(self, X, y):
        return np.zeros_like(X), Knowing().refine_target(X, y)


class Smoothing(Knowing):
    """Refines the target of a series by the mean of three steps."""

    def refine_target(self, X, y):
        return smooth(y)


def smooth(y):
    return np.convolve(np.pad(y, 1, mode="edge"), np.ones(3) / 3, mode="valid")


def table(n=N, seed=0, noise=1.0):
    """Rows whose column 0 is the target without its noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, X[:, 0] + noise * rng.normal(size=n)


def windows(n=N, seed=0, channels=2):
    """Windows of a slow wave in noise, and the next value of channel 0."""
    rng = np.random.default_rng(seed)
    t = np.arange(n + WINDOW)
    waves = np.column_stack([np.sin(0.1 * t + phase) for phase in range(channels)])
    series = waves + 0.5 * rng.normal(size=waves.shape)
    X = np.lib.stride_tricks.sliding_window_view(series, WINDOW, axis=0)[:n].transpose(0, 2, 1)
    return X.copy(), series[WINDOW:, 0].copy()


def knn(**params):
    return RefinedRegressor(KNeighborsRegressor(3), Knowing(), random_state=0, **params)


@parametrize_with_checks(
    [
        RefinedRegressor(LinearRegression()),
        RefinedRegressor(Ridge(), domain="series"),
        RefinedRegressor(Ridge(), Knowing()),
    ]
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_refined_targets_are_used_where_they_help():
    X, y = table()
    model = knn().fit(X, y)
    plain = KNeighborsRegressor(3).fit(X, y)
    X_new, _ = table(seed=1)

    assert model.strength_ == 1
    assert set(model.gains_) == {0.5, 1.0}
    assert model.gains_[1.0].mean > model.gains_[0.5].mean > 5
    assert min(model.gains_[1.0].folds) > 0
    assert model.gains_[1.0].why_not == ""

    def error(regressor):
        return np.mean((regressor.predict(X_new) - X_new[:, 0]) ** 2)

    assert error(model) < 0.5 * error(plain)
    expected = KNeighborsRegressor(3).fit(X, y + (X[:, 0] - y)).predict(X_new)
    np.testing.assert_allclose(model.predict(X_new), expected)


@pytest.mark.parametrize(
    "params",
    [{"strengths": (0,)}, {"denoiser": Knowing(sign=-1.0)}, {"denoiser": Knowing(sign=0.0)}],
    ids=["nothing to try", "it harms", "nothing moves"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_strength_0_is_the_plain_regressor_bit_for_bit(params, dtype):
    X, y = (part.astype(dtype) for part in table())
    model = knn().set_params(**params).fit(X, y)
    plain = KNeighborsRegressor(3).fit(X, y).predict(X)

    assert model.strength_ == 0
    assert all(gain.why_not for gain in model.gains_.values())
    assert model.predict(X).dtype == plain.dtype
    np.testing.assert_array_equal(model.predict(X), plain)


@pytest.mark.parametrize(
    ("gain", "reason"),
    [
        (Gain((-3.0, 0.5, 1.0), -0.5, 0.2), r"no gain \(-0.50 %\)"),
        (Gain((3.0, 0.5, 4.0), 2.5, 1.1), "2.50 % within 2.5 standard errors"),
        (Gain((3.0, -0.5, 4.0), 2.5, 0.9), "^$"),
    ],
)
def test_the_gate_says_why_it_is_shut(gain, reason):
    assert re.search(reason, gain.why_not)


def test_gains_are_those_of_nested_cross_validation():
    X, y = windows()
    X = X.reshape(len(X), -1)
    model = RefinedRegressor(Ridge(), Smoothing(), domain="series", window_size=WINDOW).fit(X, y)
    before, after = [], []
    for train, test in KFold(3).split(X):
        for errors, targets in ((before, y[train]), (after, smooth(y[train]))):
            errors.append((Ridge().fit(X[train], targets).predict(X[test]) - y[test]) ** 2)
    folds = [100 * (1 - a.mean() / b.mean()) for b, a in zip(before, after, strict=True)]
    saved = 100 * (np.concatenate(before) - np.concatenate(after)) / np.mean(before)

    gain = model.gains_[1.0]
    np.testing.assert_allclose(gain.folds, folds)
    assert gain.mean == pytest.approx(saved.mean())
    assert gain.standard_error == pytest.approx(saved.std(ddof=1) / np.sqrt(len(y)))


def test_a_fold_is_refined_from_its_own_training_part():
    X, y = table()
    Knowing.seen.clear()
    knn().fit(X, y)
    *folds, last = Knowing.seen

    assert [len(targets) for _, targets in folds] == [200, 200, 200]
    rows = {tuple(row): i for i, row in enumerate(X)}
    found = [[rows[tuple(row)] for row in inputs] for inputs, _ in folds]
    assert all(np.array_equal(y[of], t) for of, (_, t) in zip(found, folds, strict=True))
    assert sorted(np.concatenate(found)) == sorted(2 * list(range(300)))
    assert len(last[1]) == 300


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_a_series_is_that_of_its_targets_without_their_own_past(flat, scale):
    X, y = windows()
    Knowing.seen.clear()
    given = scale * (X.reshape(len(X), -1) if flat else X) + 3.0
    regressor = make_pipeline(Flatten(), Ridge())
    RefinedRegressor(regressor, Knowing(), domain="series", window_size=WINDOW).fit(given, y)

    (series, targets), *_ = Knowing.seen
    np.testing.assert_array_equal(targets, y[100:])
    expected = np.column_stack([y, scale * X[:, -1, 1] + 3.0])
    np.testing.assert_allclose(series, expected[100:])


class Flatten(BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.reshape(X, (len(X), -1))


def test_works_in_pipelines_and_searches():
    X, y = table()
    pipeline = make_pipeline(StandardScaler(), knn())
    search = GridSearchCV(
        pipeline,
        {
            "refinedregressor__regressor__n_neighbors": [2, 3],
            "refinedregressor__strengths": [(0,), (0, 1)],
        },
        cv=3,
    ).fit(X, y)
    scores = cross_val_score(clone(pipeline), X, y, cv=3)

    assert search.best_params_["refinedregressor__strengths"] == (0, 1)
    assert scores.mean() > cross_val_score(KNeighborsRegressor(3), X, y, cv=3).mean()


def test_any_denoiser_will_do_and_inputs_stay():
    X, y = table()
    resampled = RefinedRegressor(KNeighborsRegressor(3), Resampling(), random_state=0).fit(X, y)

    assert resampled.strength_ == 1
    np.testing.assert_array_equal(resampled.predict(X), knn().fit(X, y).predict(X))


def test_a_frame_is_given_to_the_regressor_as_it_is():
    X, y = table()
    frame = pd.DataFrame(X, columns=list("abc"))
    model = knn().fit(frame, pd.Series(y))

    assert list(model.feature_names_in_) == list("abc")
    assert list(model.regressor_.feature_names_in_) == list("abc")
    assert model.strength_ == 1
    with pytest.raises(ValueError, match="in the order seen in fit"):
        model.predict(frame[list("cba")])


def test_tensors_of_any_float_are_read():
    X, y = (torch.tensor(part).bfloat16() for part in table())
    same = knn().fit(X.float().numpy(), y.float().numpy())
    np.testing.assert_array_equal(knn().fit(X, y).predict(X), same.predict(X))


@pytest.mark.filterwarnings("error")
def test_a_target_without_an_error_has_nothing_to_gain():
    X, _ = table()
    model = knn().fit(X, np.ones(N))
    assert (model.strength_, model.gains_[1.0].mean) == (0, 0.0)


def test_a_few_rows_decide_nothing():
    X, y = table(119)
    model = knn().fit(X, y)
    assert (model.strength_, model.gains_) == (0, {})


def test_fit_parameters_reach_every_fit():
    seen = []

    class Stopping(Ridge):
        def fit(self, X, y, X_val=None):
            seen.append(X_val)
            return super().fit(X, y)

    X, y = table()
    RefinedRegressor(Stopping(), Knowing(), strengths=(0, 1)).fit(X, y, X_val="rows")
    assert set(seen) == {"rows"}
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"strengths": 0.5}, r"strengths has to be a sequence, such as \(0.5,\), got 0.5"),
        ({"strengths": (0, 1.5)}, "every one of strengths .* got 1.5"),
        ({"strengths": (-0.5,)}, "every one of strengths .* got -0.5"),
        ({"domain": "images"}, "domain has to be one of 'tabular', 'series'"),
        (
            {"domain": "series", "window_size": 2},
            "3 columns, .* no windows of window_size=2",
        ),
        ({"window_size": 0}, "window_size has to be an integer of at least 1"),
    ],
)
def test_what_cannot_be_is_said(params, message):
    with pytest.raises(ValueError, match=message):
        knn(**params).fit(*table())


def test_a_denoiser_of_another_domain_is_refused():
    class OfSeries(Knowing):
        def __init__(self, domain="series"):
            self.domain = domain

    with pytest.raises(ValueError, match=r"domain='series'.*domain='tabular'"):
        knn().set_params(denoiser=OfSeries()).fit(*table())
