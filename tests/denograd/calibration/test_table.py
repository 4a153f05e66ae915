"""Tables: predictions out of fold, and the step that the noise dictates."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from denograd.calibration import folds as split
from denograd.calibration import networks
from denograd.calibration.columns import LinearColumns, LogSquares, features
from denograd.calibration.networks import fit_pairs
from denograd.calibration.table import Scale, TableModel
from denograd.calibration.trees import fit_trees, predict_trees
from denograd.calibration.variance import Bins, calm, close_pairs, expected_square

SD_X, SD_Y = np.array([0.3, 0.2, 0.0]), 0.5


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    monkeypatch.setattr(networks, "_EPOCHS", 15)


def rows(n=150, seed=0):
    """Clean and noisy rows: two collinear columns, one by itself, and a smooth target."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    X[:, 1] += 2.0 * X[:, 0]
    y = 2.0 * np.sin(X[:, 0]) + X[:, 2]
    return X, y, X + SD_X * rng.standard_normal(X.shape), y + SD_Y * rng.standard_normal(n)


def refined(X, y, sd_X=SD_X, sd_y=SD_Y, **how):
    return TableModel.fit(X, y, **how).refine(X, y, sd_X, sd_y)


def assert_equal(one, other):
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(other, name), err_msg=name)


# the whole


def test_rows_come_nearer_to_the_clean_ones():
    X, y, noisy_X, noisy_y = rows(600)
    model = TableModel.fit(noisy_X, noisy_y)
    out = model.refine(noisy_X, noisy_y, SD_X, SD_Y)
    before, after = ((noisy_X - X) ** 2).mean(axis=0), ((out.X - X) ** 2).mean(axis=0)
    assert np.all(after[:2] < [0.7, 0.99] * before[:2])
    assert np.mean((out.y - y) ** 2) < 0.9 * np.mean((noisy_y - y) ** 2)
    X, y, new_X, new_y = rows(300, seed=1)
    out = model.refine(new_X, new_y, SD_X, SD_Y, seen=False)
    assert np.mean((out.y - y) ** 2) < 0.9 * np.mean((new_y - y) ** 2)
    before, after = ((new_X - X) ** 2).mean(axis=0), ((out.X - X) ** 2).mean(axis=0)
    assert np.all(after[:2] < [0.7, 0.99] * before[:2])


@pytest.mark.parametrize("seen", [True, False])
def test_without_noise_the_data_come_back_bit_for_bit(seen):
    _, _, X, y = rows()
    X[0, 0], y[0] = -0.0, -0.0
    model = TableModel.fit(X, y)
    out = model.refine(X, y, np.zeros(3), 0.0, seen=seen)
    assert (out.X.tobytes(), out.y.tobytes()) == (X.tobytes(), y.tobytes())
    assert not out.weight_X.any()
    assert not out.weight_y.any()
    out = model.refine(X, y, SD_X, 0.0, seen=seen)
    assert out.X[:, 2].tobytes() == X[:, 2].tobytes()
    assert out.y.tobytes() == y.tobytes()
    assert not np.array_equal(out.X, X)


def test_weights_are_shares_and_inputs_stay():
    _, _, X, y = rows()
    kept = X.copy(), y.copy()
    model = TableModel.fit(X, y)
    for sd in (1.0, 1e3):
        out = model.refine(X, y, sd * SD_X, sd * SD_Y)
        for weights in (out.weight_X, out.weight_y):
            assert weights.min() >= 0.0
            assert weights.max() <= 1.0 + 1e-12
    assert np.array_equal(X, kept[0])
    assert np.array_equal(y, kept[1])


def test_units_do_not_matter():
    _, _, X, y = rows()
    units, unit = np.array([1e-6, 1e6, 3.0]), 1e6
    out, other = refined(X, y), refined(X * units, y * unit, SD_X * units, SD_Y * unit)
    np.testing.assert_allclose(other.X / units, out.X, atol=1e-12)
    np.testing.assert_allclose(other.y / unit, out.y, atol=1e-12)
    np.testing.assert_allclose(other.weight_X, out.weight_X, atol=1e-9)
    model, scaled = TableModel.fit(X, y), TableModel.fit(X * units, y * unit)
    np.testing.assert_allclose(scaled.bounds[0], model.bounds[0] * units)
    np.testing.assert_allclose(scaled.prediction_error[1], model.prediction_error[1] * unit**2)


@pytest.mark.parametrize("seen", [True, False])
def test_the_order_of_columns_does_not_matter(seen):
    _, _, X, y = rows()
    order = [2, 0, 1]
    out = TableModel.fit(X, y).refine(X, y, SD_X, SD_Y, seen)
    model = TableModel.fit(X[:, order], y)
    other = model.refine(X[:, order], y, SD_X[order], SD_Y, seen)
    np.testing.assert_allclose(other.X, out.X[:, order], atol=1e-12)
    np.testing.assert_allclose(other.y, out.y, atol=1e-12)
    np.testing.assert_allclose(other.weight_X, out.weight_X[:, order], atol=1e-12)


def test_a_seed_repeats_the_result_in_threads_too():
    _, _, X, y = rows()
    alone = refined(X, y, random_state=3)
    with ThreadPoolExecutor(3) as threads:
        for out in threads.map(lambda _: refined(X, y, random_state=3), range(3)):
            assert_equal(out, alone)
    assert not np.array_equal(refined(X, y, random_state=4).y, alone.y)
    before = torch.get_rng_state()
    refined(X, y)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_constant_column_stays_and_holds_no_noise():
    _, _, X, y = rows()
    X[:, 1] = 0.1
    model = TableModel.fit(X, y)
    assert model.bounds[0][1] == pytest.approx(0.0, abs=1e-12)
    out = model.refine(X, y, SD_X, SD_Y)
    np.testing.assert_array_equal(out.X[:, 1], X[:, 1])
    assert np.isfinite(out.X).all()
    assert not out.weight_X[:, 1].any()
    out = refined(X, np.full(150, 0.1))
    np.testing.assert_array_equal(out.y, 0.1)
    assert np.isfinite(out.X).all()


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("columns", [1, 3])
def test_few_rows(n, columns):
    _, _, X, y = rows(n)
    model = TableModel.fit(X[:, :columns], y)
    for seen in (True, False):
        out = model.refine(X[:, :columns], y, SD_X[:columns], SD_Y, seen)
        assert np.isfinite(out.X).all()
        assert np.isfinite(out.y).all()


def test_what_cannot_be_is_said():
    _, _, X, y = rows()
    with pytest.raises(ValueError, match="two rows or more to be predicted, got 1"):
        TableModel.fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="seen by fit are 150, got 149; pass seen=False"):
        TableModel.fit(X, y).refine(X[1:], y[1:], SD_X, SD_Y)


def test_outliers_are_not_followed():
    _, _, X, y = rows(300)
    X[:3] *= 1e9
    y[2:5] = -1e9
    out = refined(X, y)
    assert np.isfinite(out.X).all()
    assert np.isfinite(out.y).all()
    assert np.abs(out.X - X)[5:].max() < 10.0
    assert np.abs(out.y - y)[5:].max() < 10.0


def test_trees_alone_where_networks_diverge(monkeypatch):
    _, _, X, y = rows()
    monkeypatch.setattr(networks, "_RATE", 1e30)
    model = TableModel.fit(X, y)
    assert model.target.pairs is None
    assert not model.seen.target.J.any()
    assert np.isfinite(model.refine(X, y, SD_X, SD_Y).y).all()


def test_bounds_are_above_the_noise():
    _, _, X, y = rows(1000)
    bound_X, bound_y = TableModel.fit(X, y).bounds
    assert np.all(bound_X > SD_X)
    assert SD_Y < bound_y < y.std()


# its parts


def test_no_row_is_predicted_by_a_model_that_has_seen_it():
    """A target without any relation to X cannot be predicted, not even one's own row."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
    folds = split.random_folds(200, 5, rng)
    assert np.bincount(folds).tolist() == [40] * 5
    trees = fit_trees(X, y, folds, max_iter=100)
    out, mean = predict_trees(trees, X, folds), predict_trees(trees, X, None)
    assert abs(np.corrcoef(out, y)[0, 1]) < 0.2
    assert np.corrcoef(mean, y)[0, 1] > 0.5
    np.testing.assert_allclose(mean, np.mean([tree.predict(X) for tree in trees], axis=0))


def test_gradients_of_networks_are_those_of_their_predictions():
    X, y, _, _ = rows(100)
    (pair, *_) = fit_pairs(X, y, split.random_folds(100, 5, np.random.default_rng(0)))
    x = np.array([[0.5, -1.0, 0.2], [0.1, 9.0, -0.3]])
    said = pair.predict(x)
    for j in range(3):
        step = np.zeros(3)
        step[j] = 1e-2
        slope = (pair.predict(x + step)[:, 0] - pair.predict(x - step)[:, 0]) / 2e-2
        np.testing.assert_allclose(said[:, 1 + j], slope, atol=1e-3)
    assert said[1, 2] == 0.0  # clipped


def test_columns_are_least_squares_on_the_others():
    X = rows(400)[0]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    m = LinearColumns.fit(X).predict(X)
    for j in range(3):
        others = np.delete(X, j, axis=1)
        expected = others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
        np.testing.assert_allclose(m[:, j], expected, atol=2e-3)


def test_log_squares_are_ridge_on_the_features_of_others_and_m():
    rng = np.random.default_rng(0)
    X, m, target = rng.normal(size=(3, 60, 2))
    F, M = features(X), features(m)
    got = LogSquares.fit(F, M, target).predict(np.hstack([F, M]))
    for j in range(2):
        own = F.copy()
        own[:, [j, 2 + j, 4 + j]] = M[:, [j, 2 + j, 4 + j]]
        centred = own - own.mean(axis=0)
        inverse = np.linalg.inv(centred.T @ centred + np.eye(6))
        weights = inverse @ centred.T @ (target[:, j] - target[:, j].mean())
        np.testing.assert_allclose(got[:, j], target[:, j].mean() + centred @ weights)


def test_squares_are_means_of_bins_of_the_other_folds():
    size = np.arange(40.0)
    square = np.repeat(np.arange(10.0), 4)
    bins = Bins.fit(size, square)
    np.testing.assert_allclose(bins(np.array([-5.0, 0.0, 17.0, 99.0])), [0.0, 0.0, 4.0, 9.0])
    folds = np.arange(40) % 2
    expected = expected_square(size, np.where(folds == 0, square, 100.0), folds)
    np.testing.assert_allclose(expected[folds == 0], 100.0)
    assert expected[folds == 1].max() < 10.0
    assert calm(square[::-1], 0.05).tolist() == [36, 37]


def test_close_pairs_show_the_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 1))
    y = 0.1 * X[:, 0] + 0.5 * rng.standard_normal(2000)
    assert close_pairs(X, y).mean() == pytest.approx(0.25, rel=0.1)
    twice = np.repeat(X[:50], 2, axis=0)
    assert close_pairs(twice, np.tile([0.0, 2.0], 50)).mean() == pytest.approx(2.0)


def test_a_constant_has_no_spread():
    scale = Scale.of(np.array([[0.1, 1.0], [0.1, 3.0], [0.1, 2.0]]))
    np.testing.assert_allclose(scale.sd, [0.0, np.sqrt(2 / 3)])
