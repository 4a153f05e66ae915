"""The benchmark's commands as a user types them, in a folder that is not the project's."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = (sys.executable, "-m", "experiments")
#: What chooses where the jobs of a sweep run.
LAUNCHERS = {"basic": (), "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")}


@dataclass
class Command:
    """Starts ``python -m experiments`` and its siblings.

    Attributes
    ----------
    folder
        Where they start; results lie in ``results`` below.
    variables
        What the environment has beside the usual.
    prefix
        What comes before the interpreter on the command line.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def start(self, *arguments: str, command: str = "") -> subprocess.Popen[str]:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "DENOGRAD_RESULTS": str(self.results),
            "OMP_NUM_THREADS": "1",
            # No real files, wherever the tests run.
            "DENOGRAD_DATA": "",
            "DENOGRAD_CACHE": str(self.folder / "cache"),
        }
        return subprocess.Popen(
            [*self.prefix, *PYTHON, *filter(None, [command]), *arguments],
            cwd=self.folder,
            env=environment | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Where the tests run in a shell's background, Ctrl-C would be ignored from birth.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str, command: str = "") -> tuple[int, str, str]:
        """Status, output and errors of a command that is waited for."""
        process = self.start(*arguments, command=command)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def records(self) -> dict[str, dict[str, Any]]:
        """Record files by name."""
        found = (self.results / "runs" / "records").rglob("*.json")
        return {path.name: json.loads(path.read_text()) for path in found}
