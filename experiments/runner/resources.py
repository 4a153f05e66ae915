"""What a piece of work costs: seconds, CPU seconds, epochs and peak memory per stage."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass
class Stages:
    """What the process spent, per named stage: the fields of a record that tell of it.

    Attributes
    ----------
    seconds, cpu_seconds
        Wall time, and processor time of all threads.
    peak_memory_mb
        Largest resident memory.
    epochs
        Epochs run by what tells them.
    reused
        What is in none of the above: "seconds" and "epochs" of work that another piece of work did
        and that is booked there (training of a shared backbone), or an earlier run (`as_reused`,
        with "cpu_seconds"). With the stages they are what this piece of work costs alone.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: dict[str, float] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    reused: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Time the block, and note the largest resident memory that the process had in it."""
        _reset_peak()
        start, cpu_start = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            cpu = time.process_time() - cpu_start
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + cpu
            self.peak_memory_mb[name] = max(self.peak_memory_mb.get(name, 0.0), _peak_mb())

    def note_training(self, fitted: Any) -> None:
        """Take up what a fitted component tells of its training, if it does."""
        epochs = getattr(fitted, "training_epochs_", None)
        if epochs is not None:
            self.epochs["fit"] = epochs
        reused = {name: getattr(fitted, f"reused_{name}_", 0) for name in ("seconds", "epochs")}
        if reused["seconds"]:
            self.reused = reused

    def as_reused(self) -> Stages:
        """What is told of this work where it was found instead of done."""
        found = dict(self.reused)
        for name in ("seconds", "cpu_seconds", "epochs"):
            if own := sum(getattr(self, name).values()):
                found[name] = found.get(name, 0) + own
        return Stages(reused=found)

    def book(self, name: str, works: Collection[Stages]) -> None:
        """Add a stage that is all the stages of other pieces of work."""
        for measure in ("seconds", "cpu_seconds", "epochs", "peak_memory_mb"):
            values = [value for of in works for value in getattr(of, measure).values()]
            if values:
                together = max if measure == "peak_memory_mb" else sum
                getattr(self, measure)[name] = together(values)


def _reset_peak() -> None:
    # Linux lets a process reset its high-water mark; elsewhere the mark is that of its whole life.
    with suppress(OSError):
        _CLEAR_REFS.write_text("5")


def _peak_mb() -> float:
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource  # Unix only; every other path above is tried first

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
