"""What every regressor promises, checked for each file in the package and each config file."""

import functools
import inspect
import pickle
import pkgutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import experiments.regressors
from experiments.regressors.base import BaseRegressor
from experiments.regressors.dnn import DNNRegressor
from experiments.regressors.knn import KNNRegressor
from experiments.regressors.naive import NaiveRegressor
from experiments.regressors.neural import NeuralRegressor
from experiments.regressors.refined import GatedRegressor
from experiments.regressors.ridge import RidgeRegressor
from experiments.regressors.xgboost import XGBoostRegressor
from tests.support.discovery import concrete, draws_freely

WINDOW, CHANNELS = 6, 2
# Enough for the toy problem, and seconds for all of this file.
QUICK = {"epochs": 10, "learning_rate": 0.02, "width": 16}
FEW_TREES = {"n_estimators": 30}
SHAPES = {"flat": (WINDOW * CHANNELS,), "sequence": (WINDOW, CHANNELS)}


REGRESSORS = concrete(experiments.regressors, BaseRegressor)


def here(cls: type[BaseRegressor], domain: str) -> list[pytest.MarkDecorator]:
    """Skip where the benchmark would skip, for the reason that it would give."""
    reason = cls().why_skip(SimpleNamespace(name="toy", domain=domain))
    return [pytest.mark.skip(reason=reason)] if reason else []


CASES = [
    pytest.param(cls, domain, id=f"{cls.method}-{domain}", marks=here(cls, domain))
    for cls in REGRESSORS
    for domain in sorted(cls.domains)
]
USABLE = [pytest.param(cls, id=cls.method, marks=here(cls, min(cls.domains))) for cls in REGRESSORS]


def make(cls: type[BaseRegressor], domain: str = "tabular", seed: int = 0) -> BaseRegressor:
    """Build a regressor with the context that the benchmark would give, on the CPU, and quick."""
    context = {"domain": domain, "window_size": WINDOW, "random_state": seed, "device": "cpu"}
    if issubclass(cls, NeuralRegressor):
        context |= QUICK
    if issubclass(cls, GatedRegressor):
        context |= FEW_TREES
    accepted = inspect.signature(cls).parameters
    return cls(**{k: v for k, v in context.items() if k in accepted})


def problem(cls: type[BaseRegressor], n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a linear target that depends on two columns, or steps of the first channel."""
    X = np.random.default_rng(seed).normal(size=(n, *SHAPES[cls.inputs]))
    past = X if X.ndim == 2 else X[..., 0]
    return X, past[:, -1] - 0.5 * past[:, -2]


def parts(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows to train on, and rows for early stopping."""
    return X[:480], y[:480], X[480:], y[480:]


def fit_anew(cls: type[BaseRegressor], domain: str = "tabular") -> BaseRegressor:
    return make(cls, domain).fit(*parts(*problem(cls)))


fitted = functools.cache(fit_anew)


def test_the_published_regressors_are_there() -> None:
    tables = {cls.method for cls in REGRESSORS if "tabular" in cls.domains}
    series = {cls.method for cls in REGRESSORS if "series" in cls.domains}
    assert tables >= {"ridge", "knn", "xgboost", "dnn", "tabpfn"}
    assert series >= {"ridge", "knn", "xgboost", "dnn", "lstm", "cnn_lstm", "xlstm", "dlinear"}
    assert len({cls.method for cls in REGRESSORS}) == len(REGRESSORS)


def test_nothing_but_an_optional_package_and_its_weights_may_be_missing() -> None:
    missing = {cls.method for cls in REGRESSORS for domain in cls.domains if here(cls, domain)}
    assert missing <= {"tabpfn"}


def test_every_module_holds_one_regressor() -> None:
    modules = [module.name for module in pkgutil.iter_modules(experiments.regressors.__path__)]
    assert sorted(cls.__module__.rpartition(".")[2] for cls in REGRESSORS) == sorted(
        set(modules) - {"base", "neural", "refined"}
    )


@pytest.mark.parametrize(("cls", "domain"), CASES)
class TestContract:
    def test_learns_a_linear_function(self, cls: type[BaseRegressor], domain: str) -> None:
        if cls is NaiveRegressor:
            pytest.skip("it learns nothing: it is what others are held against")
        X, y = problem(cls, n=300, seed=1)
        error = np.mean((fitted(cls, domain).predict(X) - y) ** 2)
        assert error < 0.6 * y.var()

    def test_predictions_are_one_finite_number_per_row(
        self, cls: type[BaseRegressor], domain: str
    ) -> None:
        X, _ = problem(cls, n=17, seed=1)
        predictions = fitted(cls, domain).predict(X)
        assert predictions.shape == (17,)
        assert predictions.dtype == np.float64
        assert np.isfinite(predictions).all()

    def test_fitting_twice_forgets_the_first_data(
        self, cls: type[BaseRegressor], domain: str
    ) -> None:
        X, y = problem(cls)
        model = make(cls, domain).fit(*parts(X, -5.0 * y)).fit(*parts(X, y))
        np.testing.assert_array_equal(model.predict(X), fitted(cls, domain).predict(X))

    def test_the_seed_alone_decides(self, cls: type[BaseRegressor], domain: str) -> None:
        import torch

        X, _ = problem(cls, n=50, seed=1)
        first = fitted(cls, domain).predict(X)
        torch.manual_seed(99)
        np.random.seed(99)  # noqa: NPY002 - the global state is what is under test
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
        again = fit_anew(cls, domain).predict(X)
        np.testing.assert_array_equal(again, first, draws_freely(cls))
        assert torch.equal(torch.get_rng_state(), torch_state)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002

    def test_inputs_may_be_read_only_and_are_neither_modified_nor_kept(
        self, cls: type[BaseRegressor], domain: str
    ) -> None:
        X, y = problem(cls)
        X_before, y_before = X.copy(), y.copy()
        X.flags.writeable = y.flags.writeable = False
        model = make(cls, domain).fit(*parts(X, y))
        expected = model.predict(X)
        np.testing.assert_array_equal(X, X_before)
        np.testing.assert_array_equal(y, y_before)
        X.flags.writeable = y.flags.writeable = True
        X[:], y[:] = 0.0, 0.0
        np.testing.assert_array_equal(model.predict(X_before), expected)

    def test_pickling_keeps_the_predictions(self, cls: type[BaseRegressor], domain: str) -> None:
        X, _ = problem(cls, n=50, seed=1)
        model = fitted(cls, domain)
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(model)).predict(X), model.predict(X)
        )

    def test_cloning_keeps_the_arguments(self, cls: type[BaseRegressor], domain: str) -> None:
        model = make(cls, domain)
        assert clone(model).get_params() == model.get_params()

    def test_a_shifted_target_shifts_the_predictions(
        self, cls: type[BaseRegressor], domain: str
    ) -> None:
        """Nothing may assume that the target is centred, or be fitted to anything but it."""
        if cls is NaiveRegressor and domain == "series":
            pytest.skip("it looks at the last value alone")
        X, y = problem(cls)
        shifted = make(cls, domain).fit(*parts(X, y + 1.0))
        assert shifted.predict(X).mean() == pytest.approx(y.mean() + 1.0, abs=0.2)


class Draws(RidgeRegressor):
    """Draws random numbers, and takes no seed for them."""

    def _predict(self, X: np.ndarray) -> np.ndarray:
        return super()._predict(X) + np.random.default_rng().normal(size=len(X))


def test_a_regressor_that_draws_without_a_seed_is_told_so() -> None:
    said = r"test_regressors\.py: Draws lacks a seed.*`random_state`"
    with pytest.raises(AssertionError, match=said):
        TestContract().test_the_seed_alone_decides(Draws, "tabular")


NETWORKS = [cls for cls in REGRESSORS if issubclass(cls, NeuralRegressor)]


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_network_depends_on_its_seed(cls: type[BaseRegressor]) -> None:
    X, y = problem(cls)
    other = make(cls, min(cls.domains), seed=1).fit(*parts(X, y))
    assert not np.allclose(other.predict(X), fitted(cls, min(cls.domains)).predict(X))


def bad_rows(cls: type[BaseRegressor]) -> dict[str, tuple[tuple[object, ...], str]]:
    """Arguments of `fit` that are refused, and with what message."""
    X, y = problem(cls)
    with_gap, endless = X.copy(), y.copy()
    with_gap[3, ..., 1] = np.nan
    endless[:2] = np.inf
    n_bad = np.isnan(with_gap).sum()
    return {
        "missing value": ((with_gap, y, X, y), rf"X contains NaN.*column 1 \({n_bad}\)"),
        "infinite target": ((X, endless, X, y), r"y contains infinite values.*2 of 600 rows"),
        "target too short": ((X, y[1:], X, y), r"y must have the shape \(600,\), got \(599,\)"),
        "validation target too short": ((X, y, X, y[1:]), "y_val must have the shape"),
        "half of the validation rows": ((X, y, X), "both X_val and y_val"),
        "other validation columns": ((X, y, X[..., 1:], y), "row of X_val has the shape"),
        "one axis": ((X.reshape(-1), y, X, y), r"X must have (two dimensions|the shape)"),
        "text": ((X.astype(str)[..., :1] + "a", y, X, y), r"column 0 of X.*numbers"),
        "no rows": ((X[:0], y[:0], X, y), r"X has 0 sample\(s\)"),
    }


@pytest.mark.parametrize("cls", USABLE)
class TestErrors:
    @pytest.mark.parametrize("kind", bad_rows(RidgeRegressor))
    def test_rows_that_cannot_be_learned_are_named(
        self, cls: type[BaseRegressor], kind: str
    ) -> None:
        rows, message = bad_rows(cls)[kind]
        with pytest.raises(TypeError if kind == "text" else ValueError, match=message):
            make(cls).fit(*rows)

    def test_predict_needs_fit(self, cls: type[BaseRegressor]) -> None:
        with pytest.raises(NotFittedError):
            make(cls).predict(problem(cls)[0])

    def test_prediction_rows_have_the_same_columns(self, cls: type[BaseRegressor]) -> None:
        X, _ = problem(cls)
        with pytest.raises(ValueError, match="row of X has the shape"):
            fitted(cls).predict(X[..., 1:])

    def test_early_stopping_asks_for_validation_rows(self, cls: type[BaseRegressor]) -> None:
        X, y = problem(cls)
        if cls.needs_validation:
            with pytest.raises(ValueError, match="pass X_val and y_val"):
                make(cls).fit(X, y)
        else:
            alone = make(cls).fit(X, y).predict(X)
            np.testing.assert_array_equal(alone, make(cls).fit(X, y, X, y).predict(X))


@pytest.mark.parametrize("cls", REGRESSORS)
def test_a_dataset_of_a_foreign_domain_is_skipped_with_a_reason(cls: type[BaseRegressor]) -> None:
    model = make(cls)
    reason = model.why_skip(SimpleNamespace(name="clouds", domain="images"))
    assert reason is not None
    assert cls.method in reason
    assert "clouds" in reason


def test_ridge_solves_the_normal_equations() -> None:
    X, y = problem(RidgeRegressor, n=100)
    centred = X - X.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + np.eye(X.shape[1]), centred.T @ (y - y.mean()))
    expected = y.mean() + centred @ weights
    np.testing.assert_allclose(RidgeRegressor().fit(X, y).predict(X), expected, atol=1e-10)


def test_knn_averages_the_seven_nearest() -> None:
    X = np.arange(20.0)[:, None]
    y = X[:, 0] ** 2
    expected = (np.arange(7.0, 14.0) ** 2).mean()
    assert KNNRegressor().fit(X, y).predict([[10.1]]) == pytest.approx(expected)


def test_knn_says_when_there_are_too_few_rows() -> None:
    with pytest.raises(ValueError, match="n_neighbors=7 needs at least as many"):
        KNNRegressor().fit(np.zeros((6, 1)), np.zeros(6))


def test_xgboost_grows_the_trees_it_is_asked_for() -> None:
    X, y = problem(XGBoostRegressor)
    booster = XGBoostRegressor(n_estimators=5).fit(X, y).model_.get_booster()
    assert booster.num_boosted_rounds() == 5


def test_dnn_has_the_widths_of_its_domain() -> None:
    X, y = problem(DNNRegressor, n=40)

    def widths(domain: str) -> list[int]:
        model = DNNRegressor(epochs=1, domain=domain, random_state=0, device="cpu")
        weights = model.fit(X, y, X, y).network_.parameters()
        return [len(weight) for weight in weights if weight.ndim == 2]

    assert widths("tabular") == [128, 64, 32, 1]
    assert widths("series") == [64, 32, 1]


def test_dnn_stops_when_the_validation_error_grows() -> None:
    """Against a validation target of the opposite sign every epoch after the first is worse."""
    X, y = problem(DNNRegressor)
    model = DNNRegressor(patience=2, random_state=0, device="cpu").fit(X, y, X, -y)
    moved = np.mean((model.predict(X) - y) ** 2)
    trained = np.mean((fitted(DNNRegressor).predict(X) - y) ** 2)
    assert trained < 0.1 * moved


def test_dataframes_are_read_by_position() -> None:
    X, y = problem(RidgeRegressor, n=50)
    frame = pd.DataFrame(X)
    from_frame = RidgeRegressor().fit(frame, pd.Series(y)).predict(frame)
    np.testing.assert_array_equal(from_frame, RidgeRegressor().fit(X, y).predict(X))


def test_the_naive_guess_is_the_mean_of_a_table_and_the_last_value_of_a_series() -> None:
    X, y = problem(NaiveRegressor)
    of_table = fitted(NaiveRegressor, "tabular").predict(X)
    np.testing.assert_array_equal(of_table, np.full(len(y), y[:480].mean()))
    windows = X.reshape(len(X), WINDOW, CHANNELS)
    np.testing.assert_array_equal(fitted(NaiveRegressor, "series").predict(X), windows[:, -1, 0])
