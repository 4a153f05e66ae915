"""Components for tests of the runner, named by configs through their dotted path."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from denograd.base import BaseDenoiser
from experiments.datasets.base import DataTable
from experiments.datasets.friedman import Friedman
from experiments.regressors.base import BaseRegressor


class Halve(BaseDenoiser):
    """Halves X and y, and notes in files what it was given and how often it ran."""

    method = "halve"
    domains = frozenset({"tabular", "series"})

    def __init__(self, log: str = "", seconds: float = 0.0, factor: float = 0.5) -> None:
        self.log = log
        self.seconds = seconds
        self.factor = factor

    def _fit(self, X, y, X_val, y_val):
        self._note("fit", X if X_val is None else np.concatenate([X, X_val]))

    def _denoise(self, X, y):
        time.sleep(self.seconds)
        self._note("denoise", X)
        return X * self.factor, y * self.factor

    def _note(self, what, X):
        if self.log:
            folder = Path(self.log)
            folder.mkdir(exist_ok=True)
            np.save(folder / f"{what}-{len(list(folder.iterdir()))}.npy", X)


class HalvesTarget(Halve):
    """Halves y alone, also where X has a copy of it."""

    method = "halves_target"

    def _denoise(self, X, y):
        return X, y * self.factor


class Counts(Halve):
    """Adds a line to the file `log` each time, from whatever process."""

    method = "counts"

    def _note(self, what, X):
        if what == "denoise":
            with open(self.log, "a") as log:
                log.write(f"{hashlib.sha256(X.tobytes()).hexdigest()}\n")


class Shares(Halve):
    """Has a parameter that is called as a method of others is."""

    def __init__(self, share: float = 0.5) -> None:
        super().__init__(factor=share)
        self.share = share


class Reuses(Halve):
    """Says that what it is made of was trained by another, and sleeps when it denoises."""

    method = "reuses"

    def _fit(self, X, y, X_val, y_val):
        self.seconds, self.reused_seconds_, self.reused_epochs_ = 0.2, 1000.0, 7


class Told(Halve):
    """Is told the noise, and notes it."""

    method = "told"

    def tell(self, sd_X, sd_y):
        self._note("tell", np.append(sd_X, sd_y))


class Broken(Halve):
    """Fails as long as the file `log` exists."""

    method = "broken"

    def _fit(self, X, y, X_val, y_val):
        if Path(self.log).exists():
            raise ArithmeticError("no solution today")

    def _note(self, what, X):
        """The file is a flag here."""


class SeriesOnly(Halve):
    """Knows series only."""

    method = "series_only"
    domains = frozenset({"series"})


class Misshapen(Halve):
    """Returns something of another layout than it was given."""

    method = "misshapen"

    def __init__(self, how: str = "one_row") -> None:
        super().__init__()
        self.how = how

    def _denoise(self, X, y):
        return {
            "one_row": lambda: (X[:1], y),
            "one_column": lambda: (X[:, :1], y),
            "one_target": lambda: (X, y[:1]),
            "fewer_rows": lambda: (X[:-1], y[:-1]),
            "more_columns": lambda: (np.c_[X, y], y),
            "column_target": lambda: (X, y[:, None]),
            "float32": lambda: (X.astype("float32"), y),
            "objects": lambda: (X.astype(object), y),
            "complex": lambda: (X, y + 0j),
            "lists": lambda: (X.tolist(), y),
            "table_alone": lambda: X,
        }[self.how]()


class Fails(Halve):
    """Fails in one way or another."""

    method = "fails"

    def __init__(self, how: str = "exit") -> None:
        super().__init__()
        self.how = how

    def _fit(self, X, y, X_val, y_val):
        raise failure_of(self.how)


class FailsToPredict(BaseRegressor):
    """Fails in one way or another, or predicts what cannot be scored."""

    method = "fails_to_predict"

    def __init__(self, how: str = "exit") -> None:
        self.how = how

    def _fit(self, X, y, X_val, y_val):
        pass

    def _predict(self, X):
        n = len(X)
        values = {
            "missing": np.full(n, np.nan),
            "overflow": np.full(n, 1e200),
            "one": np.zeros(1),
            "square": np.zeros((n, n)),
            "more": np.zeros(n + 1),
        }
        if self.how not in values:
            raise failure_of(self.how)
        return values[self.how]


class UnspeakableError(Exception):
    """Has a message that cannot be made."""

    def __str__(self):
        raise RuntimeError("no words")


def failure_of(how):
    return {
        "exit": SystemExit(0),
        "exit_with_words": SystemExit("good bye"),
        "memory": MemoryError(),
        "base": BaseException("no Exception"),
        "recursion": RecursionError("too deep"),
        "unspeakable": UnspeakableError(),
        "stop": StopIteration(),
        "lines": ValueError("first line\nsecond line"),
    }[how]


class Dies(BaseRegressor):
    """Kills its process while a file exists, as the machine would."""

    method = "dies"

    def __init__(self, while_exists: str = "") -> None:
        self.while_exists = while_exists

    def _fit(self, X, y, X_val, y_val):
        if Path(self.while_exists).exists():
            self._end()
        self.model_ = LinearRegression().fit(X, y)

    def _end(self):
        os.kill(os.getpid(), 9)

    def _predict(self, X):
        return self.model_.predict(X)


class Leaves(Dies):
    """Ends its process without a word while a file exists."""

    method = "leaves"

    def _end(self):
        os._exit(0)


class Hungry(Dies):
    """Takes all the memory that its process may have while a file exists."""

    method = "hungry"

    def _end(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (2**31 + 2**30, hard))
        try:
            np.ones(2**40)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class Waits(Dies):
    """Waits while a folder is there, once it has put the number of its process in."""

    method = "waits"

    def _end(self):
        Path(self.while_exists, str(os.getpid())).touch()
        while Path(self.while_exists).exists():
            time.sleep(0.05)


class Slow(Dies):
    """Takes its time."""

    method = "slow"

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds

    def _fit(self, X, y, X_val, y_val):
        time.sleep(self.seconds)
        self.model_ = LinearRegression().fit(X, y)


class Stubborn(Halve):
    """Does not stop, whoever asks."""

    method = "stubborn"

    def _fit(self, X, y, X_val, y_val):
        Path("stubborn").touch()
        while True:
            try:
                time.sleep(60)
            except BaseException:
                continue


class OfAFile(Friedman):
    """A table in a file, whose content is its fingerprint."""

    name = "of_a_file"

    def __init__(self, n: int = 0, n_features: int = 0, path: str = "") -> None:
        self.n = n
        self.n_features = n_features
        self.path = path

    def load(self):
        content = Path(self.path).read_bytes()
        frame = pd.read_csv(io.BytesIO(content), header=None, names=["a", "b", "y"])
        return DataTable.tabular(frame, "y", fingerprint=hashlib.sha256(content).hexdigest())


class LeavesAThread(Halve):
    """Starts a thread that nobody ends."""

    method = "leaves_a_thread"

    def _fit(self, X, y, X_val, y_val):
        threading.Thread(target=time.sleep, args=(600,)).start()
