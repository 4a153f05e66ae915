"""What each protocol lets a denoiser see and change, and what it scores."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.metrics import headline
from experiments.runner.compute import denoise
from experiments.runner.corruption import Data, corrupt
from experiments.runner.protocols import PROTOCOLS
from experiments.runner.resources import Stages
from experiments.runner.scoring import Scorer
from tests.experiments.conftest import SMALL
from tests.support.doubles import Halve, HalvesTarget

SERIES = ("dataset=seasonal", "dataset.n=400", *SMALL[2:])


@pytest.fixture(params=["tabular", "series"])
def corruption(request, settings_of):
    return corrupt(settings_of(*(SMALL if request.param == "tabular" else SERIES)))


def seen(folder, what):
    return [np.load(p) for p in sorted(folder.glob(f"{what}-*.npy"))]


def halved(settings, name):
    """The grid of the first regressor after halving, the scaled corruption, the refined rows."""
    protocol = PROTOCOLS[name]
    scaled = protocol.scale(corrupt(settings))
    refined = protocol.denoise(Halve(), scaled, Stages())
    return score(Scorer(protocol, scaled), settings, refined), scaled, refined


def score(scorer, settings, refined):
    regressor = settings.regressor[0]
    return scorer.score(regressor, refined, scorer.reference(regressor))[0]


def test_held_out_shows_and_changes_training_rows_only(corruption, tmp_path):
    protocol = PROTOCOLS["held_out"]
    scaled = protocol.scale(corruption)
    train = corruption.split.train

    refined = protocol.denoise(Halve(str(tmp_path / "log")), scaled, Stages())

    (fitted,), (changed,) = seen(tmp_path / "log", "fit"), seen(tmp_path / "log", "denoise")
    np.testing.assert_array_equal(fitted, scaled.noisy.X[train])
    np.testing.assert_array_equal(changed, scaled.noisy.X[train])
    others = np.setdiff1d(np.arange(len(refined.y)), train)
    assert refined.rows(others).equals(scaled.noisy.rows(others))
    np.testing.assert_array_equal(refined.y[train], scaled.noisy.y[train] / 2)


def test_held_out_scales_with_the_noisy_training_rows(corruption):
    scaled = PROTOCOLS["held_out"].scale(corruption)
    train = scaled.noisy.rows(corruption.split.train)

    np.testing.assert_allclose(train.X.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(train.y.std(), 1)
    assert abs(scaled.noisy.y.std() - 1) > 1e-6
    # One scaler for both: what separates noisy from clean is the noise in units of the scaler.
    unit = corruption.noisy.y[corruption.split.train].std()
    injected = (corruption.noisy.y - corruption.clean.y) / unit
    np.testing.assert_allclose(scaled.noisy.y - scaled.clean.y, injected, atol=1e-9)


def test_held_out_results_do_not_depend_on_the_test_rows(corruption):
    """Leakage shows as a change of the refined training rows when test rows change."""
    protocol = PROTOCOLS["held_out"]
    test = corruption.split.test
    poisoned = Data(corruption.noisy.X.copy(), corruption.noisy.y.copy())
    poisoned.X[test] += 100
    poisoned.y[test] -= 100
    other = replace(corruption, noisy=poisoned)

    one, two = (protocol.denoise(Halve(), protocol.scale(c), Stages()) for c in (corruption, other))

    train = corruption.split.train
    assert one.rows(train).equals(two.rows(train))


def test_published_changes_every_row_and_fits_on_training_and_validation_rows(corruption, tmp_path):
    protocol = PROTOCOLS["published"]
    scaled = protocol.scale(corruption)
    split, n_rows = corruption.split, len(corruption.noisy.y)

    refined = protocol.denoise(Halve(str(tmp_path / "log")), scaled, Stages())

    (fitted,), (changed,) = seen(tmp_path / "log", "fit"), seen(tmp_path / "log", "denoise")
    # In a series the validation block begins early, so that its first window has context.
    assert len(fitted) == len(split.train) + len(split.val) + corruption.context_rows
    assert len(changed) == n_rows
    np.testing.assert_array_equal(refined.X, scaled.noisy.X / 2)
    np.testing.assert_allclose(scaled.noisy.X.mean(axis=0), 0, atol=1e-9)


def test_published_train_only_is_published_but_for_the_test_rows(corruption, tmp_path):
    published, protocol = PROTOCOLS["published"], PROTOCOLS["published_train_only"]
    scaled, split = protocol.scale(corruption), corruption.split

    refined = protocol.denoise(Halve(str(tmp_path / "log")), scaled, Stages())
    published.denoise(Halve(str(tmp_path / "published")), scaled, Stages())

    assert scaled.noisy.equals(published.scale(corruption).noisy)
    logs = [seen(tmp_path / folder, "fit") for folder in ("log", "published")]
    np.testing.assert_array_equal(*(fitted for (fitted,) in logs))
    (changed,) = seen(tmp_path / "log", "denoise")
    others = np.delete(scaled.noisy.X, split.test, axis=0)
    assert len(others) == len(split.train) + len(split.val)
    np.testing.assert_array_equal(changed, others)
    np.testing.assert_array_equal(refined.X[split.test], scaled.noisy.X[split.test])
    np.testing.assert_array_equal(refined.y[split.test], scaled.noisy.y[split.test])
    for rows in (split.train, split.val):
        np.testing.assert_array_equal(refined.X[rows], scaled.noisy.X[rows] / 2)
        np.testing.assert_array_equal(refined.y[rows], scaled.noisy.y[rows] / 2)


def test_published_train_only_scores_on_noisy_test_rows(settings_of):
    grid, _, _ = halved(settings_of(*SMALL), "published_train_only")

    assert not [key for key in grid if key.partition("|")[2].count("refined")]
    assert headline(grid)["mse_after"] == grid["refined|noisy|noisy"]
    assert PROTOCOLS["published_train_only"].validation("refined") == "refined"


def test_published_fits_on_all_rows_where_the_method_was_published_so(corruption, tmp_path):
    class OnAll(Halve):
        fits_on = "all"

    scaled = PROTOCOLS["published"].scale(corruption)
    PROTOCOLS["published"].denoise(OnAll(str(tmp_path / "log")), scaled, Stages())
    PROTOCOLS["held_out"].denoise(OnAll(str(tmp_path / "held")), scaled, Stages())

    assert len(seen(tmp_path / "log", "fit")[0]) == len(corruption.noisy.y)
    assert len(seen(tmp_path / "held", "fit")[0]) == len(corruption.split.train)


def test_rows_that_were_filled_in_are_not_scored_when_held_out(settings_of):
    corruption = corrupt(settings_of(*SERIES))
    observed = np.ones(len(corruption.noisy.y), dtype=bool)
    observed[corruption.split.test[3]] = False
    corruption = replace(corruption, observed=observed)

    assert len(PROTOCOLS["published"].test_rows(corruption)) == len(corruption.split.test)
    kept = PROTOCOLS["held_out"].test_rows(corruption)
    np.testing.assert_array_equal(kept, np.delete(corruption.split.test, 3))


def test_the_identity_scores_exactly_zero(corruption):
    for protocol in PROTOCOLS.values():
        scaled = protocol.scale(corruption)
        grid = score(Scorer(protocol, scaled), corruption.settings, scaled.noisy)
        head = headline(grid)
        assert head["mse_after"] == head["mse_before"]


@pytest.mark.parametrize("name", ["ridge", "knn", "xgboost", "dnn"])
def test_a_second_fit_with_the_shared_seed_gives_the_same_error(settings_of, name):
    """The premise of fitting once where nothing was changed."""
    settings = settings_of(*SMALL[:3], f"regressor={name}", "profile=quick")
    corruption, protocol = corrupt(settings), PROTOCOLS["published"]
    scaled = protocol.scale(corruption)
    # One value of one row in the last bit: the fit is a new one, the data are the same.
    nudged = Data(scaled.noisy.X.copy(), scaled.noisy.y.copy())
    nudged.X[0, 0] = np.nextafter(nudged.X[0, 0], 2)
    scorer = Scorer(protocol, scaled)

    head = headline(score(scorer, settings, nudged))

    assert head["mse_after"] == pytest.approx(head["mse_before"], rel=1e-4)


def test_the_grid_by_hand(settings_of):
    """Ridge without penalty on a line: every error can be computed from the three tables."""
    settings = settings_of(*SMALL, "regressor.ridge.alpha=0.0")

    grid, scaled, refined = halved(settings, "held_out")

    assert set(grid) == {
        f"{fit}|{inputs}|{targets}"
        for fit in ("noisy", "clean", "refined")
        for inputs in ("noisy", "clean")
        for targets in ("noisy", "clean")
    }
    train, _, test = scaled.corruption.split
    versions = {"noisy": scaled.noisy, "clean": scaled.clean, "refined": refined}
    for key, value in grid.items():
        fit, inputs, targets = key.split("|")
        X = np.column_stack([versions[fit].X[train], np.ones(len(train))])
        weights = np.linalg.lstsq(X, versions[fit].y[train], rcond=None)[0]
        predicted = np.column_stack([versions[inputs].X[test], np.ones(len(test))]) @ weights
        expected = np.mean((predicted - versions[targets].y[test]) ** 2)
        assert value == pytest.approx(expected, rel=1e-9), key
    head = headline(grid)
    assert head == {
        "mse_before": grid["noisy|noisy|noisy"],
        "mse_after": grid["refined|noisy|noisy"],
        "mse_ceiling": grid["clean|noisy|noisy"],
    }


def test_published_scores_refined_inputs_against_refined_targets(settings_of):
    grid, _, _ = halved(settings_of(*SMALL), "published")

    head = headline(grid)
    assert head["mse_after"] == grid["refined|refined|refined"]
    # Halving everything halves the errors of a linear model: Imp% is 75 without any skill.
    assert 1 - head["mse_after"] / head["mse_before"] == pytest.approx(0.75, abs=0.01)


def test_without_noise_there_is_no_ceiling(settings_of):
    grid, _, _ = halved(settings_of(*SMALL, "noise.sigma=0"), "held_out")

    assert set(grid) == {"noisy|noisy|noisy", "refined|noisy|noisy"}
    assert "mse_ceiling" not in headline(grid)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_after_the_split_a_table_is_refined_part_by_part_and_comes_back_in_file_order(
    settings_of, tmp_path, name
):
    protocol = PROTOCOLS[name]
    scaled = protocol.scale(corrupt(settings_of(*SMALL)))

    refined = protocol.denoise(Halve(str(tmp_path / "log")), scaled, Stages(), "after_split")

    (fed,) = seen(tmp_path / "log", "denoise")
    rows = {tuple(row): number for number, row in enumerate(scaled.noisy.X)}
    order = [rows[tuple(row)] for row in fed]
    lengths = [len(np.intersect1d(part, order)) for part in scaled.corruption.split]
    for part, fed_part in zip(
        scaled.corruption.split, np.split(order, np.cumsum(lengths)[:-1]), strict=True
    ):
        assert set(fed_part) <= set(part)
        assert len(fed_part) in (0, len(part))
        assert not len(fed_part) or list(fed_part) != sorted(fed_part)
    assert refined.equals(protocol.denoise(Halve(), scaled, Stages()))


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("in_inputs", [False, True])
def test_the_refined_target_goes_into_channel_0_where_that_is_asked_for(
    settings_of, name, in_inputs
):
    protocol, options = PROTOCOLS[name], [f"+denoiser.it.target_in_inputs={in_inputs}"]
    target = f"+denoiser.it._target_={HalvesTarget.__module__}.HalvesTarget"
    settings = settings_of(*SERIES[:2], "denoiser=[]", "regressor=ridge", target, *options)
    scaled = protocol.scale(corrupt(settings))

    refined = denoise(settings.denoiser[0], scaled, name, Stages(), {})

    rows = protocol.changed_rows(scaled.corruption)
    expected = scaled.noisy.X.copy()
    if in_inputs:
        expected[rows, 0] = scaled.noisy.y[rows] / 2
    np.testing.assert_array_equal(refined.X, expected)
    np.testing.assert_array_equal(refined.y[rows], scaled.noisy.y[rows] / 2)
