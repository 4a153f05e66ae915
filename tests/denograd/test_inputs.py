"""Containers in and out, and what is refused with which words."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from torch import nn

from denograd import DenoGrad
from denograd.inputs import read_inputs

from .toys import Flat, assert_same, perceptron, plane, series, table

CPU = torch.device("cpu")


def refine(model, X, y=None, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return DenoGrad(model, nn.MSELoss(), CPU).fit_transform(
            X, y, **{"max_epochs": 3, **arguments}
        )


@pytest.fixture
def frame():
    """Columns a, b, c and the target t, under an index of dates."""
    X, y = table(40)
    index = pd.date_range("2020-01-01", periods=40, name="day")
    return pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "t": y, "c": X[:, 2]}, index=index)


@pytest.fixture
def expected(frame):
    """What the arrays of that frame become."""
    return refine(perceptron(3), frame[["a", "b", "c"]].to_numpy(), frame["t"].to_numpy())


class TestCopies:
    """`fit` keeps the data as they were; `fit_transform` asks them to stay."""

    @pytest.mark.parametrize("container", [np.asarray, torch.as_tensor])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_fit_remembers_the_data_as_they_were(self, container, dtype):
        X, y = (container(part.astype(dtype)) for part in table())
        denoiser = DenoGrad(perceptron(3), nn.MSELoss(), CPU).fit(X, y)
        expected = np.asarray(denoiser.transform(max_epochs=2)[0])
        X += 1
        y += 1
        np.testing.assert_array_equal(denoiser.transform(max_epochs=2)[0], expected)

    @pytest.mark.parametrize("container", [np.asarray, torch.as_tensor])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_without_a_copy_the_data_are_read_where_they_lie_and_never_written(
        self, container, dtype
    ):
        X, y = (container(part.astype(dtype)) for part in table())
        before = np.asarray(X).copy(), np.asarray(y).copy()
        denoiser = DenoGrad(perceptron(3), nn.MSELoss(), CPU)
        X_out, y_out, *_ = denoiser.fit_transform(X, y, max_epochs=3)
        expected = denoiser.fit(X, y).transform(max_epochs=3)
        np.testing.assert_array_equal(X_out, expected[0])
        np.testing.assert_array_equal(y_out, expected[1])
        np.testing.assert_array_equal(X, before[0])
        np.testing.assert_array_equal(y, before[1])
        held = denoiser.fit(X, y, copy=False)._inputs
        assert np.shares_memory(np.asarray(held.X.values), np.asarray(X))
        assert np.shares_memory(np.asarray(held.y.values), np.asarray(y))
        assert not np.shares_memory(np.asarray(X_out), np.asarray(X))
        assert not np.shares_memory(np.asarray(y_out), np.asarray(y))

    def test_fit_transform_copies_when_asked(self):
        X, y = table()
        denoiser = DenoGrad(perceptron(3), nn.MSELoss(), CPU)
        expected = denoiser.fit_transform(X, y, max_epochs=2, copy=True)[0]
        X += 1
        np.testing.assert_array_equal(denoiser.transform(max_epochs=2)[0], expected)

    def test_turned_and_read_only_memory_is_welcome(self):
        X, y = table()
        expected = refine(perceptron(3), X, y)[0]
        turned = np.asfortranarray(X)
        read_only = X.copy()
        read_only.setflags(write=False)
        for given in (turned, read_only, torch.as_tensor(X).T.contiguous().T):
            np.testing.assert_array_equal(refine(perceptron(3), given, y)[0], expected)


class TestArrays:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, ">f4"])
    def test_floating_types_stay(self, dtype):
        X, y = table()
        X_out, y_out, steps_x, _ = refine(perceptron(3), X.astype(dtype), y.astype(dtype))
        assert X_out.dtype == y_out.dtype == np.dtype(dtype)
        assert X_out.shape == X.shape
        assert y_out.shape == y.shape
        assert steps_x[0].dtype == np.float32

    @pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
    def test_integers_become_floats(self, dtype):
        X = np.arange(6).reshape(3, 2).astype(dtype)
        X_out, y_out, *_ = refine(plane([1.0, 1.0]), X, np.arange(3))
        assert X_out.dtype == y_out.dtype == np.float64

    def test_integers_at_rest_keep_every_digit(self):
        X = np.array([[2**40 + 1], [0]])
        X_out, *_ = refine(plane([0.0]), X, np.zeros(2))
        assert X_out[0, 0] == 2**40 + 1

    def test_a_column_of_targets_keeps_its_shape(self):
        X, y = table()
        flat = refine(perceptron(3), X, y)
        column = refine(perceptron(3), X, y[:, None])
        assert column[1].shape == (60, 1)
        assert column[3][0].shape == (60, 1)
        assert np.array_equal(column[1][:, 0], flat[1])

    def test_strange_memory_layouts(self):
        X, y = table()
        expected = refine(perceptron(3), X, y)
        for strange in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], X[::-1][::-1]):
            assert np.array_equal(refine(perceptron(3), strange, y)[0], expected[0])

    def test_one_row_is_a_table(self):
        X, y = table(1)
        X_out, y_out, *_ = refine(perceptron(3), X, y)
        assert X_out.shape == (1, 3)
        assert y_out.shape == (1,)


class TestTensors:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_tensors_stay_tensors(self, dtype):
        X, y = (torch.tensor(a).to(dtype) for a in table())
        X_before = X.clone()
        X_out, y_out, steps_x, steps_y = refine(perceptron(3), X, y)
        assert X_out.dtype == y_out.dtype == dtype
        assert y_out.shape == y.shape
        assert steps_x[0].shape == X.shape
        assert steps_y[0].shape == y.shape
        assert torch.equal(X, X_before)
        assert not X_out.requires_grad

    def test_same_values_as_arrays(self):
        X, y = table()
        arrays = refine(perceptron(3), X, y)
        leaf = torch.tensor(X).requires_grad_()
        tensors = refine(perceptron(3), leaf, torch.tensor(y))
        assert np.array_equal(tensors[0].numpy(), arrays[0])
        assert np.array_equal(tensors[1].numpy(), arrays[1])
        assert leaf.grad is None

    def test_integers_become_floats(self):
        X_out, y_out, *_ = refine(plane([1.0]), torch.arange(3)[:, None], torch.arange(3))
        assert X_out.dtype == y_out.dtype == torch.float64

    def test_transposed_tensors(self):
        X, y = (torch.tensor(a) for a in table())
        assert torch.equal(
            refine(perceptron(3), X.T.contiguous().T, y)[0], refine(perceptron(3), X, y)[0]
        )

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            (torch.ones(3, 1, dtype=torch.complex64), "Complex data not supported"),
            (torch.ones(3, 1).to_sparse(), r"X is a sparse tensor.*use X\.to_dense\(\)"),
        ],
        ids=["complex", "sparse"],
    )
    def test_others_are_refused(self, X, message):
        with pytest.raises((TypeError, ValueError), match=message):
            refine(plane([1.0]), X, torch.ones(3))

    def test_nan(self):
        X = torch.ones(4, 2)
        X[1, 1] = torch.nan
        with pytest.raises(ValueError, match=r"X contains NaN.*column 1 \(1\)"):
            refine(plane([1.0, 1.0]), X, torch.ones(4))


class TestFrames:
    def test_target_by_name_leaves_a_table(self, frame, expected):
        before = frame.copy()
        X, y, steps_x, steps_y = refine(perceptron(3), frame, "t")
        pd.testing.assert_frame_equal(frame, before)
        assert list(X.columns) == ["a", "b", "c"]
        assert y.name == "t"
        pd.testing.assert_index_equal(X.index, frame.index)
        pd.testing.assert_index_equal(y.index, frame.index)
        assert np.array_equal(X, expected[0])
        assert np.array_equal(y, expected[1])
        assert isinstance(steps_x[0], np.ndarray)
        assert steps_y[0].shape == (40,)

    def test_targets_by_list(self, frame, expected):
        X, y, *_ = refine(perceptron(3), frame, ["t"])
        assert list(y.columns) == ["t"]
        assert np.array_equal(y["t"], expected[1])
        X, y, *_ = refine(perceptron(2, n_targets=2), frame, ["t", "b"])
        assert list(X.columns) == ["a", "c"]
        assert list(y.columns) == ["t", "b"]

    def test_keep_target(self, frame):
        X, y, *_ = refine(perceptron(4), frame, "t", keep_target=True)
        assert list(X.columns) == ["a", "b", "t", "c"]
        assert not np.array_equal(X["t"], y)

    @pytest.mark.parametrize("kind", ["array", "series", "column frame", "tensor"])
    def test_target_beside_the_frame(self, frame, expected, kind):
        y = {
            "array": frame["t"].to_numpy(),
            "series": frame["t"],
            "column frame": frame[["t"]],
            "tensor": torch.tensor(frame["t"].to_numpy(copy=True)),
        }[kind]
        X, y_out, *_ = refine(perceptron(3), frame[["a", "b", "c"]], y)
        assert type(y_out) is type(y)
        assert np.array_equal(X, expected[0])
        assert np.array_equal(np.ravel(y_out), expected[1])

    def test_series_beside_an_array(self, frame, expected):
        X, y, *_ = refine(perceptron(3), frame[["a", "b", "c"]].to_numpy(), frame["t"])
        assert isinstance(X, np.ndarray)
        pd.testing.assert_series_equal(y, pd.Series(expected[1], frame.index, name="t"))

    def test_every_column_keeps_its_type(self, frame):
        mixed = frame.astype({"a": np.float32, "b": "Float64"}).assign(c=np.arange(40))
        X, y, *_ = refine(perceptron(3), mixed.assign(t=np.arange(40)), "t")
        assert [str(dtype) for dtype in X.dtypes] == ["float32", "Float64", "float64"]
        assert y.dtype == np.float64
        narrow = refine(perceptron(3), frame.astype(np.float32), "t")
        assert {str(dtype) for dtype in narrow[0].dtypes} == {"float32"}

    def test_other_labels(self, frame):
        numbers = frame.set_axis([0, 1, 2, 3], axis=1)
        assert list(refine(perceptron(3), numbers, 2)[0].columns) == [0, 1, 3]
        pairs = frame.set_axis(pd.MultiIndex.from_product([["u", "v"], ["p", "q"]]), axis=1)
        X, y, *_ = refine(perceptron(3), pairs, ("v", "p"))
        assert y.name == ("v", "p")
        assert X.columns.nlevels == 2
        twins = frame.set_axis(["a", "a", "t", "c"], axis=1)
        assert list(refine(perceptron(3), twins, "t")[0].columns) == ["a", "a", "c"]

    def test_a_named_target_stays_in_a_series(self):
        values, _ = series()
        frame = pd.DataFrame(values, columns=["u", "v"])
        window = {"is_ts": True, "window_size": 5}
        model = Flat(10, 6)
        X, y, *_ = refine(model, frame, "u", **window)
        arrays = refine(model, values, values[:, 0], **window)
        assert list(X.columns) == ["u", "v"]
        assert np.array_equal(X, arrays[0])
        assert np.array_equal(y, arrays[1])
        X, *_ = refine(Flat(5, 6), frame, "u", keep_target=False, **window)
        assert list(X.columns) == ["v"]

    def test_the_published_call(self, frame):
        X, y, *_ = DenoGrad(perceptron(3), nn.MSELoss(), CPU).fit_transform(
            X=frame, y="t", nrr=0.05, max_epochs=10
        )
        assert X.shape == (40, 3)
        assert y.shape == (40,)


class TestFramesOfOtherLibraries:
    @pytest.fixture
    def other(self, frame):
        return pl.from_dict({name: frame[name].to_numpy() for name in frame.columns})

    def test_they_come_back_as_they_were(self, other, expected):
        X, y, *_ = refine(perceptron(3), other, "t")
        assert (type(X), X.columns) == (pl.DataFrame, ["a", "b", "c"])
        assert (type(y), y.name) == (pl.Series, "t")
        assert_same((X.to_numpy(), y.to_numpy()), expected)
        X, y, *_ = refine(perceptron(3), other.select("a", "b", "c"), other["t"])
        assert_same((X.to_numpy(), y.to_numpy()), expected)
        X, y, *_ = refine(perceptron(2, n_targets=2), other, ["t", "b"])
        assert (X.columns, y.columns) == (["a", "c"], ["t", "b"])

    def test_every_column_keeps_its_type(self, other):
        mixed = other.with_columns(pl.col("a").cast(pl.Float32), c=pl.int_range(40))
        X, y, *_ = refine(perceptron(3), mixed.with_columns(pl.col("t").cast(pl.Float32)), "t")
        assert X.dtypes == [pl.Float32, pl.Float64, pl.Float64]
        assert y.dtype == pl.Float32

    def test_columns_are_named(self, other):
        with pytest.raises(ValueError, match=r"no column 'price'; its columns are \['a', 'b', 't'"):
            refine(perceptron(3), other, "price")
        gaps = other.with_columns(b=pl.when(pl.col("b") > 0).then("b"))
        n_gaps = gaps["b"].null_count()
        with pytest.raises(ValueError, match=rf"X contains NaN.*column 'b' \({n_gaps}\)"):
            refine(perceptron(3), gaps, "t")
        with pytest.raises((TypeError, ValueError), match="column 'b' of X"):
            refine(perceptron(3), other.with_columns(b=pl.lit("x")), "t")
        with pytest.raises(TypeError, match=r"LazyFrame.*use X\.collect\(\)"):
            refine(perceptron(3), other.lazy(), other["t"])

    def test_columns_are_targets(self, other):
        inputs = read_inputs(other, None, target_cols=["t", "a"], is_ts=True, one_variable=True)
        assert inputs.target_columns == (2, 0)
        assert inputs.y.restore(inputs.y.values).columns == ["t", "a"]


class TestErrors:
    def test_missing_column(self, frame):
        with pytest.raises(ValueError, match=r"no column 'price'; .*\['a', 'b', 't', 'c'\]"):
            refine(perceptron(3), frame, "price")

    def test_columns_that_are_not_numbers(self, frame):
        for bad in (
            frame.assign(b="x"),
            frame.assign(b=pd.Categorical(["x"] * 40)),
            frame.assign(b=frame.index),
        ):
            with pytest.raises(TypeError, match="column 'b' of X has dtype"):
                refine(perceptron(3), bad, "t")
        with pytest.raises(ValueError, match="column 'b' of X does not hold numbers only"):
            refine(perceptron(3), frame.assign(b=pd.Series(["x"] * 40, frame.index, object)), "t")
        with pytest.raises(ValueError, match="Complex data not supported: column 'b' of X"):
            refine(perceptron(3), frame.assign(b=1j), "t")

    def test_objects_that_are_numbers_are_welcome(self, frame, expected):
        X, y, *_ = refine(perceptron(3), frame.astype(object), "t")
        assert np.array_equal(X, expected[0])
        assert np.array_equal(y, expected[1])

    def test_targets_that_are_not_continuous(self, frame):
        X = frame[["a", "b", "c"]]
        for y in (
            frame["t"] > 0,
            (frame["t"] > 0).astype("boolean"),
            (frame["t"] > 0).to_numpy(),
            torch.tensor((frame["t"] > 0).to_numpy(copy=True)),
            (frame["t"] > 0).to_frame(),
            (frame["t"] > 0).astype(object),
            (frame["t"] > 0).astype("category"),
            (frame["t"] > 0).to_numpy(object),
            pl.Series((frame["t"] > 0).to_numpy()),
        ):
            with pytest.raises(TypeError, match="continuous targets, not classes"):
                refine(perceptron(3), X, y)
        for text in (pd.Series(["x"] * 40), np.array(["x"] * 40)):
            with pytest.raises((TypeError, ValueError), match=r"y has dtype|y does not"):
                refine(perceptron(3), X, text)
        with pytest.raises(ValueError, match="CrossEntropyLoss is a loss for classes"):
            DenoGrad(perceptron(3), nn.CrossEntropyLoss()).fit(X, np.zeros(40, dtype=int))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_nan_and_infinity(self, frame, bad):
        frame.iloc[3, 1] = bad
        frame.iloc[4:6, 3] = bad
        with pytest.raises(ValueError, match=r"X .*column 'b' \(1\), column 'c' \(2\)"):
            refine(perceptron(3), frame, "t")
        frame = frame.fillna(0).replace([np.inf, -np.inf], 0)
        frame.iloc[0, 2] = bad
        with pytest.raises(ValueError, match=r"y contains .*1 of 40 rows"):
            refine(perceptron(3), frame, "t")

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, object])
    def test_masked_values_are_missing(self, dtype):
        X, y = table(40)
        X = np.ma.masked_array((10 * X).astype(dtype), np.zeros(X.shape, bool))
        y = np.ma.masked_array(y, np.zeros(40, bool))
        assert type(refine(perceptron(3), X, y)[0]) is np.ndarray
        X[5, 1] = -999
        X[5, 1] = np.ma.masked
        with pytest.raises(ValueError, match=r"X contains NaN, of 40 rows: column 1 \(1\)"):
            refine(perceptron(3), X, y)
        y[2:4] = np.ma.masked
        with pytest.raises(ValueError, match="y contains NaN, 2 of 40 rows"):
            refine(perceptron(3), X.filled(0), y)

    @pytest.mark.parametrize("container", [np.asarray, torch.as_tensor, pd.DataFrame])
    def test_values_whose_squares_overflow_are_named_as_such(self, container):
        X, y = table(40)
        X[:, 1] *= 1e200
        with pytest.raises(ValueError, match=r"above 1e\+150.*: column 1\. Divide"):
            refine(perceptron(3), container(X), container(y))

    def test_missing_values_of_extension_types(self, frame):
        gaps = frame.assign(b=pd.array([1, None] * 20, dtype="Int64"))
        with pytest.raises(ValueError, match=r"column 'b' \(20\)"):
            refine(perceptron(3), gaps, "t")

    def test_shapes(self):
        X, y = table()
        model = perceptron(3)
        with pytest.raises(ValueError, match="X has 60 rows, but y has 59"):
            refine(model, X, y[1:])
        with pytest.raises(ValueError, match=r"shape \(60,\).*reshape"):
            refine(model, X[:, 0], y)
        with pytest.raises(ValueError, match="X must have two dimensions"):
            refine(model, pd.Series(X[:, 0]), y)
        with pytest.raises(ValueError, match=r"y must have one dimension .* or two"):
            refine(model, X, y.reshape(6, 5, 2))
        with pytest.raises(ValueError, match=r"X has 0 sample.*\(0, 3\)"):
            refine(model, X[:0], y[:0])
        with pytest.raises(ValueError, match=r"X has 0 feature.*\(60, 0\)"):
            refine(model, X[:, :0], y)

    def test_containers(self):
        X, y = table(3)
        with pytest.raises(TypeError, match="X has to be a NumPy array, a tensor or a DataFrame"):
            refine(perceptron(3), X.tolist(), y)
        with pytest.raises(TypeError, match=r"y has to be .* got list"):
            refine(perceptron(3), X, y.tolist())
        with pytest.raises(ValueError, match="y is missing"):
            refine(perceptron(3), X)
        with pytest.raises(TypeError, match="X is a ndarray without names"):
            refine(perceptron(3), X, "t")
        with pytest.raises(TypeError, match=r"y = \[True, True, .*\.\.\.\] names columns"):
            refine(perceptron(3), X, [True] * 9)

    def test_names(self, frame):
        with pytest.raises(ValueError, match="names a column twice"):
            refine(perceptron(3), frame, ["t", "t"])
        with pytest.raises(ValueError, match="2 columns named 'a'"):
            refine(perceptron(3), frame.set_axis(["a", "a", "t", "c"], axis=1), "a")
        with pytest.raises(ValueError, match=r"No column of X is left beside the target \['t'\]"):
            refine(perceptron(3), frame[["t"]], "t")
        with pytest.raises(ValueError, match="keep_target has an effect only where y names"):
            refine(perceptron(3), frame, frame["t"], keep_target=True)

    def test_target_cols_need_a_rule_that_ties_them(self, frame):
        with pytest.raises(ValueError, match="target_cols has no effect under this rule"):
            refine(perceptron(4), frame, target_cols="t")


class TestTargetColumns:
    def read(self, X, **arguments):
        return read_inputs(X, None, is_ts=True, one_variable=True, **arguments)

    @pytest.mark.parametrize(
        ("wanted", "positions"), [(0, (0,)), (-1, (2,)), ([2, 0], (2, 0)), (np.int64(1), (1,))]
    )
    def test_positions(self, wanted, positions):
        X = np.arange(12.0).reshape(4, 3)
        inputs = self.read(X, target_cols=wanted)
        assert inputs.target_columns == positions
        assert np.array_equal(inputs.y.values, X[:, list(positions)])

    def test_names(self, frame):
        assert self.read(frame, target_cols="t").target_columns == (2,)
        assert self.read(frame, target_cols=["t", "a"]).target_columns == (2, 0)
        assert self.read(frame, target_cols=1).target_columns == (1,)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"target_cols": 3}, "no column 3; it has 3"),
            ({"target_cols": "t"}, "no column 't'"),
            ({"target_cols": []}, "empty"),
            ({"target_cols": [1, 1]}, "twice"),
            ({"target_cols": 1, "keep_target": True}, "keep_target has no effect"),
        ],
        ids=str,
    )
    def test_errors(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.read(np.ones((4, 3)), **arguments)

    def test_not_beside_y(self):
        with pytest.raises(ValueError, match="either y or target_cols"):
            read_inputs(np.ones((4, 3)), np.ones(4), target_cols=0, one_variable=True)
