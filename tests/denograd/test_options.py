"""The options of a refinement against a reference of a few lines, one sample at a time."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad
from denograd.history import OscillationWarning
from denograd.refinement import problem
from denograd.rules import rule_class, rules

from .toys import Flat, complete, perceptron, series, table, window_plane

CPU = torch.device("cpu")
SAMPLE_RULES = ["normalized", "gauss-newton"]
WINDOW = 5
CUTS = [(1, 1), (2, 3)]  # (future, stride)


def refine(model, X, y=None, rule="normalized", **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OscillationWarning)
        return DenoGrad(model, nn.MSELoss(), CPU, rule=rule).fit_transform(X, y, **arguments)


def direction(model, x, y, rule="normalized", normalization="joint", threshold=None):
    """Direction of one sample in x and in y; None when it rests."""
    x = torch.tensor(x, requires_grad=True)
    y = torch.tensor(y, requires_grad=True)
    residual = model(x[None])[0, 0] - y
    if threshold is not None and abs(residual.item()) <= threshold:
        return None
    g_x, g_y = (g.numpy() for g in torch.autograd.grad(residual**2, (x, y)))
    norm = np.sqrt((g_x**2).sum() + g_y**2)
    if rule == "gauss-newton":
        length = abs(residual.item()) * abs(g_y) / norm
        return length * g_x / norm, length * g_y / norm
    if normalization == "separate":
        return g_x / np.sqrt((g_x**2).sum()), g_y / abs(g_y)
    return g_x / norm, g_y / norm


def refine_table(model, X, y, nrr, epochs, **options):
    X, y = X.copy(), y.copy()
    for _, i in product(range(epochs), range(len(X))):
        step = direction(model, X[i], y[i], **options)
        if step is not None:
            X[i], y[i] = X[i] - nrr * step[0], y[i] - nrr * step[1]
    return X, y


def refine_series(model, X, y, nrr, epochs, consensus="mean", future=1, stride=1, **options):
    X, y = X.copy(), y.copy()
    resting_count = options.get("rule", "normalized") == "normalized"
    for _ in range(epochs):
        votes = [[] for _ in X]  # of each time step, in the order of the windows
        step_y = np.zeros(len(y))
        for s in range(0, len(X) - WINDOW - future + 1, stride):
            target = s + WINDOW + future - 1
            step = direction(model, X[s : s + WINDOW], y[target], **options)
            if step is None and not resting_count:
                continue
            of_x, of_y = (np.zeros((WINDOW, X.shape[1])), 0.0) if step is None else step
            step_y[target] = of_y
            for t in range(WINDOW):
                votes[s + t].append(of_x[t])
        agree = {"mean": lambda v: np.mean(v, axis=0), "sum": sum, "last": lambda v: v[-1]}
        for t, of_step in enumerate(votes):
            if of_step:
                X[t] -= nrr * agree[consensus](of_step)
        y -= nrr * step_y
    return X, y


def assert_same(got, expected, atol=1e-10):
    for ours, theirs in zip(got[:2], expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


# the gate


@pytest.mark.parametrize("rule", SAMPLE_RULES)
def test_a_gate_of_zero_is_no_gate_in_a_table(rule):
    X, y = table(30)
    model = perceptron(3, dtype=torch.float64)
    # The step is so large that rows jump about the surface: a gate would stop some of them.
    expected = refine_table(model, X, y, 0.3, 6, rule=rule, threshold=None)
    got = refine(model, X, y, rule, nrr=0.3, nr_threshold=0.0, max_epochs=6)
    assert_same(got, expected)
    gated = refine_table(model, X, y, 0.3, 6, rule=rule, threshold=0.2)
    assert not np.allclose(gated[1], expected[1])


@pytest.mark.parametrize("rule", SAMPLE_RULES)
def test_a_gate_of_zero_is_no_gate_in_a_series(rule):
    X, y = series(30)
    model = Flat(2 * WINDOW, 6).double()
    expected = refine_series(model, X, y, 0.1, 4, rule=rule, threshold=None)
    denoiser = DenoGrad(model, nn.MSELoss(), CPU, rule=rule)
    denoiser.fit(X, y, is_ts=True, window_size=WINDOW)
    assert_same(denoiser.transform(nrr=0.1, nr_threshold=0.0, max_epochs=4), expected)
    assert [epoch.gated for epoch in denoiser.history_] == [0.0] * 4


# normalization


def test_separate_norms_in_a_table():
    X, y = table(30)
    model = perceptron(3, dtype=torch.float64)
    options = {"nrr": 0.05, "normalization": "separate"}
    expected = refine_table(model, X, y, epochs=2, threshold=0.3, **options)
    got = refine(model, X, y, nr_threshold=0.3, max_epochs=2, **options)
    assert_same(got, expected)
    *_, steps_x, steps_y = got
    moving = steps_y[0] != 0
    assert 0 < moving.sum() < len(y)
    np.testing.assert_allclose(np.linalg.norm(steps_x[0][moving], axis=1), 1.0)
    np.testing.assert_allclose(np.abs(steps_y[0][moving]), 1.0)


def test_separate_norms_in_a_series():
    X, y = series(30)
    model = Flat(2 * WINDOW, 6).double()
    options = {"nrr": 0.05, "normalization": "separate"}
    expected = refine_series(model, X, y, epochs=2, threshold=0.3, **options)
    cut = {"is_ts": True, "window_size": WINDOW}
    assert_same(refine(model, X, y, nr_threshold=0.3, max_epochs=2, **options, **cut), expected)


def test_a_block_without_a_gradient_stays_whatever_the_norm():
    # The model is flat in x: y alone can move, by a whole step.
    model = window_plane(1, 1, [0.0], torch.float64)
    X, y, *_ = refine(
        model, np.ones((3, 1)), np.ones(3), normalization="separate", nrr=0.1, max_epochs=1
    )
    np.testing.assert_array_equal(X, np.ones((3, 1)))
    np.testing.assert_allclose(y, 0.9)


def test_joint_is_the_default():
    X, y = table()
    model = perceptron(3)
    given = refine(model, X, y, normalization="joint", max_epochs=3)
    for ours, theirs in zip(given[:2], refine(model, X, y, max_epochs=3)[:2], strict=True):
        np.testing.assert_array_equal(ours, theirs)


# consensus


@pytest.mark.parametrize("rule", SAMPLE_RULES)
@pytest.mark.parametrize("consensus", ["mean", "sum", "last"])
@pytest.mark.parametrize(("future", "stride"), CUTS)
@pytest.mark.parametrize("batch_size", [1000, 3])
def test_consensus_of_windows(monkeypatch, rule, consensus, future, stride, batch_size):
    monkeypatch.setattr(problem, "_CHUNK_VALUES", 1)  # as many chunks as batches
    X, y = series(40)
    model = Flat(2 * WINDOW, 6).double()
    cut = {"future": future, "stride": stride, "consensus": consensus}
    options = {"nrr": 0.02, "rule": rule}
    expected = refine_series(model, X, y, epochs=3, threshold=0.4, **cut, **options)
    got = refine(
        model, X, y, is_ts=True, window_size=WINDOW, nr_threshold=0.4, max_epochs=3,
        batch_size=batch_size, **cut, **options,
    )  # fmt: skip
    assert_same(got, expected)
    assert not np.array_equal(got[0], X)


def test_the_sum_is_the_mean_times_the_visits():
    X, y = series(30)
    model = Flat(2 * WINDOW, 6).double()
    cut = {"is_ts": True, "window_size": WINDOW, "nr_threshold": 0.4, "max_epochs": 1}
    of_mean, of_sum = (refine(model, X, y, consensus=c, **cut) for c in ("mean", "sum"))
    visits = [sum(s <= t < s + WINDOW for s in range(30 - WINDOW)) for t in range(30)]
    np.testing.assert_allclose(of_sum[2][0], of_mean[2][0] * np.array(visits)[:, None])
    np.testing.assert_array_equal(of_sum[1], of_mean[1])


def test_the_last_window_is_the_one_that_begins_at_the_step():
    # f(w) = w0 + 2 w1 of windows [0, 1] -> 2, [1, 2] -> 3 and [2, 3] -> 4; the second one rests.
    model = window_plane(2, 1, [1.0, 2.0], torch.float64)
    X = np.array([[1.0], [0.0], [1.0], [0.0], [0.0]])
    y = np.array([0.0, 0.0, 0.0, 2.0, 0.0])
    cut = {"is_ts": True, "window_size": 2, "nr_threshold": 0.1, "max_epochs": 1}
    unit = np.array([1.0, 2.0]) / np.sqrt(6.0)

    *_, steps_x, _ = refine(model, X, y, consensus="last", **cut)
    np.testing.assert_allclose(steps_x[0][:, 0], [unit[0], 0.0, unit[0], unit[1], 0.0])

    *_, steps_x, _ = refine(model, X, y, "gauss-newton", consensus="last", **cut)
    # Here the window at rest does not count: step 1 is left to the first window.
    unit = unit / np.sqrt(6.0)
    np.testing.assert_allclose(steps_x[0][:, 0], [unit[0], unit[1], unit[0], unit[1], 0.0])


@pytest.mark.parametrize("rule", SAMPLE_RULES)
def test_a_table_has_no_consensus(rule):
    X, y = table()
    with pytest.raises(ValueError, match=f"^consensus has no .*'{rule}' on tabular data; its"):
        refine(perceptron(3), X, y, rule, consensus="mean")


@pytest.mark.parametrize(
    ("rule", "arguments", "message"),
    [
        ("gauss-newton", {"normalization": "joint"}, "^normalization has no effect under the rule"),
        ("global", {"normalization": "joint"}, "^normalization has no effect under the rule"),
        ("global", {"consensus": "mean"}, "^consensus has no effect under the rule 'global'; its"),
        ("normalized", {"normalization": "both"}, "^normalization has to be one of 'joint', 'sep"),
        ("normalized", {"consensus": 1}, "^consensus has to be one of 'mean', 'sum', 'last', got"),
        ("normalized", {"refine": "x"}, "^refine has to be one of 'both', 'X', 'y', got 'x'"),
        ("normalized", {"refine": "y", "denoise_y": False}, "leaves nothing to refine"),
    ],
    ids=str,
)
def test_what_is_wrong_or_without_effect_is_refused(rule, arguments, message):
    X, y = series()
    with pytest.raises(ValueError, match=message):
        refine(Flat(10, 6), X, y, rule, is_ts=True, window_size=5, **arguments)


# what is refined


def data_of(domain):
    """Data, a model of them and the arguments of `fit`."""
    if domain == "tabular":
        return *table(30), perceptron(3, dtype=torch.float64), {}
    cut = {"is_ts": True, "window_size": WINDOW}
    return *series(40), Flat(2 * WINDOW, 6).double(), cut


CASES = [(rule, domain) for rule in sorted(rules()) for domain in sorted(rule_class(rule).domains)]


@pytest.mark.parametrize(("rule", "domain"), CASES)
def test_what_is_not_refined_stays(rule, domain):
    X, y, model, cut = data_of(domain)
    X_out, y_out, steps_x, _ = refine(model, X, y, complete(rule), refine="y", max_epochs=4, **cut)
    np.testing.assert_array_equal(X_out, X)
    assert not np.any(steps_x)
    assert not np.array_equal(y_out, y)

    X_out, y_out, *_ = refine(model, X, y, complete(rule), refine="X", max_epochs=4, **cut)
    short = refine(model, X, y, complete(rule), denoise_y=False, max_epochs=4, **cut)
    np.testing.assert_array_equal(X_out, short[0])
    np.testing.assert_array_equal(y_out, y)
    assert not np.array_equal(X_out, X)


@pytest.mark.parametrize(("rule", "domain"), [case for case in CASES if case[0] in SAMPLE_RULES])
@pytest.mark.parametrize("what", ["X", "y"])
def test_one_step_of_a_part_is_that_part_of_the_whole_step(rule, domain, what):
    X, y, model, cut = data_of(domain)
    whole = refine(model, X, y, complete(rule), max_epochs=1, **cut)
    part = refine(model, X, y, complete(rule), refine=what, max_epochs=1, **cut)
    expected = {"X": (whole[0], y), "y": (X, whole[1])}[what]
    assert_same(part, expected, atol=0)


def test_the_global_objective_of_the_target_alone():
    X, y, model, cut = data_of("series")
    z = torch.tensor(y, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.02)
    windows = torch.stack([torch.tensor(X[s : s + WINDOW]) for s in range(len(X) - WINDOW)])
    for _ in range(10):
        loss = (model(windows)[:, 0] - z[WINDOW:]).square().mean()
        loss = loss + 0.7 * (z - torch.tensor(y)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    got = refine(model, X, y, "global", refine="y", max_epochs=10, lam=0.7, lr=0.02, **cut)
    assert_same(got, (X, z.detach().numpy()))


def test_a_channel_that_is_the_target_belongs_to_y():
    X, _, model, cut = data_of("series")
    X_out, y_out, *_ = refine(
        model, X, None, "global", target_cols=1, refine="y", max_epochs=4, **cut
    )
    np.testing.assert_array_equal(X_out[:, 0], X[:, 0])
    assert not np.array_equal(X_out[:, 1], X[:, 1])
    np.testing.assert_array_equal(y_out, X_out[:, [1]])


# snapshots


ARGUMENTS = {
    "normalized": {"nrr": 0.05, "nr_threshold": 0.3},
    "gauss-newton": {"nr_threshold": 0.3},
    "global": {"tol": 1e-3},
    "calibrated": {},
}


@pytest.mark.parametrize(("rule", "domain"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_snapshots_are_what_separate_runs_return(rule, domain, dtype):
    X, y, model, cut = data_of(domain)
    arguments = {**ARGUMENTS[rule], "save_gradients": False, "batch_size": 7}
    denoiser = DenoGrad(model.to(dtype), nn.MSELoss(), CPU, rule=complete(rule)).fit(X, y, **cut)
    epochs = (1, 2, 9, 400)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OscillationWarning)
        final = denoiser.transform(max_epochs=400, snapshots=reversed(epochs), **arguments)
        taken = denoiser.snapshots_
        assert tuple(taken) == epochs
        for epoch in epochs:
            alone = denoiser.transform(max_epochs=epoch, **arguments)
            for snapshot, expected in zip(taken[epoch], alone[:2], strict=True):
                np.testing.assert_array_equal(snapshot, expected, strict=True)
    assert denoiser.snapshots_ == {}
    np.testing.assert_array_equal(taken[400][0], final[0])
    one_pass = rule == "calibrated"
    assert np.array_equal(taken[1][1], taken[9][1]) == one_pass


def test_a_run_that_ends_early_fills_later_snapshots():
    X, y, model, _ = data_of("tabular")
    denoiser = DenoGrad(model, nn.MSELoss(), CPU).fit(X, y)
    X_out, *_ = denoiser.transform(nrr=0.05, nr_threshold=0.5, max_epochs=300, snapshots=[299])
    assert len(denoiser.history_) < 299
    np.testing.assert_array_equal(denoiser.snapshots_[299][0], X_out)


def test_snapshots_come_in_the_containers_of_the_caller():
    X, y, model, _ = data_of("tabular")
    denoiser = DenoGrad(model, nn.MSELoss(), CPU).fit(torch.tensor(X), torch.tensor(y))
    denoiser.transform(max_epochs=3, snapshots=[2])
    (of_X, of_y) = denoiser.snapshots_[2]
    assert isinstance(of_X, torch.Tensor)
    assert (of_X.shape, of_y.shape) == (X.shape, y.shape)


@pytest.mark.parametrize(
    ("snapshots", "message"),
    [([0], "each of snapshots has to be an integer"), ([5, 11], "epoch 11, above max_epochs=10")],
)
def test_snapshots_out_of_range_are_refused(snapshots, message):
    X, y, model, _ = data_of("tabular")
    with pytest.raises(ValueError, match=message):
        refine(model, X, y, max_epochs=10, snapshots=snapshots)
