"""A search sees validation rows, never test rows, and ends in a denoiser."""

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from experiments.commands import job
from experiments.commands.tune import objective, write_found
from experiments.runner.corruption import corrupt
from experiments.runner.validation import without_test
from experiments.settings.command_line import check_command_line
from experiments.settings.schema import config_dir
from experiments.settings.values import ConfigError
from experiments.store.long_table import read_long_table
from experiments.store.store import Store
from tests.experiments.conftest import compose_settings
from tests.support.command import ROOT, Command
from tests.support.following import run_noted
from tests.support.sweepers import NEEDS_SWEEPER, WHY_NO_SWEEPER

DENOGRAD = (
    *("denoiser=denograd", "regressor=[ridge,xgboost]", "profile=quick", "window_size=4"),
    *("denoiser.denograd.backbone_epochs=3", "denoiser.denograd.max_epochs=3"),
    *("denoiser.denograd.nrr=0.1", "protocol=held_out", "scored_rows=validation"),
)


def score(after: float, kind: str = "method", status: str = "ok"):
    metrics = {"mse_before": 1.0, "mse_after": after}
    return {"labels": {"kind": kind}, "status": status, "metrics": metrics}


def test_the_objective_is_the_mean_log_ratio_of_what_is_no_control():
    scores = [score(0.5), score(2.0), score(0.25)]
    others = [score(9.0, "control"), score(9.0, "method", "skipped")]
    assert objective([*scores, *others]) == pytest.approx(math.log(0.25) / 3)


@pytest.mark.parametrize(
    "scores", [[], [None], [score(0.5), score(0.0, status="failed")], [score(0.0), None]]
)
def test_what_has_no_score_is_infinitely_bad(scores):
    assert objective(scores) == math.inf


@pytest.fixture(params=["tabular", "series"])
def overrides(request, tmp_path):
    """Of a file in which a line of 200 values says little of the next."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, -2.0, 0.5] + rng.normal(size=200)
    pd.DataFrame(X, columns=list("abc")).assign(y=y).to_csv(tmp_path / "data.csv", index=False)
    of_file = (f"dataset.file={tmp_path / 'data.csv'}", "dataset.target=y", "noise.sigma=0")
    return "dataset=csv", f"dataset.domain={request.param}", *of_file


def permute_test_rows(settings):
    """Change the targets in the file, of test rows alone."""
    file = Path(settings.dataset.params["file"])
    frame, test = pd.read_csv(file), corrupt(settings).split.test
    frame.loc[test, "y"] = frame["y"].to_numpy()[test[::-1]]
    frame.to_csv(file, index=False)


@pytest.mark.parametrize("scored", ["validation", "test"])
def test_permuting_test_rows_changes_nothing_of_a_search(overrides, tmp_path, monkeypatch, scored):
    objectives, metrics = [], []
    for name in ("before", "after"):
        options = (*DENOGRAD[:-1], *overrides, f"scored_rows={scored}")
        settings = compose_settings(tmp_path / name, *options)
        monkeypatch.setattr(job, "to_settings", lambda config, settings=settings: settings)
        objectives.append(job.run_job(OmegaConf.create({})))
        records = Store(settings.results).records()
        metrics.append(sorted(str(record["metrics"]) for record in records))
        permute_test_rows(settings)

    assert (metrics[0] == metrics[1]) == (scored == "validation")
    assert len(metrics[0]) == 3
    if scored == "validation":
        assert objectives[0] == objectives[1] != 0
        assert math.isfinite(objectives[0])
    else:
        assert objectives == [None, None]


def test_validation_rows_take_the_place_of_test_rows(overrides, tmp_path):
    whole = corrupt(compose_settings(tmp_path, *DENOGRAD, *overrides))
    part = without_test(whole)

    rows = np.sort(np.concatenate([whole.split.train, whole.split.val]))
    assert part.noisy.equals(whole.noisy.rows(rows))
    assert part.clean.equals(whole.clean.rows(rows))
    np.testing.assert_array_equal(rows[part.split.test], whole.split.val)
    stopping = np.concatenate([part.split.train, part.split.val])
    np.testing.assert_array_equal(rows[np.sort(stopping)], whole.split.train)
    assert [len(of) for of in part.split] == [122, 18, 20]
    if whole.settings.domain == "series":
        np.testing.assert_array_equal(np.concatenate(part.split), np.arange(160))


def test_what_a_search_looked_at_is_no_result(overrides, tmp_path):
    for scored in ("validation", "test"):
        options = ("denoiser=identity", "regressor=ridge", "protocol=held_out", f"name={scored}")
        run_noted(compose_settings(tmp_path, *overrides, *options, f"scored_rows={scored}"))

    assert len(list(Store(tmp_path).records())) == 4
    assert len(read_long_table(tmp_path)) == 1
    assert "p_dataset_scored_rows" not in read_long_table(tmp_path)
    column = read_long_table(tmp_path, "validation")["p_dataset_scored_rows"]
    assert column.tolist() == ["validation"]


def found(folder: Path, *overrides: str, **results: object):
    """What is written where a sweeper has found something."""
    OmegaConf.save(OmegaConf.create(results), folder / "optimization_results.yaml")
    given = (*overrides, f"results={folder}", f"hydra.sweep.dir={folder}")
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = compose("config", overrides=list(given), return_hydra_config=True)
    return write_found(config)


def test_a_search_ends_in_a_denoiser(tmp_path):
    best = {"denoiser.denograd.nrr": 0.05, "denoiser.denograd.backbone_width": 2.0}
    path = found(tmp_path, "name=mine", "profile=quick", best_params=best, best_value=-0.1)

    assert path == tmp_path / "tuned" / "denoiser" / "mine_friedman.yaml"
    assert "Imp% is 9.52" in path.read_text()
    settings = compose_settings(
        tmp_path, "denoiser=[denograd,mine_friedman]", f"hydra.searchpath=[file://{tmp_path}/tuned]"
    )
    before, tuned = settings.denoiser
    assert tuned.params == before.params | {"nrr": 0.05, "backbone_width": 2.0}
    assert (tuned.label, tuned.kind, tuned.target) == ("mine_friedman", "variant", before.target)


def test_where_all_failed_there_is_no_denoiser(tmp_path):
    best = {"denoiser.denograd.nrr": 0.05}
    assert found(tmp_path, best_params=best, best_value=math.inf) is None
    assert not (tmp_path / "tuned").exists()


def test_an_interval_needs_a_search():
    slip = "denoiser.denograd.nrr=interval(0.01,0.1)"
    with pytest.raises(ConfigError, match="nrr: only a search draws values, such as experiment"):
        check_command_line([slip], multirun=True)


@pytest.mark.skipif(not WHY_NO_SWEEPER, reason="the extra `tune` is installed")
def test_without_the_extra_its_name_is_told(command):
    status, _, err = command.run("experiment=tune")
    assert status == 2
    assert err.endswith("'optuna' needs an extra: pip install 'denograd-repro[tune]'\n")


@NEEDS_SWEEPER
def test_a_search_that_is_given_again_finds_the_same(tmp_path):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = Command(tmp_path, variables={"PYTHONPATH": path})
    search = (
        *("experiment=tune", "dataset=friedman", "dataset.n=200", *DENOGRAD[:3]),
        *("denoiser.denograd.backbone_epochs=3", "hydra.sweeper.n_trials=3"),
        "denoiser.denograd.max_epochs=int(interval(2,6))",
    )
    status, _, err = command.run(*search, "dataset=friedman,quartic")
    assert status == 2
    assert "dataset: a search is over parameters of a denoiser" in err

    status, _, err = command.run(*search)
    assert status == 0, err
    assert "[3/3] friedman" in err
    tuned = command.results / "tuned" / "denoiser" / "tune_friedman.yaml"
    first = tuned.read_text()
    tuned.unlink()
    status, _, err = command.run(*search)
    assert status == 0, err
    assert err.endswith(": 6 already there\n")
    assert tuned.read_text() == first

    use = ("denoiser=tune_friedman", f"hydra.searchpath=[file://{command.results}/tuned]")
    status, _, err = command.run("dataset=friedman", "dataset.n=200", *DENOGRAD[1:3], *use)
    assert status == 0, err
