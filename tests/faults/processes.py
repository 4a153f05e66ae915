"""Looking for processes, and waiting for something to hold."""

import time
from collections.abc import Callable
from pathlib import Path


def until(holds: Callable[[], object], seconds: float = 180) -> None:
    """Wait for something to hold; on a busy machine a command takes a minute to begin."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def of_folder(results: Path) -> list[int]:
    """All processes that a command started for a results folder and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"DENOGRAD_RESULTS={results}\0".encode() in environment and state != "Z":
                found.append(int(entry.name))
    return found


def worker_of(command: int) -> int | None:
    """The working process of a command, if there is one."""
    try:
        children = Path(f"/proc/{command}/task/{command}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None
