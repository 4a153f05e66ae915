"""The class: steps computed by hand, what stays as it was, and what is refused."""

import copy
import doctest
import importlib
import inspect
import io
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.exceptions import NotFittedError
from torch import nn

from denograd import DenoGrad, OscillationWarning

from .toys import Calls, Flat, LastStep, assert_same, perceptron, plane, series, table, window_plane

pytestmark = pytest.mark.filterwarnings("ignore::denograd.OscillationWarning")
ROOT2 = np.sqrt(2.0)
WINDOWS = {"is_ts": True, "window_size": 5}


def refine(model, X, y, rule="normalized", loss=None, **arguments):
    return DenoGrad(model, loss or nn.MSELoss(), "cpu", rule=rule).fit_transform(X, y, **arguments)


def fitted(model, X, y, **arguments):
    return DenoGrad(model, nn.MSELoss(), "cpu").fit(X, y, **arguments)


def identity():
    """The model f(x) = x."""
    return plane([1.0], dtype=torch.float64)


class TestStepsByHand:
    @pytest.mark.parametrize("denoise_y", [True, False])
    def test_one_row_on_a_line(self, denoise_y):
        # f(x) = x, residual 1: the gradient points along (1, -1) / √2, whether y moves or not.
        X, y, steps_x, steps_y = refine(
            identity(), np.ones((1, 1)), np.zeros(1), nrr=0.1, max_epochs=1, denoise_y=denoise_y
        )
        np.testing.assert_allclose(X, [[1 - 0.1 / ROOT2]])
        np.testing.assert_allclose(y, [0.1 / ROOT2 * denoise_y])
        np.testing.assert_allclose(steps_x, [[[1 / ROOT2]]])
        np.testing.assert_allclose(steps_y, [[-1 / ROOT2 * denoise_y]])

    def test_two_inputs_and_two_targets(self):
        # f(x) = (3 x0, 4 x1) at (1, 1), y = 0: r = (3, 4), g_x = (9, 16), g_y = (-3, -4).
        model = plane([[3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
        X, y, *_ = refine(model, np.ones((1, 2)), np.zeros((1, 2)), nrr=0.5, max_epochs=1)
        norm = np.sqrt(9**2 + 16**2 + 3**2 + 4**2)
        np.testing.assert_allclose(X, [[1 - 0.5 * 9 / norm, 1 - 0.5 * 16 / norm]])
        np.testing.assert_allclose(y, [[0.5 * 3 / norm, 0.5 * 4 / norm]])

    def test_gate_includes_its_edge_and_asks_for_all_targets(self):
        model = plane([[1.0], [1.0]], dtype=torch.float64)
        X = np.array([[0.5], [0.5], [0.5]])
        y = np.array([[0.5, 0.25], [0.5, 0.0], [0.75, 0.25]])
        X_out, y_out, *_ = refine(model, X, y, nr_threshold=0.25, max_epochs=1)
        assert (X_out[:, 0] != X[:, 0]).tolist() == [False, True, False]
        assert (y_out != y).any(axis=1).tolist() == [False, True, False]

    def test_a_series_averages_over_visits(self):
        # Windows [0, 1] -> 2 and [1, 2] -> 3 of f(w) = w0 + w1; the residuals are 1 and 0.
        model = window_plane(2, 1, [1.0, 1.0], torch.float64)
        X = np.array([[1.0], [0.0], [0.0], [5.0]])
        y = np.array([9.0, 9.0, 0.0, 0.0])
        X_out, y_out, steps_x, steps_y = refine(
            model, X, y, is_ts=True, window_size=2, nrr=0.3, max_epochs=1
        )
        unit = 1 / np.sqrt(3.0)
        np.testing.assert_allclose(steps_x[0][:, 0], [unit, unit / 2, 0.0, 0.0])
        np.testing.assert_allclose(steps_y[0], [0.0, 0.0, -unit, 0.0])
        np.testing.assert_allclose(X_out[:, 0], X[:, 0] - 0.3 * steps_x[0][:, 0])
        np.testing.assert_allclose(y_out, y - 0.3 * steps_y[0])

    def test_history(self):
        denoiser = fitted(identity(), np.array([[1.0], [0.0]]), np.zeros(2))
        denoiser.transform(nrr=0.1, max_epochs=2)
        first, second = denoiser.history_
        assert (first.loss, first.gated) == (0.5, 0.5)
        assert first.step == pytest.approx(0.05)
        assert second.loss == pytest.approx((1 - 0.1 * ROOT2) ** 2 / 2)
        assert (second.gated, second.swinging) == (0.5, 0.0)


class TestLoop:
    def test_stops_when_no_row_moves(self):
        denoiser = fitted(identity(), np.array([[0.3]]), np.zeros(1))
        denoiser.transform(nrr=0.1 / ROOT2, nr_threshold=0.01 + 1e-9, max_epochs=50)
        assert [epoch.gated for epoch in denoiser.history_] == [0.0, 0.0, 0.0, 1.0]
        assert denoiser.history_[-1].step == 0.0
        assert denoiser.history_[-1].loss == pytest.approx(0.0, abs=1e-12)

    def test_rows_at_rest_leave_the_loop_and_still_count_in_the_loss(self):
        model = Calls(identity())
        denoiser = fitted(model, np.array([[0.0], [0.05], [3.0]]), np.zeros(3))
        model.batches.clear()
        denoiser.transform(nrr=0.1, nr_threshold=0.1, max_epochs=4)
        assert model.batches == [3, 1, 1, 1]
        moved = [3.0 - 0.1 * ROOT2 * i for i in range(4)]
        losses = [epoch.loss for epoch in denoiser.history_]
        assert losses == pytest.approx([(0.05**2 + r**2) / 3 for r in moved])

    def test_every_transform_starts_from_the_fitted_data(self):
        X, y = table()
        denoiser = fitted(perceptron(3), X, y)
        first = denoiser.transform(max_epochs=3)
        X[:] = 0.0
        assert_same(denoiser.transform(max_epochs=3), first)

    def test_rows_at_rest_come_back_bit_identical(self):
        X, y = table(200)
        model = perceptron(3)
        X_out, y_out, *_ = refine(model, X, y, nr_threshold=0.5, max_epochs=3)
        with torch.no_grad():
            residual = model(torch.tensor(X, dtype=torch.float32))[:, 0].numpy() - y
        rests = np.abs(residual) < 0.499
        assert 0 < rests.sum() < len(y)
        assert X_out.dtype == np.float64
        assert np.array_equal(X_out[rests], X[rests])
        assert np.array_equal(y_out[rests], y[rests])
        assert not np.array_equal(X_out[~rests], X[~rests])

    @pytest.mark.parametrize("is_ts", [False, True])
    @pytest.mark.parametrize("rule", ["normalized", "gauss-newton"])
    @pytest.mark.parametrize("batch_size", [1, 7, 33])
    def test_batch_size_does_not_matter(self, is_ts, rule, batch_size):
        X, y = series() if is_ts else table()
        model = Flat(5 * 2, 6).double() if is_ts else perceptron(3, dtype=torch.float64)
        where = WINDOWS if is_ts else {}
        arguments = {"rule": rule, "nr_threshold": 0.1, "max_epochs": 12, **where}
        expected = refine(model, X, y, **arguments)
        assert_same(refine(model, X, y, batch_size=batch_size, **arguments), expected, 1e-10)

    def test_a_model_whose_rows_are_context_sees_all_of_them_at_once(self):
        class MeanOfOthers(nn.Module):
            rows_are_independent = False

            def forward(self, x):
                seen.append(len(x))
                return x.sum(dim=1, keepdim=True) - x.mean()

        seen = []
        X, y = table(30)
        refine(MeanOfOthers(), X, y, nr_threshold=0.5, max_epochs=5, batch_size=4)
        assert set(seen) == {30}

    def test_dropout_and_batch_statistics_are_off(self):
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
        X, y = table()
        before = copy.deepcopy(model.state_dict())
        first = refine(model.train(), X, y, max_epochs=4)
        assert_same(refine(model.eval(), X, y, max_epochs=4), first)
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name])

    @pytest.mark.parametrize("loss", ["sum", "none"])
    def test_the_reduction_of_the_loss_does_not_matter(self, loss):
        X, y = table()
        model = perceptron(3, dtype=torch.float64)
        expected = refine(model, X, y, max_epochs=5)
        got = refine(model, X, y, max_epochs=5, loss=nn.MSELoss(reduction=loss))
        assert_same(got, expected, 1e-12)

    @pytest.mark.parametrize("rule", ["normalized", "gauss-newton"])
    @pytest.mark.parametrize("away", [0.0, 1e-200, 1e-309])
    def test_a_gradient_next_to_nothing_is_no_step(self, rule, away):
        X, y = np.zeros((2, 1)) + away, np.zeros(2)
        assert_same(refine(identity(), X, y, rule, nr_threshold=0.0, max_epochs=3), (X, y))

    def test_numbers_that_left_the_numbers_are_an_error(self):
        class Root(nn.Module):
            def forward(self, x):
                return x.sqrt()

        with pytest.raises(FloatingPointError, match="NaN or infinite in epoch 1"):
            refine(Root(), np.array([[-1.0], [2.0]]), np.zeros(2))


class TestSavedGradients:
    @pytest.mark.parametrize("is_ts", [False, True])
    def test_add_up_to_the_movement_row_by_row(self, is_ts):
        X, y = series() if is_ts else table()
        model = Flat(10, 6).double() if is_ts else perceptron(3, dtype=torch.float64)
        X_out, y_out, steps_x, steps_y = refine(
            model, X, y, nrr=0.02, nr_threshold=0.3, max_epochs=9, **(WINDOWS if is_ts else {})
        )
        assert len(steps_x) == len(steps_y) == 9
        assert {s.shape for s in steps_x} == {X.shape}
        assert {s.shape for s in steps_y} == {y.shape}
        np.testing.assert_allclose(X - 0.02 * np.sum(steps_x, axis=0), X_out)
        np.testing.assert_allclose(y - 0.02 * np.sum(steps_y, axis=0), y_out)

    def test_none_on_request_with_the_same_result(self):
        X, y = table()
        with_them = refine(perceptron(3), X, y, max_epochs=5)
        without = refine(perceptron(3), X, y, max_epochs=5, save_gradients=False)
        assert without[2:] == ([], [])
        assert_same(with_them, without)

    def test_warns_before_a_gigabyte(self):
        denoiser = fitted(plane([1.0]), np.zeros((10_000, 1)), np.zeros(10_000))
        with pytest.warns(UserWarning, match=r"up to 1\.0 GB; save_gradients=False"):
            denoiser.transform(max_epochs=12_501)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            denoiser.transform(max_epochs=12_500)
            denoiser.transform(max_epochs=10**6, save_gradients=False)


class TestOscillation:
    def test_warns_when_the_step_is_too_large_for_the_gate(self):
        X = np.linspace(0.5, 1.5, 40)[:, None]
        with pytest.warns(OscillationWarning, match="nrr is too large"):
            refine(identity(), X, np.zeros(40), nrr=0.2, nr_threshold=0.001, max_epochs=50)

    def test_is_silent_when_the_gate_catches_every_row(self):
        X = np.linspace(0.5, 1.5, 40)[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            refine(plane([1.0]), X, np.zeros(40), nrr=0.01, nr_threshold=0.1, max_epochs=200)

    def test_warns_in_a_series(self):
        X, y = series(200)
        with pytest.warns(OscillationWarning):
            refine(Flat(10, 6), X, y, nrr=0.5, nr_threshold=1e-4, **WINDOWS)


class TestInvariants:
    @settings(deadline=None, max_examples=25)
    @given(
        arrays(np.float64, (12, 3), elements=st.floats(-5, 5)),
        arrays(np.float64, 12, elements=st.floats(-5, 5)),
        st.floats(0.001, 0.5),
        st.floats(0, 1),
    )
    def test_table(self, X, y, nrr, threshold):
        model = perceptron(3, dtype=torch.float64)
        X_before, y_before = X.copy(), y.copy()
        options = {"nrr": nrr, "nr_threshold": threshold, "max_epochs": 4}
        X_out, y_out, steps_x, steps_y = refine(model, X, y, **options)
        order = np.random.default_rng(0).permutation(12)
        other = refine(model, X[order], y[order], **options)
        assert_same((X, y), (X_before, y_before))
        assert_same(other, (X_out[order], y_out[order]), 1e-9)
        for step_x, step_y in zip(steps_x, steps_y, strict=True):
            lengths = np.sqrt((step_x**2).sum(axis=1) + step_y**2)
            assert np.all(np.isclose(lengths, 1) | (lengths == 0))
        with torch.no_grad():
            residual = model(torch.tensor(X))[:, 0].numpy() - y
        rests = np.abs(residual) < threshold - 1e-9
        assert np.array_equal(X_out[rests], X[rests])

    @settings(deadline=None, max_examples=25)
    @given(
        arrays(np.float64, (15, 2), elements=st.floats(-5, 5)),
        st.integers(1, 5),
        st.integers(1, 3),
        st.integers(1, 4),
        st.floats(0.001, 0.5),
    )
    @example(np.ones((15, 2)), 5, 1, 1, 0.5)  # predictions that are nothing but rounding
    def test_series(self, X, window, future, stride, nrr):
        model = window_plane(window, 2, np.linspace(-1, 1, 2 * window), torch.float64)
        before = X.copy()
        X_out, y_out, *_ = refine(
            model, X, X[:, 0], is_ts=True, window_size=window, future=future, stride=stride,
            nrr=nrr, max_epochs=3, channels_first=False,
        )  # fmt: skip
        assert np.array_equal(X, before)
        assert np.all(np.linalg.norm(X_out - X, axis=1) <= 3 * nrr + 1e-12)
        assert np.all(np.abs(y_out - X[:, 0]) <= 3 * nrr + 1e-12)
        starts = range(0, 15 - window - future + 1, stride)
        covered = {t for s in starts for t in range(s, s + window)}
        predicted = {s + window + future - 1 for s in starts}
        for t in range(15):
            assert t in covered or np.array_equal(X_out[t], X[t])
            assert t in predicted or y_out[t] == X[t, 0]


class TestCaller:
    @pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
    def test_the_model_is_restored_after(self, error):
        inner = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1)).train()
        inner[1].eval()
        inner[0].weight.requires_grad_(False)
        inner[2].weight.grad = torch.ones_like(inner[2].weight)
        model = Calls(inner, error, after=3)
        before = copy.deepcopy(model.state_dict())
        X, y = table()
        X_before, y_before = X.copy(), y.copy()
        denoiser = fitted(model, X, y)
        with pytest.raises(type(error)):
            denoiser.transform(nr_threshold=0.0, batch_size=20)
        assert [m.training for m in model.modules()] == [True, True, True, False, True]
        assert [p.requires_grad for p in model.parameters()] == [False, True, True, True]
        assert inner[2].weight.grad.eq(1).all()
        assert inner[0].weight.grad is None
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name])
        assert_same((X, y), (X_before, y_before))
        model.error = None
        denoiser.transform(max_epochs=2)

    def test_works_without_gradients_switched_on(self):
        X, y = table()
        model = perceptron(3)
        expected = refine(model, X, y, max_epochs=2)
        for mode in (torch.no_grad, torch.inference_mode):
            with mode():
                got = refine(model, torch.tensor(X), torch.tensor(y), max_epochs=2)
            np.testing.assert_array_equal(got[0].numpy(), expected[0])

    def test_global_random_state_is_untouched(self):
        X, y = table()
        before = torch.get_rng_state()
        refine(nn.Sequential(nn.Dropout(0.5), perceptron(3)), X, y, max_epochs=2)
        assert torch.equal(torch.get_rng_state(), before)

    def test_read_only_arrays_are_welcome(self):
        X, y = table()
        X.setflags(write=False)
        y.setflags(write=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            refine(perceptron(3), X, y, max_epochs=2)

    def test_computes_in_the_type_of_the_model(self):
        X, y = table(dtype=np.float32)
        types = []

        class Type(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = perceptron(3, dtype=torch.float64)

            def forward(self, x):
                types.append(x.dtype)
                return self.inner(x)

        X_out, *_ = refine(Type(), X, y, max_epochs=2)
        assert set(types) == {torch.float64}
        assert X_out.dtype == np.float32

    def test_values_too_large_for_the_model_are_refused(self):
        with pytest.raises(ValueError, match=r"X holds values above 3\.4e\+38"):
            refine(plane([1.0]), np.array([[1e100], [1.0]]), np.zeros(2))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    @pytest.mark.parametrize(
        ("progress", "terminal", "shown"),
        [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
    )
    def test_bar(self, monkeypatch, capsys, progress, terminal, shown):
        stream = Terminal() if terminal else io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        X, y = table()
        refine(perceptron(3), X, y, max_epochs=3, progress=progress)
        assert ("epoch" in stream.getvalue()) == shown
        assert capsys.readouterr().out == ""


class TestPublishedCalls:
    """The calls of the paper's documentation."""

    def test_table(self):
        X, y = table(dtype=np.float32)
        denoiser = DenoGrad(model=perceptron(3), criterion=nn.MSELoss(), device="cpu")
        out = denoiser.fit_transform(X=X, y=y, nrr=0.05, nr_threshold=0.01, max_epochs=200)
        assert len(out) == 4

    def test_series(self):
        X, y = series(60, dtype=np.float32)
        denoiser = DenoGrad(LastStep(2, 4), criterion=nn.MSELoss(), device=torch.device("cpu"))
        out = denoiser.fit_transform(
            X=X, y=y, is_ts=True, window_size=24, future=1, stride=1,
            nrr=0.01, nr_threshold=0.1, max_epochs=20,
        )  # fmt: skip
        assert out[0].shape == X.shape

    def test_fit_transform_has_every_argument_of_both(self):
        def names(function):
            return {n: p.default for n, p in inspect.signature(function).parameters.items()}

        both = names(DenoGrad.fit) | names(DenoGrad.transform)
        # Defaults are the same but for the copy, which is of use to a later call alone.
        assert names(DenoGrad.fit_transform) == both | {"copy": False}

    def test_defaults(self):
        X, y = table(20)
        spelled = refine(perceptron(3), X, y, nrr=0.05, nr_threshold=0.01, max_epochs=100)
        assert_same(refine(perceptron(3), X, y), spelled)


def test_the_example_of_the_docstring():
    results = doctest.testmod(importlib.import_module("denograd.denoiser"))
    assert results.attempted > 0
    assert results.failed == 0


class TestErrors:
    def test_transform_before_fit(self):
        with pytest.raises(NotFittedError, match="call fit"):
            DenoGrad(perceptron(3), nn.MSELoss()).transform()

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"model": print}, TypeError, r"model has to be a torch\.nn\.Module, got builtin"),
            ({"criterion": "mse"}, TypeError, "criterion has to be callable, got str"),
            ({"rule": "newton"}, ValueError, r"no rule 'newton'.*'gauss-newton', 'global', 'norm"),
        ],
    )
    def test_constructor(self, arguments, error, message):
        with pytest.raises(error, match=message):
            DenoGrad(**{"model": perceptron(3), "criterion": nn.MSELoss(), **arguments})

    @pytest.mark.parametrize(
        ("name", "wrong"),
        {
            "nrr": [0.0, -1.0, float("nan"), float("inf"), "0.1", True],
            "nr_threshold": [-0.1, float("nan")],
            "max_epochs": [0, 2.5, -3, True],
            "batch_size": [0, 1.5],
        }.items(),
    )
    def test_wrong_numbers(self, name, wrong):
        for value in wrong:
            with pytest.raises(ValueError, match=f"^{name} has to be"):
                refine(perceptron(3), *table(), **{name: value})

    def test_unknown_argument(self):
        with pytest.raises(TypeError, match="no argument 'nr_treshold'; those of the rule"):
            refine(perceptron(3), *table(), nr_treshold=0.1)

    @pytest.mark.parametrize(
        ("n_steps", "cut", "message"),
        [
            (20, {}, "needs window_size"),
            (20, {"window_size": 24}, "at least 25 rows; the series has 20"),
            (20, {"window_size": 18, "future": 4}, "at least 22 rows; the series has 20"),
            (1, {"window_size": 2, "channels_first": False}, "at least 3 rows; the series has 1"),
        ],
    )
    def test_series_needs_a_window_that_fits(self, n_steps, cut, message):
        with pytest.raises(ValueError, match=message):
            refine(LastStep(2, 3), *series(n_steps), is_ts=True, **cut)

    @pytest.mark.parametrize("name", ["window_size", "future", "stride"])
    @pytest.mark.parametrize("value", [0, -1, 2.0, "3"])
    def test_wrong_windows(self, name, value):
        with pytest.raises(ValueError, match=f"^{name} has to be an integer"):
            refine(LastStep(2, 3), *series(20), **(WINDOWS | {name: value}))

    def test_windows_of_a_table(self):
        with pytest.raises(ValueError, match="window_size, stride has an effect on a series only"):
            refine(perceptron(3), *table(), window_size=3, stride=2)

    def test_a_model_of_other_data(self):
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            refine(perceptron(5), *table())
        with pytest.raises(ValueError, match=r"shape \(2, 2\).*asks for \(2, 1\)"):
            refine(perceptron(3, n_targets=2), *table())

    def test_a_failed_fit_leaves_the_former_one(self):
        X, y = table()
        denoiser = fitted(perceptron(3), X, y)
        expected = denoiser.transform(max_epochs=2)
        with pytest.raises(ValueError, match="rows"):
            denoiser.fit(X, y[:5])
        assert_same(denoiser.transform(max_epochs=2), expected)


class TestChannelsFirst:
    class Convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv1d(2, 1, 5)

        def forward(self, x):
            return self.layer(x)[:, :, 0]

    def test_is_found_out(self):
        X, y = series()
        model = self.Convolution()
        with_default = refine(model, X, y, max_epochs=3, **WINDOWS)
        told = refine(model, X, y, max_epochs=3, channels_first=True, **WINDOWS)
        assert_same(with_default, told)
        with pytest.raises(RuntimeError, match="channels"):
            refine(model, X, y, channels_first=False, **WINDOWS)

    def test_is_asked_for_where_window_and_channels_are_equal(self):
        X, y = series(c=5)
        with pytest.raises(ValueError, match=r"both 5.*pass channels_first=True"):
            refine(LastStep(5, 3), X, y, **WINDOWS)
        refine(LastStep(5, 3), X, y, channels_first=False, max_epochs=1, **WINDOWS)

    def test_neither_way(self):
        X, y = series()
        with pytest.raises(ValueError, match=r"neither way round.*time_first.*channels_first"):
            refine(LastStep(9, 3), X, y, **WINDOWS)

    def test_a_wrong_output_is_not_a_refusal(self):
        X, y = series()

        class TwoOutputs(nn.Module):
            def forward(self, x):
                return x.flatten(1)[:, :2]

        with pytest.raises(ValueError, match=r"shape \(2, 2\) for a batch of shape \(2, 5, 2\)"):
            refine(TwoOutputs(), X, y, **WINDOWS)

    def test_flattened_windows_have_no_channels(self):
        X, y = series()
        with pytest.raises(ValueError, match="no effect with flattening"):
            refine(perceptron(10), X, y, flattening=True, channels_first=True, **WINDOWS)

    def test_flattening(self):
        X, y = series()
        inner = perceptron(10)
        flat = refine(inner, X, y, flattening=True, max_epochs=3, **WINDOWS)
        by_itself = refine(nn.Sequential(nn.Flatten(), inner), X, y, max_epochs=3, **WINDOWS)
        assert_same(flat, by_itself)
