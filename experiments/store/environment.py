"""What a record says about where it was made."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "torch",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "xgboost-cpu",
    "xgboost",
    "filterpy",
    "PyWavelets",
    "EMD-signal",
    "xlstm",
    "tabpfn",
)
#: What of an environment decides the last bits of a result.
_COMPUTING = ("python", "packages", "platform", "processor", "threads", "cuda")


#: What a revision ends with where the code was another one than its commit has.
DIRTY = "-dirty"


@cache
def environment() -> dict[str, Any]:
    """Versions, machine, thread count and git revision of this process."""
    import torch

    return {
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "denograd": _version("denograd-repro"),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "git": _git_revision(),
    }


def computing() -> dict[str, Any]:
    """What the same source computes the same bits with."""
    return {name: environment()[name] for name in _COMPUTING}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _git_revision() -> str | None:
    """The commit of the code that runs, marked where files of the project differ from it."""
    revision = _git("describe", "--always", "--abbrev=12")
    if not revision:
        return None
    # What is written below results is what a run is for, and changes nothing of what computes.
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)results"
    )
    return f"{revision}{DIRTY}" if changed or changed is None else revision


def _git(*arguments: str) -> str | None:
    try:
        found = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
