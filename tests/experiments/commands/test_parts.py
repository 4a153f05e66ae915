"""A job that is divided does the same work, and none of it twice."""

import pytest

from experiments.settings.parts import parts
from experiments.settings.values import ConfigError
from experiments.store.long_table import read_long_table
from tests.experiments.conftest import SMALL, double
from tests.support.command import LAUNCHERS, Command

SWEEP = ("-m", *SMALL[:2], "denoiser=[identity,pca]", "regressor=[ridge,knn,xgboost]", "seed=0,1")
CELLS, REFERENCES = 2 * 2, 2 * 2 * 3  # of the denoiser that counts; seeds x protocols x regressors


def swept(folder, *overrides):
    """Run a sweep; metrics, how often shared fits were booked and cells refined, what was told."""
    command, log = Command(folder), folder / "log"
    counts = double("denoiser", "Counts", log=log, seconds=0.3)
    status, _, told = command.run(
        *SWEEP, *LAUNCHERS["joblib"], *counts, "regressor.xgboost.n_estimators=20", *overrides
    )
    assert status == 0, told
    assert ": 36 computed" in told
    records = command.records().values()
    booked = [record for record in records if "reference" in record["seconds"]]
    metrics = {str(sorted(record["labels"].items())): record["metrics"] for record in records}
    return metrics, (len(booked), len(log.read_text().splitlines())), told


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("by", "of"), [("protocol", 2), ("denoiser", 3), ("regressor", 3)])
def test_whichever_way_a_sweep_is_divided_it_is_the_same(whole, command, by, of):
    metrics, counts, told = swept(command.folder, f"split_by={by}", "name=mine")

    assert counts == whole[1] == (REFERENCES, CELLS)
    assert metrics == whole[0]
    assert f"a line follows for each part as it ends, {2 * of} in all" in told
    assert f"friedman, noise 0.1, seed 1, part 2/{of}" in told
    assert f"{2 * of} parts in" in told
    assert len(read_long_table(command.results, "mine")) == 36
    _, out, _ = command.run("--experiment", "mine", command="status")
    assert f"36 results in {len(metrics)} records" in out


def test_a_failure_of_all_parts_is_one(command):
    status, _, told = command.run(
        "-m", "dataset=friedman", "dataset.n=9", "split_by=protocol", "denoiser=identity"
    )

    assert status == 1
    assert "2 parts in" in told
    assert "1 failed" in told
    assert command.run(command="status")[1].count("failed: ") == 1


def test_a_part_can_be_run_alone(settings_of):
    of = "regressor=[ridge,knn,dnn]", "split_by=regressor"
    whole = settings_of(*SMALL[:3], *of)
    assert parts(whole) == ["1/3", "2/3", "3/3"]
    # However many there are, all is in one of them.
    for n in (2, 3, 4):
        found = [settings_of(*SMALL[:3], *of, f"part={i + 1}/{n}").regressor for i in range(n)]
        assert sorted(c.label for part in found for c in part) == ["dnn", "knn", "ridge"]


def test_denoisers_that_share_a_backbone_stay_together(settings_of):
    settings = settings_of(
        "denoiser=[denograd,pca,predicted_target]", "split_by=denoiser", "part=1/2"
    )

    assert [c.label for c in settings.denoiser] == ["denograd", "predicted_target"]


@pytest.mark.parametrize("part", ["3/2", "0/2", "two"])
def test_what_is_no_part_is_refused(settings_of, part):
    with pytest.raises(ConfigError, match="part: must be such as 2/5"):
        settings_of("split_by=regressor", f"part={part}")
    with pytest.raises(ConfigError, match="of what"):
        settings_of(f"part={part}")


def test_a_single_run_is_not_divided(command):
    status, _, told = command.run("split_by=regressor")

    assert status == 2
    assert "split_by: divides the jobs of a sweep: it needs -m" in told
