"""A corruption: one dataset with one noise setting and one seed, shared by every method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.settings.schema import Settings

import numpy as np

from experiments.datasets.base import DataTable
from experiments.noise.permutation import permute_target
from experiments.runner.splits import Split, split
from experiments.seeds import rng_for


@dataclass(frozen=True)
class Data:
    """Inputs and target of the same rows, in file order; column 0 of a series is its target."""

    X: np.ndarray
    y: np.ndarray

    def rows(self, index: np.ndarray | slice) -> Data:
        """Take rows."""
        return Data(self.X[index], self.y[index])

    def equals(self, other: Data) -> bool:
        """Whether every value is the same."""
        return np.array_equal(self.X, other.X) and np.array_equal(self.y, other.y)


@dataclass(frozen=True)
class Outline:
    """What of a corruption is known without its values."""

    dataset: Any
    settings: Settings
    fingerprint: str

    @property
    def noiseless(self) -> bool:
        """Whether the noise is known to change nothing."""
        return self.settings.level == 0


@dataclass(frozen=True)
class Corruption(Outline):
    """Clean and noisy values of one table, in the units of the file, and its split.

    `observed` are the rows that were measured rather than filled in; None means all.
    """

    clean: Data
    noisy: Data
    split: Split
    observed: np.ndarray | None

    @property
    def size(self) -> dict[str, int]:
        """Rows and columns that are used, the target included."""
        n_rows, n_inputs = self.noisy.X.shape
        return {"rows": n_rows, "columns": n_inputs + (self.settings.domain == "tabular")}

    @property
    def noiseless(self) -> bool:
        """Whether the noise has changed nothing."""
        return self.noisy.equals(self.clean)

    @cached_property
    def context_rows(self) -> int:
        """Rows before a block that its first window needs; none in a table."""
        if self.settings.domain == "tabular":
            return 0
        return self.settings.window_size + self.settings.horizon - 1

    @cached_property
    def after_split(self) -> np.ndarray:
        """The rows as a shuffled split leaves them: training, validation, test, each shuffled."""
        rng = rng_for("order", self.dataset.name, self.settings.seed)
        return np.concatenate([rng.permutation(part) for part in self.split])

    def seed_for(self, method: str) -> tuple[object, ...]:
        """Names from which a method's own randomness comes: never from the order of jobs."""
        return (self.dataset.name, *noise_name(self.settings), self.settings.seed, method)


def noise_name(settings: Settings) -> tuple[object, ...]:
    """Names of the noise setting; every family at level 0 is the same: the data as they come."""
    if settings.level == 0:
        return ("none",)
    return (settings.noise.target.rpartition(".")[2], settings.level)


def corrupt(settings: Settings) -> Corruption:
    """Load a dataset, bound its size, permute the target if asked, split it and add the noise.

    The split and the unit noise come from the dataset's name and the seed; the level only scales
    the noise, so that every level disturbs in the same direction. A missing or wrong file is a
    DataFileError, a series that is shorter than a window in one of its parts a ValueError.
    """
    dataset = settings.dataset.build()
    profile = settings.profile
    table = _bound(dataset.load(), dataset, profile.rows_of(settings.domain))
    table = _narrow(table, dataset, profile.max_columns)
    names = (dataset.name, settings.seed)
    if settings.target == "permuted":
        table = permute_target(table, rng_for("target", *names))
    parts = split(table, dataset.split, rng_for("split", *names))
    noisy = settings.noise.build().corrupt(table, rng_for("noise", *names))
    corruption = Corruption(
        dataset,
        settings,
        table.fingerprint,
        clean=_data(table),
        noisy=_data(noisy),
        split=parts,
        observed=table.observed,
    )
    if len(parts.train) <= corruption.context_rows:
        raise ValueError(
            f"{dataset.name}: the training part has {len(parts.train)} rows, too few for a window "
            f"of {settings.window_size} with horizon {settings.horizon}; lower window_size"
        )
    return corruption


def _data(table: DataTable) -> Data:
    return Data(table.X.to_numpy(copy=True), table.y.to_numpy(copy=True))


def _bound(table: DataTable, dataset: Any, max_rows: int | None) -> DataTable:
    n_rows = len(table.y)
    if max_rows is None or n_rows <= max_rows:
        return table
    if dataset.domain == "series":
        keep = np.arange(max_rows)
    else:
        rng = rng_for("rows", dataset.name)
        keep = np.sort(rng.choice(n_rows, max_rows, replace=False))
    return replace(
        table,
        X=table.X.iloc[keep],
        y=table.y.iloc[keep],
        groups=None if table.groups is None else table.groups[keep],
        observed=None if table.observed is None else table.observed[keep],
    )


def _narrow(table: DataTable, dataset: Any, max_columns: int | None) -> DataTable:
    """Keep a sample of the inputs in file order; a series keeps its target, column 0, besides."""
    first = int(dataset.domain == "series")
    n_inputs = table.X.shape[1] - first
    if max_columns is None or n_inputs <= max_columns:
        return table
    chosen = rng_for("columns", dataset.name).choice(n_inputs, max_columns, replace=False)
    X = table.X.iloc[:, [*range(first), *(first + np.sort(chosen))]]
    return replace(table, X=X, categorical=tuple(c for c in table.categorical if c in X.columns))
