"""The step rules against their formulas, and their arguments."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from denograd import DenoGrad
from denograd.rules import GaussNewton, Global, Normalized, make_rule, rule_class, rules
from denograd.rules.base import SampleRule

from .toys import Flat, LastStep, perceptron, plane, series, table, window_plane

CPU = torch.device("cpu")
SERIES = {"is_ts": True, "window_size": 5}


def refine(model, X, y=None, rule="gauss-newton", loss=None, **arguments):
    return DenoGrad(model, loss or nn.MSELoss(), CPU, rule=rule).fit_transform(X, y, **arguments)


class TestInstances:
    def test_an_instance_has_all_the_arguments(self):
        X, y = table()
        named = refine(perceptron(3), X, y, "gauss-newton", nrr=0.4, eta_y=0.1, max_epochs=4)
        rule = GaussNewton(nrr=0.4, eta_y=0.1, max_epochs=4)
        given = refine(perceptron(3), X, y, rule)
        as_mapping = {"name": "gauss-newton", "nrr": 0.4, "eta_y": 0.1}
        mapped = refine(perceptron(3), X, y, as_mapping, max_epochs=4)
        for one, other, third in zip(named[:2], given[:2], mapped[:2], strict=True):
            np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(one, third)

    @pytest.mark.parametrize("arguments", [{"nrr": 0.1}, {"eta_x": 0.5, "max_epochs": 3}], ids=str)
    def test_arguments_beside_an_instance_are_refused(self, arguments):
        X, y = table()
        message = f"^{', '.join(sorted(arguments, reverse=True))} has no effect beside an instance"
        with pytest.raises(ValueError, match=message):
            refine(perceptron(3), X, y, GaussNewton(), **dict(sorted(arguments.items())[::-1]))

    def test_of_another_domain_is_refused(self):
        X, y = table()
        with pytest.raises(ValueError, match="The rule 'global' refines a series"):
            refine(perceptron(3), X, y, Global())
        with pytest.raises(ValueError, match=r"^consensus has no effect .* on tabular data"):
            refine(perceptron(3), X, y, Normalized(consensus="sum"))

    def test_all_arguments_are_named(self):
        with pytest.raises(TypeError, match="positional"):
            GaussNewton(0.5)


class TestArguments:
    def test_defaults(self):
        assert set(rules()) == {"normalized", "gauss-newton", "global", "calibrated"}
        normalized, newton, whole = (
            make_rule(name) for name in ("normalized", "gauss-newton", "global")
        )
        assert (normalized.nrr, normalized.nr_threshold, normalized.max_epochs) == (0.05, 0.01, 100)
        assert (newton.nrr, newton.nr_threshold, newton.max_epochs) == (0.5, 0.01, 100)
        assert (newton.eta_x, newton.eta_y) == (1, 1)
        assert (whole.max_epochs, whole.lam, whole.lr, whole.tol) == (300, 1.0, 0.05, 1e-7)

    @pytest.mark.parametrize(
        ("rule", "arguments"),
        [
            ("normalized", {"eta_x": 1.0}),
            ("normalized", {"eta_y": 1.0}),
            ("normalized", {"lam": 1.0}),
            ("gauss-newton", {"lr": 0.1}),
            ("gauss-newton", {"tol": 0.1}),
            ("global", {"nrr": 0.1}),
            ("global", {"nr_threshold": 0.1}),
            ("global", {"eta_y": 0.5}),
        ],
        ids=str,
    )
    def test_without_effect_is_an_error(self, rule, arguments):
        X, y = series()
        (name,) = arguments
        with pytest.raises(ValueError, match=f"^{name} has no effect under the rule '{rule}'; its"):
            refine(Flat(10, 6), X, y, rule, **SERIES, **arguments)

    def test_none_is_the_default_under_every_rule(self):
        idle = dict.fromkeys(("nrr", "eta_x", "eta_y", "lam", "lr", "tol", "max_epochs"))
        for name in rules():
            assert make_rule(name, **idle) == make_rule(name)

    @pytest.mark.parametrize(
        ("rule", "name", "value"),
        [
            ("gauss-newton", "eta_x", -1.0),
            ("gauss-newton", "eta_y", float("nan")),
            ("global", "lam", -0.1),
            ("global", "lr", 0.0),
            ("global", "tol", -1e-9),
            ("global", "max_epochs", 0),
        ],
    )
    def test_wrong_values(self, rule, name, value):
        with pytest.raises(ValueError, match=f"^{name} has to be"):
            make_rule(rule, **{name: value})

    def test_unknown_rules(self):
        for name in ("newton", None, []):
            with pytest.raises(ValueError, match="There is no rule"):
                rule_class(name)

    def test_another_rule_is_one_class(self, monkeypatch):
        @dataclass(frozen=True)
        class Plain(SampleRule):
            name: ClassVar[str] = "plain"
            slope: float = 1.0

            def direction(self, gradient):
                return self.slope * gradient.x, self.slope * gradient.y

        monkeypatch.setitem(rules(), "plain", Plain)
        X, y = np.array([[1.0]]), np.array([0.0])
        model = plane([1.0], dtype=torch.float64)
        X_out, y_out, *_ = refine(model, X, y, "plain", nrr=0.1, slope=2.0, max_epochs=1)
        np.testing.assert_allclose((X_out[0, 0], y_out[0]), (1 - 0.1 * 2 * 2, 0.1 * 2 * 2))


class TestGaussNewton:
    def test_closes_the_share_of_the_distance_to_a_plane(self):
        weights = np.array([3.0, -4.0])
        model = plane(weights, 0.5, torch.float64)
        X, y = table(20, 2)
        X_out, y_out, *_ = refine(model, X, y, nrr=0.25, max_epochs=1)
        residual = X @ weights + 0.5 - y
        np.testing.assert_allclose(X_out @ weights + 0.5 - y_out, 0.75 * residual)
        length = np.sqrt(((X_out - X) ** 2).sum(axis=1) + (y_out - y) ** 2)
        np.testing.assert_allclose(length, 0.25 * np.abs(residual) / np.sqrt(3**2 + 4**2 + 1))

    def test_a_whole_step_lands_on_a_plane(self):
        model = plane([3.0, -4.0], dtype=torch.float64)
        X, y = table(20, 2)
        denoiser = DenoGrad(model, nn.MSELoss(), CPU, rule="gauss-newton").fit(X, y)
        denoiser.transform(nrr=1.0)
        assert len(denoiser.history_) == 2
        assert denoiser.history_[-1].loss == pytest.approx(0.0, abs=1e-20)

    def test_several_targets(self):
        # As for the rule "normalized": r = (3, 4), g_x = (9, 16), g_y = (-3, -4), up to a factor.
        model = plane([[3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
        X, y, *_ = refine(model, np.ones((1, 2)), np.zeros((1, 2)), nrr=0.5, max_epochs=1)
        scale = 0.5 * 5 * 5 / (9**2 + 16**2 + 25)
        np.testing.assert_allclose(X, [[1 - scale * 9, 1 - scale * 16]])
        np.testing.assert_allclose(y, [[scale * 3, scale * 4]])

    def test_eta_multiplies_after_the_normalisation(self):
        X, y = table()
        model = perceptron(3, dtype=torch.float64)
        X_one, y_one, *_ = refine(model, X, y, max_epochs=1)
        X_out, y_out, *_ = refine(model, X, y, max_epochs=1, eta_x=0.5, eta_y=0.1)
        np.testing.assert_allclose(X_out - X, 0.5 * (X_one - X))
        np.testing.assert_allclose(y_out - y, 0.1 * (y_one - y), atol=1e-15)

    @settings(deadline=None, max_examples=25)
    @given(
        arrays(np.float64, (10, 3), elements=st.floats(-5, 5)),
        arrays(np.float64, 10, elements=st.floats(-5, 5)),
        st.floats(0.01, 1.0),
    )
    def test_no_sample_moves_further_than_its_residual(self, X, y, nrr):
        model = perceptron(3, dtype=torch.float64)
        X_out, y_out, *_ = refine(model, X, y, nrr=nrr, max_epochs=1)
        with torch.no_grad():
            residual = np.abs(model(torch.tensor(X))[:, 0].numpy() - y)
        length = np.sqrt(((X_out - X) ** 2).sum(axis=1) + (y_out - y) ** 2)
        assert np.all(length <= nrr * residual + 1e-12)

    def test_only_windows_that_are_not_gated_count_as_visits(self):
        # Windows [0, 1] -> 2 and [1, 2] -> 3 of f(w) = w0 + w1; the residuals are 1 and 0.
        model = window_plane(2, 1, [1.0, 1.0], torch.float64)
        X, y = np.array([[1.0], [0.0], [0.0], [5.0]]), np.array([9.0, 9.0, 0.0, 0.0])
        _, y_out, steps_x, _ = refine(model, X, y, is_ts=True, window_size=2, nrr=0.3, max_epochs=1)
        np.testing.assert_allclose(steps_x[0][:, 0], [1 / 3, 1 / 3, 0.0, 0.0])
        np.testing.assert_allclose(y_out, [9.0, 9.0, 0.1, 0.0])

    @pytest.mark.parametrize("reduction", ["sum", "none"])
    def test_the_reduction_of_the_loss_does_not_matter(self, reduction):
        X, y = table()
        model = perceptron(3, 2, torch.float64)
        y = np.stack([y, -y], axis=1)
        expected = refine(model, X, y, max_epochs=5)
        got = refine(model, X, y, max_epochs=5, loss=nn.MSELoss(reduction=reduction))
        np.testing.assert_allclose(got[0], expected[0])


def own_global(model, X, targets, *, window, epochs, lam, lr, held=False):
    """The objective as it is written, all windows at once; `targets` is y or a column of X."""
    z = torch.tensor(X, requires_grad=True)
    tied = isinstance(targets, int)
    y = None if tied else torch.tensor(targets, requires_grad=not held)
    refined = [z] if tied or held else [z, y]
    observed = [values.detach().clone() for values in refined]
    optimizer = torch.optim.Adam(refined, lr=lr)
    objectives = []
    for _ in range(epochs):
        windows = torch.stack([z[s : s + window] for s in range(len(X) - window)])
        target = (z[:, targets] if tied else y)[window:]
        loss = (model(windows)[:, 0] - target).square().mean()
        away = torch.cat([(v - o).flatten() for v, o in zip(refined, observed, strict=True)])
        objective = loss + lam * away.square().mean()
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        objectives.append(objective.item())
    return z.detach().numpy(), None if tied else y.detach().numpy(), objectives


class TestGlobal:
    @pytest.mark.parametrize("denoise_y", [True, False])
    @pytest.mark.parametrize("batch_size", [1000, 7])
    def test_is_adam_on_the_objective(self, denoise_y, batch_size):
        X, y = series()
        model = LastStep(2, 4).double()
        X_own, y_own, objectives = own_global(
            model, X, y, window=5, epochs=15, lam=0.7, lr=0.02, held=not denoise_y
        )
        denoiser = DenoGrad(model, nn.MSELoss(), CPU, rule="global").fit(X, y, **SERIES)
        X_out, y_out, *_ = denoiser.transform(
            max_epochs=15, lam=0.7, lr=0.02, denoise_y=denoise_y, batch_size=batch_size
        )
        np.testing.assert_allclose(X_out, X_own, atol=1e-9)
        np.testing.assert_allclose(y_out, y_own, atol=1e-9)
        assert [epoch.loss for epoch in denoiser.history_] == pytest.approx(objectives)

    @pytest.mark.parametrize("batch_size", [1000, 7])
    def test_a_target_that_is_a_channel_is_one_variable(self, batch_size):
        X, _ = series()
        model = LastStep(2, 4).double()
        X_own, _, objectives = own_global(model, X, 1, window=5, epochs=15, lam=0.7, lr=0.02)
        denoiser = DenoGrad(model, nn.MSELoss(), CPU, rule="global")
        denoiser.fit(X, target_cols=1, **SERIES)
        X_out, y_out, *_ = denoiser.transform(
            max_epochs=15, lam=0.7, lr=0.02, batch_size=batch_size
        )
        np.testing.assert_allclose(X_out, X_own, atol=1e-9)
        assert np.array_equal(y_out, X_out[:, [1]])
        assert [epoch.loss for epoch in denoiser.history_] == pytest.approx(objectives)

    def test_a_channel_can_be_held_fixed(self):
        X, _ = series()
        X_out, y_out, steps_x, steps_y = refine(
            LastStep(2, 4), X, rule="global", target_cols=0, denoise_y=False, max_epochs=5, **SERIES
        )
        assert np.array_equal(X_out[:, 0], X[:, 0])
        assert np.array_equal(y_out, X[:, [0]])
        assert not np.array_equal(X_out[:, 1], X[:, 1])
        assert not np.any(steps_y)
        assert not np.any(np.stack(steps_x)[:, :, 0])

    def test_every_channel_held_fixed_leaves_nothing_to_do(self):
        X, _ = series(c=1)
        with pytest.raises(ValueError, match="nothing is left to refine"):
            refine(Flat(5, 3), X, rule="global", target_cols=0, denoise_y=False, **SERIES)

    def test_names_are_one_variable_too(self):
        X, _ = series()
        frame = pd.DataFrame(X, columns=["u", "v"])
        model = LastStep(2, 4).double()
        arguments = {"rule": "global", "max_epochs": 5, **SERIES}
        by_position = refine(model, X, target_cols=0, **arguments)
        for target in ({"y": "u"}, {"target_cols": "u"}):
            X_out, y_out, *_ = refine(model, frame, **target, **arguments)
            assert np.array_equal(X_out, by_position[0])
            pd.testing.assert_series_equal(y_out, X_out["u"])
        X_out, y_out, *_ = refine(model, frame, ["u"], **arguments)
        assert list(y_out.columns) == ["u"]
        alone = refine(Flat(5, 3), frame, "u", keep_target=False, **arguments)
        assert list(alone[0].columns) == ["v"]

    def test_stops_at_the_tolerance(self):
        X, y = series()
        denoiser = DenoGrad(LastStep(2, 4).double(), nn.MSELoss(), CPU, rule="global")
        denoiser.fit(X, y, **SERIES).transform(tol=1e-3, max_epochs=300)
        losses = [epoch.loss for epoch in denoiser.history_]
        changes = np.abs(np.diff(losses))
        assert 1 < len(losses) < 300
        assert changes[-1] < 1e-3
        assert np.all(changes[:-1] >= 1e-3)

    def test_directions_add_up_to_the_movement(self):
        X, y = series()
        X_out, y_out, steps_x, steps_y = refine(
            LastStep(2, 4).double(), X, y, "global", lr=0.02, max_epochs=7, **SERIES
        )
        np.testing.assert_allclose(X - 0.02 * np.sum(steps_x, axis=0), X_out)
        np.testing.assert_allclose(y - 0.02 * np.sum(steps_y, axis=0), y_out)

    @pytest.mark.parametrize("reduction", ["sum", "none"])
    def test_the_reduction_of_the_loss_does_not_matter(self, reduction):
        X, y = series()
        model = LastStep(2, 4).double()
        loss = nn.MSELoss(reduction=reduction)
        expected = refine(model, X, y, "global", max_epochs=5, **SERIES)
        got = refine(model, X, y, "global", max_epochs=5, loss=loss, batch_size=9, **SERIES)
        np.testing.assert_allclose(got[0], expected[0], atol=1e-12)

    def test_is_for_series(self):
        X, y = table()
        with pytest.raises(ValueError, match="'global' refines a series: pass is_ts=True"):
            refine(perceptron(3), X, y, "global")

    def test_large_lam_keeps_the_data(self):
        X, y = series()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            near, _, *_ = refine(LastStep(2, 4), X, y, "global", lam=100.0, lr=0.001, **SERIES)
            far, _, *_ = refine(LastStep(2, 4), X, y, "global", lam=0.01, lr=0.001, **SERIES)
        assert np.linalg.norm(near - X) < 0.2 * np.linalg.norm(far - X)
