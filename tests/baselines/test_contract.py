"""What every denoiser promises, checked for each file in `conf/denoiser`.

Every class found in `baselines`, and DenoGrad, has such a file; a variant may be a file alone.
"""

import inspect
import pickle
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
import yaml
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import baselines
from denograd.base import BaseDenoiser, Domain
from experiments.settings.schema import import_target
from tests.support.discovery import draws_freely, lacks

CONFIGS = {
    path.stem: yaml.safe_load(path.read_text())[path.stem]
    for path in sorted((Path(__file__).parents[2] / "conf" / "denoiser").glob("*.yaml"))
}
DENOISERS = {
    label: import_target(config["_target_"], f"conf/denoiser/{label}.yaml")
    for label, config in CONFIGS.items()
}
FACTS = {
    "method": str,
    "revision": int,
    **dict.fromkeys(("uses_target", "uses_row_order", "column_wise", "causal"), bool),
}
CHEAP = {
    "backbone_epochs": 2,
    "epochs": 2,
    "max_epochs": 3,
    "window_size": 4,
    "random_state": 0,
    "device": "cpu",
}
N_ROWS = 40


@dataclass(frozen=True)
class Case:
    name: str
    domain: str

    def new(self, **params) -> BaseDenoiser:
        cls = DENOISERS[self.name]
        known = inspect.signature(cls).parameters
        cheap = {key: value for key, value in CHEAP.items() if key in known}
        if "domain" in known:
            cheap["domain"] = self.domain
        if hasattr(cls, "tell"):
            cheap["noise"] = 0.3
        published = {
            key: value
            for key, value in CONFIGS[self.name].items()
            if key not in ("_target_", "kind")
        }
        return cls(**{**published, **cheap, **params})

    @property
    def is_long(self) -> bool:
        """Whether it needs more steps of a series than others."""
        return self.domain == "series" and self.name.startswith("calibrated")

    def data(self, seed: int = 0, n_rows: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        n_rows = n_rows or (2 * N_ROWS if self.is_long else N_ROWS)
        rng = np.random.default_rng(seed)
        X = rng.normal(loc=2.0, size=(n_rows, 3))
        X[:, 1] = X[:, 0] + 0.1 * X[:, 1]
        if self.domain == "series":
            return X, X[:, 0].copy()
        return X, X @ [1.0, -1.0, 0.5] + rng.normal(size=n_rows)


CASES = [Case(name, domain) for name, cls in DENOISERS.items() for domain in sorted(cls.domains)]


@pytest.fixture(params=CASES, ids=lambda case: f"{case.name}-{case.domain}")
def case(request) -> Case:
    return request.param


@pytest.fixture(
    params=[case for case in CASES if case.domain == "tabular"], ids=lambda case: case.name
)
def table_case(request) -> Case:
    return request.param


def assert_same(found: tuple, wanted: tuple, otherwise: str = "") -> None:
    """Assert that a table and its target hold the values of another and its target."""
    np.testing.assert_array_equal(found[0], wanted[0], otherwise)
    np.testing.assert_array_equal(found[1], wanted[1], otherwise)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_units_do_not_matter(case, unit):
    """Values in millionths and in millions are the same data."""
    known = inspect.signature(DENOISERS[case.name]).parameters
    denoiser = case.new(**({"standardize": True} if "standardize" in known else {}))
    X, y = case.data()
    wanted = clone(denoiser).fit(X, y).denoise(X, y)
    found = denoiser.fit(unit * X, unit * y).denoise(unit * X, unit * y)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one / unit, other, rtol=1e-3, atol=1e-3)


def test_published_methods_and_controls_are_found():
    controls = {"identity", "shrink_target", "constant", "predicted_target"}
    assert controls | {"moving_average", "pca", "kalman"} <= set(baselines.discover())


def test_a_new_file_is_a_new_denoiser(tmp_path, monkeypatch):
    source = inspect.getsource(baselines.identity).replace("IdentityDenoiser", "OtherDenoiser")
    (tmp_path / "other.py").write_text(source)
    monkeypatch.setattr(baselines, "__path__", [*baselines.__path__, str(tmp_path)])
    assert baselines.discover()["other"].__name__ == "OtherDenoiser"


def test_a_file_without_a_denoiser_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empty_file.py").write_text("")
    monkeypatch.setattr(baselines, "__path__", [str(tmp_path)])
    with pytest.raises(TypeError, match="empty_file must define exactly one"):
        baselines.discover()


@pytest.mark.parametrize("cls", DENOISERS.values(), ids=DENOISERS)
def test_class_declares_its_facts(cls):
    assert cls.domains
    assert cls.domains <= set(get_args(Domain))
    assert cls.fits_on in ("train", "all")
    for fact, kind in FACTS.items():
        assert isinstance(getattr(cls, fact, None), kind), lacks(
            cls, f"`{fact}`", f"`{fact} = ...` ({kind.__name__}), as denograd/base.py explains"
        )
    assert not hasattr(cls, "transform"), "imblearn's Pipeline would take it for a transformer"


@pytest.mark.parametrize("fact", sorted(FACTS.keys() - {"revision"}))
def test_a_fact_that_a_class_lacks_is_named_with_its_file(fact):
    body = {name: kind() for name, kind in FACTS.items() if name != fact}
    cls = type("Newcomer", (BaseDenoiser,), body | {"__module__": __name__})
    said = rf"test_contract\.py: Newcomer lacks `{fact}`; write `{fact} = \.\.\.` "
    with pytest.raises(AssertionError, match=said):
        test_class_declares_its_facts(cls)


class Draws(baselines.identity.IdentityDenoiser):
    """Draws random numbers, and takes no seed for them."""

    def _denoise(self, X, y):
        return X + np.random.default_rng().normal(size=X.shape), y


def test_a_denoiser_that_draws_without_a_seed_is_told_so(monkeypatch):
    monkeypatch.setitem(DENOISERS, "draws", Draws)
    monkeypatch.setitem(CONFIGS, "draws", {})
    with pytest.raises(
        AssertionError, match=r"test_contract\.py: Draws lacks a seed.*random_state"
    ):
        test_fitting_again_gives_the_same_result(Case("draws", "tabular"))


def test_accepts_datasets_of_its_domains_only(case):
    denoiser = DENOISERS[case.name]()
    assert denoiser.why_skip(SimpleNamespace(name="known", domain=case.domain)) is None
    odd = SimpleNamespace(name="odd", domain="spatial")
    assert "odd is spatial" in denoiser.why_skip(odd)


def test_constructor_only_stores(case):
    denoiser = case.new()
    assert vars(denoiser) == denoiser.get_params()


def test_parameters_can_be_read_set_and_cloned(case):
    denoiser = case.new()
    params = denoiser.get_params()
    assert DENOISERS[case.name]().set_params(**params).get_params() == params
    X, y = case.data()
    twin = clone(denoiser.fit(X, y))
    assert twin.get_params() == params
    assert not hasattr(twin, "n_features_in_")


def read_only(case: Case) -> tuple[np.ndarray, np.ndarray]:
    X, y = case.data()
    X.flags.writeable = y.flags.writeable = False
    return X, y


def test_fit_returns_itself_and_changes_no_input(case):
    X, y = read_only(case)
    denoiser = case.new()
    params = joblib.hash(denoiser.get_params())
    assert denoiser.fit(X, y, X, y) is denoiser
    assert_same((X, y), case.data())
    assert joblib.hash(denoiser.get_params()) == params


def test_denoise_changes_no_input_and_no_state(case):
    X, y = read_only(case)
    denoiser = case.new().fit(X, y)
    state = joblib.hash(pickle.dumps(denoiser))
    first = denoiser.denoise(X, y)
    assert joblib.hash(pickle.dumps(denoiser)) == state
    assert_same((X, y), case.data())
    assert_same(denoiser.denoise(X, y), first)


def test_result_is_not_a_view_of_the_input(case):
    X, y = case.data()
    refined_X, refined_y = case.new().fit_resample(X, y)
    assert not np.shares_memory(refined_X, X)
    assert not np.shares_memory(refined_y, y)


def test_fitting_again_gives_the_same_result(case):
    X, y = case.data()
    first = case.new().fit(X, y).denoise(X, y)
    other_X, other_y = case.data(seed=1)
    again = case.new().fit(other_X, other_y).fit(X, y).denoise(X, y)
    assert_same(again, first, draws_freely(DENOISERS[case.name]))


def test_fit_resample_is_fit_then_denoise(case):
    X, y = case.data()
    assert_same(case.new().fit_resample(X, y), case.new().fit(X, y).denoise(X, y))


def test_global_random_state_and_threads_stay_as_they_are(case):
    X, y = case.data()
    numpy_before, torch_before = _numpy_state(), torch.get_rng_state()
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    case.new(**_unseeded(case)).fit_resample(X, y)
    assert _numpy_state() == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled() == deterministic


def _numpy_state() -> str:
    return joblib.hash(np.random.get_state())  # noqa: NPY002


def _unseeded(case: Case) -> dict[str, None]:
    known = inspect.signature(DENOISERS[case.name]).parameters
    return {"random_state": None} if "random_state" in known else {}


@pytest.mark.parametrize(
    ("given", "returned"),
    [("float64", "float64"), ("float32", "float32"), ("int64", "float64"), ("uint8", "float64")],
)
def test_arrays_keep_shape_and_floating_dtype(case, given, returned):
    X, y = (np.round(10 * np.abs(values)).astype(given) for values in case.data())
    refined_X, refined_y = case.new().fit_resample(X, y)
    assert type(refined_X) is type(refined_y) is np.ndarray
    assert refined_X.shape == X.shape
    assert refined_y.shape == y.shape
    assert refined_X.dtype == refined_y.dtype == returned
    assert np.isfinite(refined_X).all()
    assert np.isfinite(refined_y).all()


def test_frames_keep_index_names_and_column_dtypes(case):
    X, y = case.data()
    index = pd.Index([f"row {i}" for i in reversed(range(len(y)))], name="id")
    frame = pd.DataFrame(
        {
            "a": X[:, 0].astype(np.float32),
            "b": np.arange(len(y)),
            "c": pd.array(X[:, 2], dtype="Float64"),
            "d": X[:, 1] > 2.0,
        },
        index=index,
    )
    target = pd.Series(frame["a"].to_numpy(), index=index, name="price")
    refined_X, refined_y = case.new().fit_resample(frame, target)
    pd.testing.assert_index_equal(refined_X.index, index)
    pd.testing.assert_index_equal(refined_X.columns, frame.columns)
    assert refined_X.dtypes.astype(str).tolist() == ["float32", "float64", "Float64", "float64"]
    pd.testing.assert_index_equal(refined_y.index, index)
    assert (refined_y.name, refined_y.dtype) == ("price", np.float32)


def test_frames_and_arrays_give_the_same_numbers(case):
    X, y = case.data()
    of_frames = case.new().fit_resample(pd.DataFrame(X), pd.Series(y))
    assert_same(of_frames, case.new().fit_resample(X, y))


def test_memory_layout_does_not_matter(case):
    X, y = case.data()
    refined = case.new().fit_resample(np.asfortranarray(X), y[::-1].copy()[::-1])
    assert_same(refined, case.new().fit_resample(X, y))


def test_pickling_keeps_the_result(case):
    X, y = case.data()
    denoiser = case.new().fit(X, y)
    revived = pickle.loads(pickle.dumps(denoiser))
    assert revived.get_params() == denoiser.get_params()
    assert_same(revived.denoise(X, y), denoiser.denoise(X, y))


@pytest.mark.parametrize("constant", ["a column", "the target too", "everything"])
def test_constants_are_survived(case, constant):
    X, y = case.data()
    X[:, 1] = 3.7
    if constant == "the target too":
        X[:, 0] = y[:] = -1.1
    elif constant == "everything":
        X[:], y[:] = 5.0, 5.0
    refined_X, refined_y = case.new().fit_resample(X, y)
    assert np.isfinite(refined_X).all()
    assert np.isfinite(refined_y).all()


def test_a_handful_of_rows_is_enough_or_refused_by_its_number(case):
    n_rows = 6 if case.domain == "series" else 2
    X, y = case.data(n_rows=n_rows)
    if case.is_long:
        with pytest.raises(ValueError, match="a series of 6 steps is too short: at least 71"):
            case.new().fit(X, y)
        return
    refined_X, refined_y = case.new().fit_resample(X, y)
    assert refined_X.shape == X.shape
    assert refined_y.shape == y.shape


def test_one_row_is_enough_or_refused_by_its_number(case):
    X, y = case.data(n_rows=1)
    denoiser = case.new()
    if denoiser.min_rows == 1:
        denoiser.fit_resample(X, y)
    else:
        with pytest.raises(ValueError, match=f"at least {denoiser.min_rows} rows.*got 1 sample"):
            denoiser.fit(X, y)


def test_new_rows_can_be_refined(case):
    denoiser = case.new().fit(*case.data())
    X, y = case.data(seed=1, n_rows=17)
    refined_X, refined_y = denoiser.denoise(X, y)
    assert refined_X.shape == X.shape
    assert refined_y.shape == y.shape


def test_denoise_before_fit_is_refused(case):
    with pytest.raises(NotFittedError):
        case.new().denoise(*case.data())


def _bad_inputs():
    X = pd.DataFrame({"size": [1.0, 2.0, 3.0], "age": [1.0, 2.0, 3.0]})
    y = pd.Series([1.0, 2.0, 3.0])
    matrix, vector = X.to_numpy(copy=True), y.to_numpy(copy=True)
    with_gap, endless = X.copy(), vector.copy()
    with_gap.loc[:1, "age"] = np.nan
    endless[0] = np.inf
    dates = X.assign(age=pd.date_range("2020-01-01", periods=3))
    return {
        "NaN in a column": (with_gap, y, r"NaN.*3 rows: column 'age' \(2\).*drop"),
        "infinite target": (X, endless, r"y contains infinite.*1 of 3"),
        "lengths differ": (X, y[:2], "X has 3 rows, but y has 2"),
        "one dimension": (vector, vector, r"two dimensions.*got shape \(3,\)"),
        "three dimensions": (matrix[None], vector, r"two dimensions.*\(1, 3, 2\)"),
        "no rows": (matrix[:0], vector[:0], "0 sample"),
        "no columns": (matrix[:, :0], vector, r"0 feature\(s\)"),
        "text": (X.assign(age=["a", "b", "c"]), y, "column 'age' of X"),
        "text behind object": (X.assign(age=pd.Series(["1", "b", "c"], dtype=object)), y, "'age'"),
        "dates": (dates, y, r"column 'age' of X has dtype datetime64.*drop it"),
        "categories": (X.assign(age=pd.Categorical(["a", "b", "a"])), y, "'age' of X.*category"),
        "complex numbers": (matrix * 1j, vector, "Complex data not supported"),
        "no target": (X, None, "requires y"),
        "text target": (X, np.array(["a", "b", "c"]), "y has dtype|y does not hold numbers"),
        "boolean target": (X, y > 1.5, "y has dtype bool.*continuous"),
        "truth values": (X, np.array([True, False, True], object), "of truth values.*continuous"),
        "classes": (X, pd.Series([True, False, True], dtype="category"), "y has dtype cat.*contin"),
        "values to come": (pl.LazyFrame({"a": [1.0]}), y, r"LazyFrame.*use X\.collect\(\)"),
        "two targets": (X, matrix, r"y must have one dimension.*\(3, 2\)"),
    }


@pytest.mark.parametrize(("X", "y", "message"), _bad_inputs().values(), ids=_bad_inputs())
def test_bad_input_is_named(case, X, y, message):
    with pytest.raises((TypeError, ValueError), match=message):
        case.new().fit(X, y)


def test_half_of_the_validation_rows_is_refused(case):
    X, y = case.data()
    with pytest.raises(ValueError, match="y_val is missing"):
        case.new().fit(X, y, X)


def test_other_columns_than_in_fit_are_refused(case):
    X, y = case.data()
    names = ["a", "b", "c"]
    denoiser = case.new().fit(pd.DataFrame(X, columns=names), y)
    with pytest.raises(ValueError, match=r"2 features, but .* is expecting 3"):
        denoiser.denoise(X[:, :2], y)
    with pytest.raises(ValueError, match=r"unexpected \['z'\], missing \['b'\]"):
        denoiser.denoise(pd.DataFrame(X, columns=["a", "z", "c"]), y)
    with pytest.raises(ValueError, match="in the order seen in fit"):
        denoiser.denoise(pd.DataFrame(X[:, ::-1], columns=names[::-1]), y)


def test_row_order_matters_only_where_it_is_declared(table_case):
    case = table_case
    X, y = case.data()
    order = np.random.default_rng(5).permutation(len(y))
    denoiser = case.new().fit(X, y)
    refined_X, refined_y = denoiser.denoise(X, y)
    shuffled_X, shuffled_y = denoiser.denoise(X[order], y[order])
    same = np.allclose(shuffled_X, refined_X[order], atol=1e-6) and np.allclose(
        shuffled_y, refined_y[order], atol=1e-6
    )
    assert same == (not denoiser.uses_row_order)


def test_columns_are_linked_only_where_it_is_declared(case):
    X, y = case.data()
    other = X.copy()
    other[:, 2] = np.random.default_rng(9).normal(size=len(y))
    refined_X, refined_y = case.new().fit_resample(X, y)
    other_X, other_y = case.new().fit_resample(other, y)
    unlinked = np.array_equal(refined_X[:, :2], other_X[:, :2]) and np.array_equal(
        refined_y, other_y
    )
    assert unlinked == DENOISERS[case.name].column_wise


def test_inputs_and_target_are_linked_only_where_it_is_declared(table_case):
    case = table_case
    X, y = case.data()
    other_X, other_y = case.data(seed=3)
    refined_X, refined_y = case.new().fit_resample(X, y)
    same_X, _ = case.new().fit_resample(X, other_y)
    _, same_y = case.new().fit_resample(other_X, y)
    unlinked = np.array_equal(refined_X, same_X) and np.array_equal(refined_y, same_y)
    assert unlinked == (not DENOISERS[case.name].uses_target)


def test_later_rows_matter_unless_it_is_causal(case):
    X, y = case.data()
    later_X, later_y = X.copy(), y.copy()
    later_X[-5:] += 1.0
    later_y[-5:] += 1.0
    refined = case.new().fit_resample(X, y)
    changed = case.new().fit_resample(later_X, later_y)
    unmoved = all(
        np.allclose(then[:-5], now[:-5], atol=1e-9)
        for then, now in zip(refined, changed, strict=True)
    )
    assert unmoved == DENOISERS[case.name].causal


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_masked_values_are_missing_values(case, dtype):
    X, y = (part.astype(dtype) for part in case.data())
    masked = np.ma.masked_array(X, np.zeros(X.shape, bool))
    masked[3, 1] = np.ma.masked
    with pytest.raises(ValueError, match=r"X contains NaN.*column 1 \(1\)"):
        case.new().fit(masked, y)


def test_values_whose_squares_overflow_are_refused_as_such(case):
    X, y = case.data()
    X[:, 1] *= 1e200
    with pytest.raises(ValueError, match=r"X holds values above 1e\+150.*: column 1\. Divide"):
        case.new().fit(X, y)


def test_frames_of_other_libraries_come_back_and_their_names_count(case):
    X, _ = case.data()
    names = ["a", "b", "c"]
    frame, target = pl.DataFrame(X, schema=names), pl.Series("price", X[:, 0])
    frame = frame.with_columns(pl.col("b").cast(pl.Float32))
    denoiser = case.new().fit(frame, target)
    refined_X, refined_y = denoiser.denoise(frame, target)
    assert refined_X.schema == frame.schema
    assert (refined_y.name, refined_y.dtype) == ("price", pl.Float64)
    expected = case.new().fit_resample(frame.to_numpy(), X[:, 0])
    np.testing.assert_allclose(refined_X.to_numpy(), expected[0], rtol=1e-6)
    np.testing.assert_array_equal(refined_y.to_numpy(), expected[1])
    assert list(denoiser.feature_names_in_) == names
    with pytest.raises(ValueError, match="in the order seen in fit"):
        denoiser.denoise(frame.select(names[::-1]), target)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int32])
def test_tensors_come_back_as_tensors(case, dtype):
    X, y = (torch.tensor(10 * values).to(dtype) for values in case.data())
    if dtype.is_floating_point:
        X, y = X.requires_grad_(), y.requires_grad_()
    refined_X, refined_y = case.new().fit_resample(X, y)
    arrays = (part.detach().double().numpy() for part in (X, y))
    expected_X, expected_y = case.new().fit_resample(*arrays)
    wanted = dtype if dtype.is_floating_point else torch.float64
    assert (refined_X.dtype, refined_y.dtype) == (wanted, wanted)
    assert not refined_X.requires_grad
    assert torch.equal(refined_X, torch.tensor(expected_X).to(wanted))
    assert torch.equal(refined_y, torch.tensor(expected_y).to(wanted))


def test_a_series_needs_its_target_as_column_0(case):
    if "domain" not in case.new().get_params() or case.domain == "tabular":
        pytest.skip("it is not told that the rows are a series")
    X, y = case.data()
    denoiser = case.new().fit(X, y.astype(np.float32))
    for shown in (X[:, [1, 0, 2]], X[:, 1:]):
        message = f"column 0 of X differs from y in {len(y)} of {len(y)} rows"
        with pytest.raises(ValueError, match=message):
            case.new().fit(shown, y)
    with pytest.raises(ValueError, match=message):
        denoiser.denoise(X[:, ::-1], y)
    with pytest.raises(ValueError, match="column 0 of X_val differs from y_val"):
        case.new().fit(X, y, X[:, ::-1], y)
