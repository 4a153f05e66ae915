"""The process that works: it checks the command line, hands the jobs to Hydra's launcher and says
to the process that was called what it launched and how it ended.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import traceback
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING, Any

from experiments.commands.arguments import INTERRUPTED
from experiments.commands.progress import PROCESS_VARIABLE
from experiments.commands.supervisor import FAILURE, PIPES_VARIABLE
from experiments.files import CannotStoreError, no_room

if TYPE_CHECKING:
    from omegaconf import DictConfig

USAGE_ERROR = 2
#: After the process that was called is gone, workers have this long to stop.
_GRACE_SECONDS = 20.0


class StopRunError(BaseException):
    """Stops a run before it starts; Hydra's callbacks take every `Exception` for a mere warning."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(str(reason))
        self.reason = reason


def job(config: DictConfig) -> float | None:
    """Run one corruption; called by Hydra in whatever process its launcher starts."""
    from experiments.commands.job import run_job

    return run_job(config)


def run_hydra(arguments: list[str]) -> None:
    """Let Hydra do what the arguments say."""
    import hydra

    from experiments.settings.schema import config_dir

    sys.argv = ["python -m experiments", *arguments]
    hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(job)()


def answer(**said: Any) -> None:
    """Say something to the process that was called, if there is one."""
    # Where it is gone, nobody asks any more.
    with suppress(BrokenPipeError):
        if _answers is not None:
            os.write(_answers, json.dumps(said).encode() + b"\n")


def main(arguments: list[str]) -> None:
    """Do what the command line says, and tell how it ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _connect()
    status, complaint, died = 0, "", False
    try:
        _work(arguments)
        _stop_workers()
    except KeyboardInterrupt:
        _stop_workers()
        status, complaint = INTERRUPTED, "interrupted"
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else FAILURE
    except BaseException as error:
        status, complaint, died = _explained(
            error.reason if isinstance(error, StopRunError) else error
        )
    answer(answer="end", status=status, complaint=complaint, died=died)
    # Not by way of the interpreter's end, which waits for threads that a component left behind.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _work(arguments: list[str]) -> None:
    if find_spec("hydra_plugins.hydra_submitit_launcher"):
        from experiments.commands import cluster

        cluster.register()
    flags = [argument for argument in arguments if argument.startswith("-")]
    # Flags that change where configs come from are Hydra's own affair.
    if set(flags) <= {"-m", "--multirun"}:
        from experiments.settings.command_line import check_command_line

        overrides = [argument for argument in arguments if argument not in flags]
        check_command_line(overrides, multirun=bool(flags))
        # Hydra's own parser refuses overrides on both sides of a flag.
        arguments = [*flags, *overrides]
    os.environ[PROCESS_VARIABLE] = str(os.getpid())
    # Its exceptions, instead of its way to print them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    from experiments.commands import sweeper

    sweeper.register()
    run_hydra(arguments)


def _explained(error: BaseException) -> tuple[int, str, bool]:
    """Exit status and sentence for an exception, and whether it says that a process died."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from experiments.files import StoreError
    from experiments.settings.command_line import sentence
    from experiments.settings.values import ConfigError
    from experiments.words import first_line

    if isinstance(error, ConfigError):
        return USAGE_ERROR, str(error), False
    if isinstance(error, HydraException | OmegaConfBaseException):
        return USAGE_ERROR, sentence(error), False
    if isinstance(error, CannotStoreError | StoreError):
        return FAILURE, str(error), False
    if isinstance(error, OSError):
        return FAILURE, no_room(error), False
    if isinstance(error, BrokenProcessPool):
        codes = re.search(r"exit codes of the workers are \{(.+?)\}", str(error))
        return FAILURE, f"a worker died ({codes[1] if codes else 'no exit code'})", True
    if type(error).__name__ == "FailedSubmissionError":
        return FAILURE, f"nothing was submitted: {str(error).splitlines()[-1]}", False
    if type(error).__module__.partition(".")[0] == "submitit":
        found = re.search(r"^Job (\S+) .*\(state: (\w+)\)", str(error), flags=re.DOTALL)
        what = f"job {found[1]}, {found[2]}" if found else first_line(error)
        return FAILURE, f"a worker died ({what})", True
    traceback.print_exception(error)
    return FAILURE, f"{type(error).__name__}: {first_line(error)}", False


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Take a polite kill for a Ctrl-C; what comes after the first must not disturb the end."""
    # A handler of Python's own: one that the system ignores races with signals on their way.
    for every in (signal.SIGINT, signal.SIGTERM):
        signal.signal(every, lambda number, frame: None)
    raise KeyboardInterrupt


def _connect() -> None:
    """Take the pipes to the process that was called, and stop when it is gone."""
    global _answers
    pipes = os.environ.pop(PIPES_VARIABLE, None)
    if pipes is None:
        return
    leash, _answers = map(int, pipes.split(","))
    for descriptor in (leash, _answers):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_watch, args=(leash,), daemon=True).start()


def _watch(leash: int) -> None:
    os.read(leash, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(FAILURE)


def _stop_workers() -> None:
    """End the joblib launcher's processes at once: what they had finished is on disk."""
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import reusable_executor

        if reusable_executor._executor is not None:
            reusable_executor._executor.shutdown(wait=True, kill_workers=True)


_answers: int | None = None

if __name__ == "__main__":
    # The module that Hydra's callbacks import is this one, not a second copy of it.
    from experiments.commands import worker

    worker.main(sys.argv[1:])
