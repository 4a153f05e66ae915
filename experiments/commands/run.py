"""The benchmark's command: ``python -m experiments``, a Hydra application.

Nothing heavy is imported here: ``--help`` and tab completion stay fast.
"""

from __future__ import annotations

import os
import sys
import time

from experiments.commands.arguments import INTERRUPTED, RESULTS_VARIABLE, results_folder

USAGE_ERROR = 2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Flags with which Hydra shows something and runs nothing.
_SHOWING = {
    *("-c", "--cfg", "-i", "--info", "-sc", "--shell-completion"),
    *("-h", "--help", "--hydra-help", "--version"),
}


def main(arguments: list[str] | None = None) -> int:
    """Check the command line, run it and return the exit status.

    0 when everything is done, 1 when a piece of work failed, a worker died or nothing could be
    written, 2 for a mistake in the command line or a config file, 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # One thread per worker; it counts only if it is set before NumPy and torch are imported.
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    try:
        arguments = _without_flags(arguments)
    except ValueError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return USAGE_ERROR
    flags = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    if flags and flags <= {"-h", "--help"}:
        return _help([argument for argument in arguments if not argument.startswith("-")])
    # Workers of every launcher inherit it, wherever they run.
    os.environ[RESULTS_VARIABLE] = os.path.abspath(results_folder())
    if flags & _SHOWING:
        from experiments.commands.worker import run_hydra

        run_hydra(arguments)
        return 0
    from experiments.commands.supervisor import supervise

    try:
        return supervise(arguments)
    except KeyboardInterrupt:
        # Before there was anything to stop.
        return INTERRUPTED


def _without_flags(arguments: list[str]) -> list[str]:
    """The arguments with keys for this project's own flags, which workers have to know too."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    keys = {"--failed": "only_failed=true", "--force": f"redo_before={now}"}
    given = [keys[argument] for argument in dict.fromkeys(arguments) if argument in keys]
    if len(given) > 1:
        raise ValueError("--failed, --force: what failed is tried anew anyway; choose one")
    return [*(argument for argument in arguments if argument not in keys), *given]


def _help(overrides: list[str]) -> int:
    from experiments.commands.help import help_text
    from experiments.settings.values import ConfigError

    try:
        print(help_text(overrides))
    except ConfigError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return USAGE_ERROR
    return 0
