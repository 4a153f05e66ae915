"""The process that was called: it starts the one that works, follows it and answers for it.

Work goes on in a process of its own, so that whatever ends that one (a component that exits, the
system that is out of memory) is seen, said and turned into an exit status. Nothing heavy is
imported here.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from experiments.commands.arguments import INTERRUPTED, results_folder
from experiments.commands.progress import Monitor
from experiments.files import no_room
from experiments.store.listing import listing_path

#: Names the run: Hydra's folder of it and its journal carry that name.
RUN_VARIABLE = "DENOGRAD_RUN"
#: Descriptors that the working process listens to and answers on.
PIPES_VARIABLE = "DENOGRAD_PIPES"

FAILURE = 1
_SECONDS_BETWEEN_LOOKS = 0.2
#: After Ctrl-C, the working process has this long to end its workers.
_GRACE_SECONDS = 20.0


def supervise(arguments: list[str]) -> int:
    """Run the benchmark in a process of its own and return the exit status of the command."""
    os.environ[RUN_VARIABLE] = f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{secrets.token_hex(4)}"
    worker = _Worker(arguments)
    previous = {
        number: signal.signal(number, worker.pass_on) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return worker.follow()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        worker.close()


class _Worker:
    """The working process, seen from the one that started it."""

    def __init__(self, arguments: list[str]) -> None:
        self._answers, answer_end = os.pipe()
        # When this process dies, however it dies, the other end of the leash notices.
        leash_end, self._leash = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "experiments.commands.worker", *arguments],
            env=os.environ | {PIPES_VARIABLE: f"{leash_end},{answer_end}"},
            pass_fds=(leash_end, answer_end),
        )
        os.close(answer_end)
        os.close(leash_end)
        os.set_blocking(self._answers, False)
        self._unread = b""
        self._monitor: Monitor | None = None
        self._end: dict[str, Any] | None = None
        self._status: list[str] = []
        self._deadline: float | None = None
        # With --force alone, what was computed anew would be so again.
        since = [f" with {it} for --force" for it in arguments if it.startswith("redo_before=")]
        self._again = "".join(["the same command", *since])

    def close(self) -> None:
        """Close the pipes; a working process that is still there would stop."""
        os.close(self._answers)
        os.close(self._leash)

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        """Hand a signal on; a second one ends the working process at once."""
        if self._deadline is None:
            self._deadline = time.monotonic() + _GRACE_SECONDS
            self._process.send_signal(signal.SIGTERM)
        else:
            self._process.kill()

    def follow(self) -> int:
        """Show what happens until the working process has ended; the exit status."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while self._process.poll() is None:
                if selector.get_map():
                    if selector.select(_SECONDS_BETWEEN_LOOKS) and not self._hear():
                        selector.unregister(self._answers)
                else:
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
                if self._monitor is not None:
                    self._monitor.read()
                if self._deadline is not None and time.monotonic() > self._deadline:
                    self._process.kill()
        self._hear()
        return self._conclude()

    def _hear(self) -> bool:
        """Take what the working process says; False once it cannot say anything any more."""
        open_ = True
        with suppress(BlockingIOError):
            while chunk := os.read(self._answers, 1 << 16):
                self._unread += chunk
            open_ = False
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return open_

    def _take(self, answer: dict[str, Any]) -> None:
        if answer["answer"] == "end":
            self._end = answer
            return
        runs, name = Path(answer["runs"]), answer["name"]
        listing = None if name is None else listing_path(runs, name)
        of_name = [] if name is None else ["--experiment", name]
        elsewhere = str(runs.parent) != results_folder()
        of_folder = ["--results", str(runs.parent)] if elsewhere else []
        self._status = ["python", "-m", "experiments", "status", *of_name, *of_folder]
        journal, total, unit = Path(answer["journal"]), answer["total"], answer["unit"]
        self._monitor = Monitor(journal, total, listing, unit)

    def _conclude(self) -> int:
        """Say what there is to say and return the exit status."""
        end = self._end or self._sudden_end()
        status, complaint = int(end["status"]), end["complaint"]
        monitor = self._monitor
        if monitor is None and status == 0:
            status, complaint = FAILURE, "nothing was heard of any job: is its callback removed?"
        if monitor is not None:
            try:
                # A run that failed to launch or was stopped has not reached all of its pieces.
                monitor.close(complete=status == 0)
            except OSError as error:
                status, complaint = status or FAILURE, complaint or no_room(error)
            if end["died"] and (at := monitor.in_hand()):
                complaint += f" while at {at}"
            if status == 0 and monitor.unheard:
                status = FAILURE
                complaint = (
                    f"nothing was heard of {monitor.unheard} of {monitor.total} {monitor.unit}s"
                )
            elif status == 0 and monitor.counts["failed"]:
                status = FAILURE
                complaint = (
                    f"all that failed is named by: {shlex.join(self._status)}; "
                    f"for tracebacks see the logs below {monitor.journal.parents[1] / 'hydra'}"
                )
        if end["died"] or status == INTERRUPTED:
            complaint += f": what was finished is kept, and {self._again} continues from there"
        if complaint:
            sys.stderr.write(f"experiments: {complaint}\n")
        return status

    def _sudden_end(self) -> dict[str, Any]:
        if self._deadline is not None:
            return {"status": INTERRUPTED, "complaint": "interrupted", "died": False}
        code = self._process.returncode
        how = (
            f"was killed by {signal.Signals(-code).name}"
            if code < 0
            else f"left with status {code}"
        )
        complaint = f"the working process {how}"
        return {"status": FAILURE, "complaint": complaint, "died": True}
