"""Frames of pandas, polars and others as tables whose columns are refined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import narwhals as nw
import numpy as np
import pandas as pd
from pandas.api import types

from denograd.cleaning.files import CleaningError, Numbers, SourceTable
from denograd.cleaning.files.source import shortened
from denograd.columns import why_left_alone
from denograd.containers import column_names, columns_at, container_of, foreign, readable


@dataclass(frozen=True)
class FrameTable(SourceTable):
    """A frame, which is never changed; its columns are called by their names as text."""

    frame: Any

    @classmethod
    def of(cls, frame: Any) -> FrameTable:
        """Take a frame.

        Raises
        ------
        TypeError
            For anything else.
        CleaningError
            For a frame without rows, and for two columns of one name.
        """
        if column_names(frame) is None:
            raise TypeError(
                f"frame has to be a DataFrame of pandas, polars or the like, got "
                f"{type(frame).__name__}: name the columns of an array, pd.DataFrame(array, "
                "columns=[...])."
            )
        table = cls(frame)
        twice = [name for name in table.names if table.names.count(name) > 1]
        if twice:
            raise CleaningError(f"the frame has two columns {twice[0]!r}: rename one of them")
        if not table.n_rows:
            raise CleaningError("the frame has no rows")
        return table

    @property
    def names(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(map(str, column_names(self.frame) or ()))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def index(self) -> pd.Index:
        """The index of a frame of pandas; other rows are counted from 0."""
        own = isinstance(self.frame, pd.DataFrame)
        return self.frame.index if own else pd.RangeIndex(self.n_rows)

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers; objects are numbers where they are such one by one."""
        column = self.labels(name)
        if types.is_object_dtype(column.dtype):
            wrong = column.notna() & ~column.map(lambda cell: types.is_number(cell))
            values = pd.to_numeric(column.where(~wrong), errors="coerce")
        elif types.is_numeric_dtype(column.dtype) and column.dtype.kind not in "bc":
            wrong, values = column.isna() & False, column
        else:
            wrong, values = column.notna(), pd.Series(np.nan, column.index)
        return Numbers(
            values.to_numpy(dtype=np.float64, na_value=np.nan),
            np.flatnonzero(wrong),
            types.is_integer_dtype(column.dtype),
        )

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return pd.Series(readable(columns_at(self.frame, self.names.index(name))))

    def why_left_alone(self, name: str, numbers: Numbers) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        # Without missing values integers stay integers.
        column = self.labels(name).dropna().rename(name)
        return why_left_alone(column.infer_objects())

    def place(self, row: int) -> str:
        """Say which row this is."""
        return f"row {self.index[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(str(self.labels(name).iloc[row]))

    def take(self, rows: np.ndarray) -> Self:
        """Return a table of some of the rows, in their order."""
        if isinstance(self.frame, pd.DataFrame):
            return replace(self, frame=self.frame.iloc[rows])
        return replace(self, frame=nw.to_native(foreign(self.frame)[rows.tolist()]))  # type: ignore[index]

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers; integers that have become decimals are float64."""
        columns = {}
        for name, values in refined.items():
            numbers = self.numbers(name)
            if np.any(values != numbers.values):
                position = self.names.index(name)
                old = columns_at(self.frame, position)
                column = container_of(old)(values)
                if numbers.whole and np.all(values == np.rint(values)):
                    column = _as_before(column, old)
                columns[position] = column
        if isinstance(self.frame, pd.DataFrame):
            frame = self.frame.copy()
            for position, column in columns.items():
                frame.isetitem(position, column)
            return replace(self, frame=frame)
        new = [nw.from_native(column, series_only=True) for column in columns.values()]
        names = [self.names[position] for position in columns]
        named = [column.alias(name) for column, name in zip(new, names, strict=True)]
        return replace(self, frame=nw.to_native(foreign(self.frame).with_columns(*named)))  # type: ignore[union-attr]


def _as_before(column: Any, old: Any) -> Any:
    """Return integers in the type that they had."""
    if isinstance(old, pd.Series):
        return column.astype(old.dtype)
    dtype = nw.from_native(old, series_only=True).dtype
    return nw.from_native(column, series_only=True).cast(dtype).to_native()
