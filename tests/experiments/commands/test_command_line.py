"""The command as a user types it: exit status, output, resuming, dying, stopping."""

import os
import signal
import subprocess
import sys
import time

import pytest

from experiments.settings.command_line import check_command_line
from experiments.settings.values import ConfigError
from tests.experiments.conftest import SMALL, double
from tests.faults.processes import until
from tests.support.command import LAUNCHERS, ROOT


def test_help_shows_examples_and_loads_nothing_heavy(command):
    status, out, _ = command.run("--help")

    assert status == 0
    assert "python -m experiments dataset=parkinsons denoiser=denograd" in out
    (experiments,) = (line for line in out.splitlines() if line.startswith("experiment: "))
    assert {"quick", "real", "paper_tabular"} <= set(experiments.split(": ")[1].split(", "))
    assert "nr_threshold: 0.1" in out
    code = (
        "import sys; from experiments.__main__ import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'torch', 'sklearn', 'pandas', 'xgboost', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_help_shows_the_config_with_overrides(command):
    status, out, _ = command.run("--help", "dataset=ett", "seed=7")

    assert status == 0
    assert "experiments.datasets.ett" in out
    assert "seed: 7" in out
    status, _, err = command.run("-h", "datset=ett")
    assert status == 2
    assert "datset: no such key in the config; did you mean 'dataset'?" in err


@pytest.mark.parametrize(
    "slip", ["noise.sgima=0.1", "+noise.sgima=0.1", "denoiser=denogard", "seed=a"]
)
def test_a_slip_ends_with_status_2_and_one_line(command, slip, tmp_path):
    status, out, err = command.run(slip)

    assert status == 2
    assert len(err.strip().splitlines()) == 1
    assert out == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("dataset=[quartic,friedman]", "-m dataset=quartic,friedman"),
        ("noise=[gaussian,drift]", "-m noise=gaussian,drift"),
        ("profile=[quick,cpu]", "-m profile=quick,cpu"),
        ("experiment=[real,sane]", "experiment: a run has one"),
        ("name=a=b", "name: 'a=b' is no name of an experiment: use letters"),
        ("name=é", "name: 'é' is no name of an experiment: use letters"),
        ("target=a=b", """quote it twice: 'target="a=b"'"""),
        ("seed = 1", "write it without spaces, seed=1"),
        ("seed", "write key=value"),
        ("name=glob(*)", "name: no option fits"),
        ("dataset=", "dataset: there is no ''; known are csv, daily_climate, "),
        ("hydra/launcher=ray", "hydra/launcher: 'ray' needs an extra: pip install "),
    ],
)
def test_what_hydra_would_misread_is_said_in_words(slip, said):
    with pytest.raises(ConfigError) as caught:
        check_command_line([slip], multirun=False)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_in_a_file_is_refused_by_the_job_too(command):
    status, _, err = command.run("--config-dir", str(ROOT / "conf"), *SMALL, "profile=[quick,cpu]")
    assert status == 1
    assert "profile: a run has one" in err


def test_the_same_command_again_computes_nothing(command):
    arguments = (*SMALL, "regressor=[ridge,knn]")

    status, _, err = command.run(*arguments)
    assert status == 0, err
    assert "4 computed" in err
    first = command.records()
    status, _, err = command.run(*arguments)

    assert status == 0
    assert "4 already there" in err
    assert "computed" not in err
    assert command.records() == first


def test_a_sweep_in_workers_tells_progress_and_a_failure_makes_status_1(command, tmp_path):
    flag = tmp_path / "broken"
    flag.touch()
    sweep = (
        "-m",
        *SMALL,
        "seed=0,1",
        *double("denoiser", "Broken", log=flag),
        "protocol=held_out",
        *LAUNCHERS["joblib"],
    )

    status, _, err = command.run(*sweep)

    assert status == 1
    assert "[2/2] friedman, noise 0.1, seed " in err
    assert "2 computed, 2 failed" in err
    of = {(r["labels"]["denoiser"], r["labels"]["seed"]): r for r in command.records().values()}
    assert of["identity", 1]["status"] == "ok"
    assert of["broken", 1]["status"] == "failed"
    assert "ArithmeticError: no solution today" in of["broken", 1]["traceback"]

    flag.unlink()
    status, _, err = command.run(*sweep)

    assert status == 0, err
    assert "2 computed, 2 already there" in err


@pytest.mark.parametrize("launch", [(), ("-m", "seed=0,1", *LAUNCHERS["joblib"])])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_loses_the_pieces_in_flight_only(command, launch, how):
    n_jobs = 2 if launch else 1
    process = command.start(
        *SMALL, "protocol=held_out", *double("denoiser", "Halve", seconds=120), *launch
    )
    until(lambda: len(command.records()) >= 2 * n_jobs, seconds=120)
    time.sleep(0.5)
    # A terminal sends Ctrl-C to the whole group, workers included; `kill` reaches the parent only.
    (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "the same command continues" in err
    assert "Traceback" not in err
    assert {r["labels"]["denoiser"] for r in command.records().values()} == {"identity"}


def test_status_counts_what_the_run_counts_and_both_name_what_failed(command, tmp_path):
    (tmp_path / "broken").touch()
    doubles = [
        *double("denoiser", "Broken", log=tmp_path / "broken"),
        *double("denoiser", "SeriesOnly"),
    ]
    sweep = (
        *("-m", *SMALL[1:3], "dataset=friedman,quartic", *doubles),
        *("regressor=[ridge,knn]", "protocol=held_out", "name=x"),
    )
    failure = "failed: friedman held_out broken ridge: the denoiser failed: ArithmeticError: no s"

    for told in ("4 computed, 4 skipped, 4 failed", "4 already there, 4 skipped, 4 failed"):
        status, _, err = command.run(*sweep)
        assert status == 1
        assert f": {told}\n{failure}" in err
        assert "failed: and 3 more\n" in err
        assert "named by: python -m experiments status --experiment x; " in err

    status, out, _ = command.run("--experiment", "x", command="status")

    assert status == 1
    assert failure in out
    rows = [line.split() for line in out.splitlines()[1:7]]
    counts = {(dataset, denoiser): counts for dataset, denoiser, *counts in rows}
    assert len(counts) == 6
    for dataset in ("friedman", "quartic"):
        # Done, running, failed, skipped, stale, damaged and missing.
        assert counts[dataset, "identity"] == ["2", "0", "0", "0", "0", "0", "0"]
        assert counts[dataset, "broken"] == ["0", "0", "2", "0", "0", "0", "0"]
        assert counts[dataset, "seriesonly"] == ["0", "0", "0", "2", "0", "0", "0"]
    assert "12 results in 18 records" in out
    status, out, _ = command.run(command="status")
    assert status == 1
    assert "12 results in 18 records" in out
    status, _, err = command.run("--experiment", "y", command="status")
    assert status == 2
    assert "no run of an experiment called 'y'" in err
    assert "there is x" in err


def test_a_swept_experiment_can_be_single_run_by_the_command_line(command):
    status, _, err = command.run("experiment=quick", "hydra.mode=RUN", *SMALL, "seed=0")

    assert status == 0, err
    assert "[1/1]" in err


@pytest.mark.parametrize("sweep", [(), ("-m", "seed=0,1")])
def test_failed_runs_what_failed_and_nothing_else(command, tmp_path, sweep):
    flag = tmp_path / "broken"
    flag.touch()
    n_jobs = len(sweep) or 1
    old = (*SMALL, *sweep, *double("denoiser", "Broken", log=flag), "protocol=held_out")
    assert command.run(*old)[0] == 1
    before = command.records()
    flag.unlink()
    # More than was there, and one more seed.
    more = (*old, "regressor=[ridge,knn]", *(("seed=0,1,2",) if sweep else ()))

    status, _, err = command.run("--failed", *[it for it in more if it != "seed=0,1"])

    assert status == 0, err
    left = 2 * n_jobs + (4 if sweep else 0)
    assert f"{n_jobs} computed, {n_jobs} already there, {left} never run and left alone" in err
    after = command.records()
    assert {r["status"] for r in after.values()} == {"ok"}
    assert after.keys() == before.keys()
    fine = {name for name, record in before.items() if record["status"] == "ok"}
    assert {name: after[name] for name in fine} == {name: before[name] for name in fine}


@pytest.mark.parametrize("sweep", [(), ("-m", "seed=0,1", *LAUNCHERS["joblib"])])
def test_force_computes_a_selection_anew_and_nothing_else(command, tmp_path, sweep):
    log = tmp_path / "log"
    doubles = double("denoiser", "Counts", log=log)
    whole = (*SMALL, *sweep, *doubles, "protocol=held_out", "regressor=[ridge,knn]")
    assert command.run(*whole)[0] == 0
    before, n_jobs = command.records(), len(log.read_text().splitlines())
    time.sleep(1)

    status, _, err = command.run("--force", *whole, "regressor=ridge", "~denoiser.identity")

    assert status == 0, err
    assert f": {n_jobs} computed" in err
    assert "already" not in err
    after = command.records()
    anew = {n for n, r in after.items() if r["finished"] != before[n]["finished"]}
    of = [(after[n]["labels"]["denoiser"], after[n]["labels"].get("regressor")) for n in anew]
    assert sorted(of, key=str) == sorted([("counts", None), ("counts", "ridge")] * n_jobs, key=str)
    assert {n: r.get("metrics") for n, r in after.items()} == {
        n: r.get("metrics") for n, r in before.items()
    }
    # It was computed, not found in the cache.
    assert len(log.read_text().splitlines()) == 2 * n_jobs


def test_an_old_result_stays_where_the_new_one_fails(command, tmp_path):
    flag = tmp_path / "broken"
    arguments = (*SMALL, *double("denoiser", "Broken", log=flag), "protocol=held_out")
    assert command.run(*arguments)[0] == 0
    before = command.records()
    flag.touch()

    status, _, err = command.run("--force", *arguments)

    assert status == 1
    assert "1 computed, 1 failed" in err
    after = command.records()
    assert [r["status"] for r in after.values()] == ["ok"] * 4
    same = {name for name in before if "broken" in name}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (("--failed", "--force"), "--failed, --force: what failed is tried anew anyway; choose"),
        (("--failed", "redo_before=2026-11-26T12:00:00Z"), "only_failed, redo_before: what failed"),
        (("redo_before=yesterday",), "redo_before: must be such as 2026-11-26T12:00:00Z, not"),
    ],
)
def test_what_runs_again_has_to_be_clear(command, slip, said):
    status, out, err = command.run(*slip)
    assert (status, out) == (2, "")
    assert err.startswith(f"experiments: {said}")
    assert err.count("\n") == 1
