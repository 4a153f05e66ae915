"""Parquet tables: columns keep their types."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from denograd.clean.files.source import CleaningError, Numbers, SourceTable, shortened
from denograd.columns import why_left_alone


@dataclass(frozen=True)
class ParquetTable(SourceTable):
    """A Parquet table; columns keep their types, index and metadata of pandas included."""

    frame: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return [str(name) for name in self.frame.columns]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @classmethod
    def read(cls, path: Path) -> ParquetTable:
        """Read a Parquet file.

        Raises
        ------
        CleaningError
            When pyarrow is missing, or the file cannot be read.
        """
        _require_pyarrow()
        try:
            frame = pd.read_parquet(path, engine="pyarrow")
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise CleaningError(f"{path} cannot be read as Parquet: {reason}") from None
        if not len(frame):
            raise CleaningError(f"{path} has no rows")
        return cls(frame)

    def _column(self, name: str) -> pd.Series:
        return self.frame.iloc[:, self.names.index(name)]

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers; only columns of a numeric type, not boolean, have any."""
        column = self._column(name)
        kinds = pd.api.types
        if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column):
            filled = np.flatnonzero(column.notna().to_numpy())
            return Numbers(np.full(len(column), np.nan), filled, whole=False)
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return Numbers(values, np.empty(0, dtype=int), kinds.is_integer_dtype(column))

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return self._column(name).reset_index(drop=True)

    def why_left_alone(self, name: str) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        return why_left_alone(self._column(name).rename(name))

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"row {row + 1}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(str(self._column(name).iloc[row]))

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers: floats keep their type, integers become floats."""
        columns = []
        for position, name in enumerate(self.names):
            column = self.frame.iloc[:, position]
            values = refined.get(name)
            if values is not None and np.any(values != self.numbers(name).values):
                dtype = column.dtype if pd.api.types.is_float_dtype(column) else np.float64
                column = pd.Series(values, index=column.index, name=column.name).astype(dtype)
            columns.append(column)
        frame = pd.concat(columns, axis=1)
        frame.columns = self.frame.columns
        frame.attrs = dict(self.frame.attrs)
        return replace(self, frame=frame)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""
        self.frame.to_parquet(path, engine="pyarrow")


def _require_pyarrow() -> None:
    """Raise a CleaningError that says how to install pyarrow, where it is not."""
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise CleaningError(
            "Parquet files need pyarrow: pip install 'denograd-repro[parquet]', or give a CSV file"
        ) from None
