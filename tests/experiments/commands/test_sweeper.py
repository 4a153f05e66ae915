"""A sweep is planned in seconds, and is otherwise what Hydra makes of the same command line."""

import os
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from experiments.settings.compose import to_settings
from experiments.settings.composer import Composer, without_hydra
from experiments.settings.schema import config_dir
from tests.experiments.conftest import SMALL, double
from tests.support.command import LAUNCHERS, ROOT, Command

SWEEP = ("-m", *SMALL, "protocol=held_out,published", "noise=gaussian,student_t")
#: Hydra with its own sweeper.
PLAIN = (
    "import sys; from experiments.commands import sweeper, worker\n"
    "sweeper.register = lambda: None; worker.main(sys.argv[1:])"
)


def jobs_of(command: Command) -> dict[str, list[str]]:
    """What Hydra notes of every job of the last run, by number, without the folder's names."""
    run = max((command.results / "runs" / "hydra").iterdir(), key=lambda path: path.stat().st_mtime)
    return {
        path.parent.parent.name + path.name: path.read_text().replace(run.name, "RUN").splitlines()
        for path in run.glob("*/.hydra/*.yaml")
    }


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_jobs_are_those_that_hydra_makes_of_the_command_line(command, launcher):
    sweep = (*SWEEP, "seed=0", *LAUNCHERS[launcher])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DENOGRAD_RUN": "hydra_alone"}
    subprocess.run(
        [sys.executable, "-c", PLAIN, *sweep],
        env=environment | {"DENOGRAD_RESULTS": str(command.results)},
        cwd=command.folder,
        check=True,
        capture_output=True,
    )
    plain, records = jobs_of(command), command.records()
    (command.results / "runs").rename(command.folder / "before")

    status, _, err = command.run(*sweep)

    assert status == 0, err
    assert jobs_of(command) == plain
    assert len(plain) == 4 * 3
    metrics = {name: record["metrics"] for name, record in command.records().items()}
    assert metrics == {name: record["metrics"] for name, record in records.items()}


def test_jobs_that_have_nothing_to_do_are_told_of_and_not_launched(command):
    sweep = (*SWEEP, "seed=0,1", "seeds_per_domain={tabular:1}", "name=mine")
    status, _, err = command.run(*sweep)
    assert status == 0, err
    assert "8 corruptions in" in err
    assert "4 computed" in err
    listing = (command.results / "runs" / "experiments" / "mine.jsonl").read_text()
    victim = next((command.results / "runs" / "records").rglob("*ridge*.json"))

    for damage, launched, told in (
        (lambda: None, 0, "4 already there\n"),
        (lambda: victim.write_text("{"), 1, "1 computed, 3 already there\n"),
    ):
        damage()
        status, _, err = command.run(*sweep)
        assert status == 0, err
        assert err.endswith(told)
        assert err.count("left out, 1 seed per such dataset") == 4
        assert "[8/8]" in err
        assert len(jobs_of(command)) == launched * 3
        assert (command.results / "runs" / "experiments" / "mine.jsonl").read_text() == listing


@pytest.mark.parametrize(
    "swept",
    [
        ("seed=1", "noise.sigma=0.2", "protocol=[published]"),
        ("seed=2", "noise.sigma=0.3", "protocol=held_out"),
        ("profile.max_rows=70", "noise=student_t"),
        ("profile.max_rows={tabular:50}", "+vary={denograd:{nrr:[0.1,0.2]}}"),
        ("+vary={denograd:{nrr:[0.3]}}", "denoiser.denograd.nrr=0.2"),
        (*double("denoiser", "Halve", factor=0.3), "denoiser.halve.factor=0.7"),
        ("seed=3", "window_size=${seed}"),
    ],
)
def test_composing_once_gives_what_composing_gives(swept):
    """Whatever was composed before."""

    def whole(overrides):
        return compose("config", overrides=list(overrides), return_hydra_config=True)

    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        composer = Composer(whole, GlobalHydra.instance().config_loader())
        wanted = whole(swept)
        composer.settings([text.replace("0.2", "0.9") for text in swept])
        assert composer.settings(swept) == to_settings(without_hydra(wanted))
        assert composer.config(swept) == wanted
