"""What a dataset of the benchmark is: its facts, its raw files, and the table it loads."""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, ClassVar, Literal

import numpy as np
import pandas as pd

from experiments.datasets import files
from experiments.datasets.files import RawFile

Domain = Literal["tabular", "series"]
SplitKind = Literal["random", "grouped", "chronological"]

# pandas 3 reads a decimal as the nearest double; pandas 2 does so only when told to.
_PANDAS_MAJOR = int(pd.__version__.partition(".")[0])
_CORRECT_ROUNDING: dict[str, Any] = {"float_precision": "round_trip"} if _PANDAS_MAJOR < 3 else {}


@dataclass(frozen=True, kw_only=True)
class DataTable:
    """A dataset after cleaning, checked when it is made.

    Attributes
    ----------
    X : DataFrame
        Float64 and finite. For a table the inputs without the target; for a series every channel
        in time order, the target as column 0.
    y : Series
        Float64 target on the same index; for a series equal to column 0 of `X`.
    domain : {"tabular", "series"}
        Whether row order is time.
    groups : ndarray or None
        A label per row; rows of one group must stay in one part of a grouped split.
    categorical : tuple of str
        Columns of `X` that stand for categories: binary, dummy or coded.
    observed : ndarray of bool or None
        Rows of a series whose target was measured rather than filled in; None means all were.
    fingerprint : str
        SHA-256 of what the table was made from.
    """

    X: pd.DataFrame
    y: pd.Series
    domain: Domain = "tabular"
    groups: np.ndarray | None = None
    categorical: tuple[str, ...] = ()
    observed: np.ndarray | None = None
    fingerprint: str = ""

    def __post_init__(self) -> None:
        n_rows = len(self.X)
        if n_rows == 0 or self.X.shape[1] == 0:
            raise ValueError(f"a table needs rows and columns, this one is {self.X.shape}")
        repeated = self.X.columns[self.X.columns.duplicated()].unique().tolist()
        if repeated:
            raise ValueError(f"column names must be unique, but these occur twice: {repeated}")
        for column, dtype in [*self.X.dtypes.items(), (self.y.name, self.y.dtype)]:
            if dtype != np.float64:
                raise ValueError(f"column {column!r} is {dtype}; a table holds float64 only")
        for column, values in [*self.X.items(), (self.y.name, self.y)]:
            bad = int((~np.isfinite(values.to_numpy())).sum())
            if bad:
                raise ValueError(f"column {column!r} holds {bad} missing or infinite values")
        if not self.X.index.equals(self.y.index):
            raise ValueError(f"X ({n_rows} rows) and y ({len(self.y)} rows) must share one index")
        for label, facts in (("groups", self.groups), ("observed", self.observed)):
            if facts is not None and len(facts) != n_rows:
                raise ValueError(f"{label} has {len(facts)} entries for {n_rows} rows")
        unknown = sorted(set(self.categorical) - set(self.X.columns))
        if unknown:
            raise ValueError(f"categorical names columns that X does not have: {unknown}")
        if self.domain == "series" and not (
            self.X.columns[0] == self.y.name and np.array_equal(self.X.iloc[:, 0], self.y)
        ):
            raise ValueError(f"a series needs its target {self.y.name!r} as column 0 of X")

    @classmethod
    def tabular(cls, frame: pd.DataFrame, target: str, **facts: Any) -> DataTable:
        """Make a table from a frame that holds inputs and target; rows are numbered anew."""
        frame = frame.reset_index(drop=True).astype(np.float64)
        return cls(X=frame.drop(columns=target), y=frame[target], domain="tabular", **facts)

    @classmethod
    def series(cls, frame: pd.DataFrame, target: str, **facts: Any) -> DataTable:
        """Make a series from a frame of channels in time order; the target becomes column 0."""
        others = [column for column in frame.columns if column != target]
        frame = frame[[target, *others]].astype(np.float64)
        return cls(X=frame, y=frame[target].copy(), domain="series", **facts)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and columns with the target counted once."""
        rows, columns = self.X.shape
        return rows, columns + (self.domain == "tabular")


class Dataset(ABC):
    """A dataset: facts as class attributes, `load` for the values.

    A constructor checks and stores its annotated arguments, the dataset's config keys, and no more.

    Attributes
    ----------
    name : str
        Short name: the folder of its files and the file name in ``conf/dataset``.
    title : str
        Name for people.
    domain : {"tabular", "series"}
        Whether row order is time.
    target : str
        Column to predict.
    source : str
        Where the data come from.
    licence : str
        Under which licence they may be used, as far as known.
    note : str
        What to know of every error on it; printed beside the tables. Usually empty.
    by_protocol : mapping
        Parameter to protocol to the value that None stands for under it.
    own_keys : frozenset of str
        Keys of its config that a run fills in for every other component.
    revision : int
        Raised when the same raw files give another table.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    domain: ClassVar[Domain]
    target: str
    source: ClassVar[str]
    licence: ClassVar[str]
    by_protocol: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    revision: ClassVar[int] = 1
    files: ClassVar[tuple[RawFile, ...]] = ()

    @property
    def note(self) -> str:
        """What to know of every error on this dataset, or nothing."""
        return ""

    @property
    def split(self) -> SplitKind:
        """How the rows are split: at random for a table, by time for a series."""
        return "chronological" if self.domain == "series" else "random"

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and columns that `load` gives, the target counted once."""

    @abstractmethod
    def load(self) -> DataTable:
        """Read or generate the cleaned table."""

    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of what `load` starts from; the fingerprint of the table, without making it."""


class FileDataset(Dataset):
    """A dataset that is read from raw files.

    A subclass names its `files`, the `published_shape` of the cleaned table, and cleans in `parse`.
    """

    published_shape: ClassVar[tuple[int, int]]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns after cleaning, as published."""
        return self.published_shape

    @abstractmethod
    def parse(self, *contents: BinaryIO) -> DataTable:
        """Clean the raw files, given in the order of `files`, into a table."""

    def load(self) -> DataTable:
        """Find the raw files, check their sums and clean them.

        Returns
        -------
        DataTable
            The cleaned table, its fingerprint filled in.

        Raises
        ------
        MissingFileError
            If a file is not here and cannot be downloaded; says where to get and put it.
        ChecksumError
            If a file is not the one that the benchmark was made with.
        ValueError
            If the cleaned table has not the published shape: not every file has a checksum.
        """
        contents = [files.read(self.name, file) for file in self.files]
        table = self.parse(*(content.stream() for content in contents))
        if table.shape != self.published_shape:
            raise ValueError(
                f"{self.name}: the cleaned table has {_rows(table.shape)}, the published one "
                f"{_rows(self.published_shape)}; another version of "
                f"{', '.join(file.name for file in self.files)}?"
            )
        return replace(table, fingerprint=fingerprint_of(content.sha256 for content in contents))

    def fingerprint(self) -> str:
        """SHA-256 over the content of the raw files, which are read for it."""
        return fingerprint_of(files.read(self.name, file).sha256 for file in self.files)


class SyntheticDataset(Dataset):
    """A dataset that is generated: the same values every time, and no noise in them."""

    source: ClassVar[str] = "generated by this project"
    licence: ClassVar[str] = "BSD-3-Clause"

    def fingerprint(self) -> str:
        """SHA-256 over the generator's name, revision and parameters.

        The values themselves are left out: their last bits differ between machines.
        """
        parameters = {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}
        return fingerprint_of([self.name, self.revision, *sorted(parameters.items())])


def read_csv(content: BinaryIO, required: list[str] | None = None, **options: Any) -> pd.DataFrame:
    """Read a comma-separated file so that every version of pandas gives the same bits.

    Parameters
    ----------
    content : file object
        The raw file.
    required : list of str, optional
        Columns without which the file is refused.
    **options
        Passed on to `pandas.read_csv`.

    Returns
    -------
    DataFrame
        The file as it is.

    Raises
    ------
    ValueError
        If a required column is missing.
    """
    frame = pd.read_csv(content, **_CORRECT_ROUNDING, **options)
    missing = [column for column in required or [] if column not in frame.columns]
    if missing:
        raise ValueError(
            f"the file has no column {', '.join(map(repr, missing))}; it has {list(frame.columns)}"
        )
    return frame


def require_at_least(name: str, value: int, least: int) -> None:
    """Raise a ValueError that names the parameter when `value` is below `least`."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


def require_steps(name: str, times: pd.Series, step: str) -> None:
    """Refuse times that do not follow each other by one step, naming the first row that does not.

    Dates that are read day first, shuffled or doubled rows would make another series of it.
    """
    wrong = (times.diff().iloc[1:] != pd.Timedelta(step)).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise ValueError(
            f"{name}: row {row + 1} is of {times.iloc[row]}, the one before of "
            f"{times.iloc[row - 1]}: rows must follow each other by {step}"
        )


def _rows(shape: tuple[int, int]) -> str:
    return f"{shape[0]:,} rows × {shape[1]:,} columns"


def fingerprint_of(parts: Iterable[object]) -> str:
    """SHA-256 over the texts of several facts."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()
