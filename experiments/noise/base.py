"""What the families of noise have in common: one draw for all of a table, scaled by a level."""

# Annotations are kept as types, not as strings: the settings of a family are read from them, also
# where another module inherits them.

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable


@dataclass(frozen=True)
class Noise(ABC):
    """Noise that is added to a table, in units of each column's standard deviation.

    noisy = clean + a·s·E, with s the standard deviation of the clean column over all rows, E the
    family's draw for the whole table, target included, and a its amplitude. The random numbers
    behind E depend on the generator and the size of the table only, so that every level, choice of
    columns and method sees the same draw. A constant column gets none.

    Parameters
    ----------
    on : {"X", "y", "both"}
        What of a table gets noise. A series gets it on every channel, the target included.
    columns : {"all", "continuous"}
        All columns of X, or only those that do not stand for categories.

    Attributes
    ----------
    revision : int
        Raised whenever the noise changes.
    """

    on: Literal["X", "y", "both"] = field(default="X", kw_only=True)
    columns: Literal["all", "continuous"] = field(default="all", kw_only=True)

    revision: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.on not in ("X", "y", "both"):
            raise ValueError(f"on must be X, y or both, not {self.on!r}")
        if self.columns not in ("all", "continuous"):
            raise ValueError(f"columns must be all or continuous, not {self.columns!r}")

    @property
    @abstractmethod
    def level(self) -> float:
        """How much noise there is; 0 leaves the data bit for bit as they are."""

    @property
    def amplitude(self) -> float:
        """Factor of the draw, in standard deviations of the column: the level."""
        return self.level

    def corrupt(self, table: DataTable, rng: np.random.Generator) -> DataTable:
        """Return a noisy copy of a table.

        Parameters
        ----------
        table : DataTable
            The clean table; it is left as it is.
        rng : numpy.random.Generator
            Gives the draw: rows in file order, columns of X and then, for a table, y.

        Returns
        -------
        DataTable
            The same rows, columns and facts with noisy values.

        Raises
        ------
        ValueError
            If the family is not for tables, and this is one.
        """
        draw = self._draw(table, rng)
        if table.domain == "series":
            X = self._add(table.X, draw, table.categorical)
            return replace(table, X=X, y=X.iloc[:, 0].copy())
        X, y = table.X.copy(), table.y.copy()
        if self.on in ("X", "both"):
            X = self._add(X, draw[:, :-1], table.categorical)
        if self.on in ("y", "both"):
            y = self._add(y.to_frame(), draw[:, -1:], ()).iloc[:, 0]
        return replace(table, X=X, y=y)

    @abstractmethod
    def _draw(self, table: DataTable, rng: np.random.Generator) -> np.ndarray:
        """Return E, of the shape of the table with the target counted once and put last."""

    def _add(
        self, clean: pd.DataFrame, draw: np.ndarray, categorical: tuple[str, ...]
    ) -> pd.DataFrame:
        values = clean.to_numpy(copy=True)
        hit = values.min(axis=0) < values.max(axis=0)
        if self.columns == "continuous":
            hit &= ~clean.columns.isin(categorical)
        noise = self.amplitude * values[:, hit].std(axis=0) * draw[:, hit]
        # Adding nothing must not turn -0.0 into 0.0.
        values[:, hit] = np.where(noise == 0, values[:, hit], values[:, hit] + noise)
        return pd.DataFrame(values, index=clean.index, columns=clean.columns)


@dataclass(frozen=True)
class ScaledNoise(Noise):
    """Noise whose level is a share of each column's standard deviation.

    Parameters
    ----------
    sigma : float
        The level σ, the amplitude of the draw; 0 leaves the data bit for bit as they are.
    """

    sigma: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(f"sigma must be a finite number of at least 0, not {self.sigma}")

    @property
    def level(self) -> float:
        """How much noise there is: σ."""
        return self.sigma
