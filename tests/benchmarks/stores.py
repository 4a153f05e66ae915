"""Status, report and planning over stores of made-up records, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from experiments.runner.run import Follower, is_done
from experiments.settings.compose import to_settings
from experiments.settings.schema import config_dir
from experiments.store.environment import environment
from experiments.store.records import Key
from experiments.store.sources import source_of
from experiments.store.store import Store

DATASETS = ("friedman", "quartic", "paraboloid")
SWEEP = (
    "dataset.n=300",
    "denoiser=[identity,pca,factor_analysis,shrink_target,constant]",
    "regressor=ridge",
)
#: A job is 2 protocols x 5 denoisers, a cell and a score each.
PER_JOB = 20
#: Starts a command and prints what it took; a process takes the memory of its parent for its own
#: until it is another program, and this one has little.
METER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""
#: Plans a sweep and launches nothing.
PLANNER = """
import sys
from hydra.core.plugins import Plugins
from experiments.commands import worker
launcher = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
Plugins.instance().class_name_to_class[launcher].launch = lambda *others, **more: []
worker.main(sys.argv[1:])
"""
#: CPU-seconds and megabytes that 100,000 records, or cells where none is there, may take.
GOALS = {"status": (5, 400), "report": (30, 800), "planning, none there": (60, "")}


class Forger(Follower):
    """Writes the records that a plan looks for, before it does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rng = np.random.default_rng(0)

    def planned(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self._store.write(key, self._outcome(key))

    def _outcome(self, key: Key) -> dict[str, Any]:
        a, b, c = map(float, self._rng.uniform(0.1, 1, 3))
        grid = {"noisy|noisy|noisy": a, "refined|noisy|noisy": b, "clean|noisy|noisy": c}
        metrics = {"mse_before": a, "mse_after": b, "mse_ceiling": c, "grid": grid}
        return {
            "status": "ok",
            "metrics": metrics if "regressor" in key.config else {"swd": a, "rho": b},
            "seconds": {"fit": a},
            "cpu_seconds": {"fit": a},
            "peak_memory_mb": {"fit": 300.0},
            "source": source_of(key.config),
            "environment": environment(),
            "finished": "2026-11-26T00:00:00Z",
        }


def measure_stores() -> Iterator[tuple[str, str, str, str]]:
    """Lines of the table: what, CPU-seconds, goal and remark."""
    before: dict[str, float] = {}
    for n_records in (10**3, 10**4, 10**5):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "results")
            seeds = forge(results, n_records)
            files = [len(names) for _, _, names in os.walk(results / "runs" / "records")]
            sweep = ("-m", f"dataset={','.join(DATASETS)}", *SWEEP)
            here, nowhere = f"results={results}", f"results={folder}/none"
            run = ("-m", "experiments")
            commands = {
                "status": (*run, "status", "--results", folder + "/results"),
                "report": (*run, "report", "--results", folder + "/results", "--out", folder),
                "planning, all there": (*run, *sweep, f"seed=range(0,{seeds})", here),
                # A cell and its score are two records.
                "planning, none there": (
                    "-c",
                    PLANNER,
                    *sweep,
                    f"seed=range(0,{2 * seeds})",
                    nowhere,
                ),
            }
            for name, command in commands.items():
                seconds, megabytes = cost(command, results)
                seconds_goal, megabytes_goal = GOALS.get(name, ("", ""))
                at_goal = n_records == 10**5 and name in GOALS
                grown = f", {seconds / before[name]:.1f} times a tenth" if name in before else ""
                limit = f" (goal {megabytes_goal})" if at_goal and megabytes_goal else ""
                unit = "cells" if name == "planning, none there" else "records"
                before[name] = seconds
                yield (
                    f"{name}, {n_records:,} {unit}",
                    f"{seconds:.1f} s",
                    f"{seconds_goal} s" if at_goal else "",
                    f"{megabytes:.0f} MB{limit}, at most {max(files)} files in a folder{grown}",
                )


def forge(results: Path, n_records: int) -> int:
    """Fill a store with what a sweep leaves; the number of its seeds."""
    forger = Forger(Store(results))
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        found = [
            compose("config", overrides=[f"dataset={name}", *SWEEP, f"results={results}"])
            for name in DATASETS
        ]
    settings = [to_settings(config) for config in found]
    n_seeds = -(-n_records // (PER_JOB * len(DATASETS)))
    for seed, of_dataset in product(range(n_seeds), settings):
        assert is_done(replace(of_dataset, seed=seed), forger)
    return n_seeds


def cost(command: Sequence[str], results: Path) -> tuple[float, float]:
    """CPU-seconds of a command and all that it started, and the most memory of one of them."""
    done = subprocess.run(
        [sys.executable, "-c", METER, sys.executable, *command],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"DENOGRAD_RESULTS": str(results), "DENOGRAD_RUN": "planned"},
    )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes
