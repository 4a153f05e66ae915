"""Components for tests of the runner, named by configs through their dotted path."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from denograd.base import BaseDenoiser
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


class Broken(Halve):
    """Fails as long as the file `log` exists."""

    method = "broken"

    def _fit(self, X, y, X_val, y_val):
        if Path(self.log).exists():
            raise ArithmeticError("no solution today")

    def _note(self, what, X):
        """The file is a flag here."""


class Infinite(Halve):
    """Returns infinity."""

    method = "infinite"

    def _denoise(self, X, y):
        return X * np.inf, y


class SeriesOnly(Halve):
    """Knows series only."""

    method = "series_only"
    domains = frozenset({"series"})


class Dies(BaseRegressor):
    """Kills its process while a file exists, as the machine would."""

    method = "dies"

    def __init__(self, while_exists: str = "") -> None:
        self.while_exists = while_exists

    def _fit(self, X, y, X_val, y_val):
        if Path(self.while_exists).exists():
            os.kill(os.getpid(), 9)
        self.model_ = LinearRegression().fit(X, y)

    def _predict(self, X):
        return self.model_.predict(X)
