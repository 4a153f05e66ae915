"""What every kind of file gives: columns as numbers, places and samples for messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd


class CleaningError(ValueError):
    """What stands in the way of cleaning, in one sentence that says what to do."""


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes
    ----------
    values : ndarray of float64
        NaN where there is no number.
    unreadable : ndarray of int
        Rows that hold something which is neither a number nor a missing value.
    whole : bool
        Whether every number that is there is written as an integer.
    """

    values: np.ndarray
    unreadable: np.ndarray
    whole: bool

    @property
    def missing(self) -> np.ndarray:
        """Rows without a finite number that are not unreadable."""
        return np.setdiff1d(np.flatnonzero(~np.isfinite(self.values)), self.unreadable)


class SourceTable(ABC):
    """A table as it stands in its file."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    def index(self) -> pd.Index:
        """What the rows are called in a list of changes."""
        return pd.RangeIndex(1, self.n_rows + 1)

    @abstractmethod
    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers."""

    @abstractmethod
    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are, to label rows with."""

    @abstractmethod
    def why_left_alone(self, name: str, numbers: Numbers) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""

    @abstractmethod
    def place(self, row: int) -> str:
        """Say where in the file a row is."""

    @abstractmethod
    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""

    @abstractmethod
    def take(self, rows: np.ndarray) -> Self:
        """Return a table of some of the rows, in their order."""

    @abstractmethod
    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; cells whose number is the same, or none, stay."""


class SourceFile(SourceTable):
    """A table that was read from a file."""

    @abstractmethod
    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""


def shortened(text: str) -> str:
    """Return a cell as a message quotes it."""
    return repr(text if len(text) <= 30 else f"{text[:29]}…")
