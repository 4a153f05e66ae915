"""The benchmark's command: ``python -m experiments``, a Hydra application.

Nothing heavy is imported here: ``--help`` and tab completion stay fast.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

USAGE_ERROR = 2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def job(config: DictConfig) -> None:
    """Run one corruption; called by Hydra in whatever process its launcher starts."""
    from experiments.job import run_job

    run_job(config)


def main(arguments: list[str] | None = None) -> int:
    """Check the command line, run it and return the exit status.

    Returns
    -------
    int
        0 when everything is done, 1 when a piece of work failed, 2 for a mistake in the command
        line or a config file, 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # One thread per worker; it counts only if it is set before NumPy and torch are imported.
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    overrides = [a for a in arguments if not a.startswith("-")]
    flags = {a for a in arguments if a.startswith("-")}
    from experiments.config import ConfigError

    try:
        if flags and flags <= {"-h", "--help"}:
            from experiments.help import help_text

            print(help_text(overrides))
            return 0
        # Flags that show something, or change where configs come from, are Hydra's own affair.
        checked = flags <= {"-m", "--multirun"}
        if checked:
            from experiments.validation import check_command_line

            check_command_line(overrides, multirun=bool(flags))
    except ConfigError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return USAGE_ERROR
    if checked:
        # Hydra's own parser refuses overrides on both sides of a flag.
        arguments = [*flags, *overrides]
    # Workers of every launcher inherit it, wherever they run.
    os.environ["DENOGRAD_RESULTS"] = os.path.abspath(os.environ.get("DENOGRAD_RESULTS", "results"))
    # A polite kill ends like Ctrl-C: workers stop, and the next run continues.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.argv = ["python -m experiments", *arguments]
    try:
        _hydra_main()
    except KeyboardInterrupt:
        _stop_workers()
        print("interrupted: the same command continues where this one stopped", file=sys.stderr)
        return 130
    from experiments import callback

    monitor = callback.monitor
    return 1 if monitor is not None and monitor.counts["failed"] else 0


def _stop_workers() -> None:
    """End the joblib launcher's processes at once: what they had finished is on disk."""
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _hydra_main() -> None:
    import hydra

    from experiments.config import config_dir

    hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(job)()


if __name__ == "__main__":
    sys.exit(main())
