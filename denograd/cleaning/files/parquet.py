"""Parquet tables: what is not refined stays in Arrow, with its type, its nulls and its metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from denograd.cleaning.files.source import (
    CleaningError,
    Numbers,
    SourceFile,
    SourceTable,
    shortened,
)
from denograd.columns import why_left_alone

_ROWS_AT_ONCE = 2**16
_ROWS_TOGETHER = 2**20
"""Rows that are held in memory to become one row group, at most."""


@dataclass(frozen=True)
class ParquetTable(SourceFile):
    """A Parquet table.

    Attributes
    ----------
    table : pyarrow.Table
        All columns; those that are an index of pandas are passed over and carried along.
    layout : dict
        Compression by column and rows of a row group, as `pyarrow.parquet.write_table` takes them.
    rows : ndarray of int, optional
        Number of each row in the file, counted from 0; None where all are here.
    """

    table: pa.Table
    layout: dict[str, Any] = field(default_factory=dict)
    rows: np.ndarray | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        index = (self.table.schema.pandas_metadata or {}).get("index_columns", [])
        return [name for name in self.table.column_names if name not in index]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def index(self) -> pd.Index:
        """Numbers of the rows in the file, from 1."""
        return super().index if self.rows is None else pd.Index(self.rows + 1)

    @classmethod
    def read(cls, path: Path) -> ParquetTable:
        """Read a Parquet file.

        Raises
        ------
        CleaningError
            When the file cannot be read, has no rows, or has two columns of one name.
        """
        file = ParquetParts.open(path)
        return cls(file.file.read(), file.layout)

    def numbers(self, name: str) -> Numbers:
        """Read a column as numbers; only columns of a numeric type, not boolean, have any."""
        column = self.table.column(name)
        if not _is_numeric(column.type):
            filled = np.flatnonzero(column.is_valid().to_numpy())
            return Numbers(np.full(len(column), np.nan), filled, whole=False)
        values = column.cast(pa.float64(), safe=False).to_numpy()
        return Numbers(values, np.empty(0, dtype=int), pa.types.is_integer(column.type))

    def labels(self, name: str) -> pd.Series:
        """Return the cells of a column as they are."""
        return self.table.column(name).to_pandas()

    def why_left_alone(self, name: str, numbers: Numbers) -> str | None:
        """Say why the numbers of a column are none to refine, or return None."""
        # Without nulls integers stay integers.
        return why_left_alone(self.table.column(name).drop_null().to_pandas().rename(name))

    def place(self, row: int) -> str:
        """Say where in the file a row is."""
        return f"row {self.index[row]}"

    def sample(self, name: str, row: int) -> str:
        """Return a cell as a message shows it."""
        return shortened(str(self.table.column(name)[row]))

    def take(self, rows: np.ndarray) -> Self:
        """Return a table of some of the rows, in their order."""
        kept = np.asarray(self.index)[rows] - 1
        return replace(self, table=self.table.take(pa.array(rows)), rows=kept)

    def with_values(self, refined: Mapping[str, np.ndarray]) -> Self:
        """Return a copy with new numbers in the types of the columns.

        Integers that have become anything else are the exception: their columns become float64.
        """
        table = self.table
        for name, values in refined.items():
            moved = (values != self.numbers(name).values) & np.isfinite(values)
            if moved.any():
                old = table.schema.field(name)
                new = _typed(values, old.type)
                column = pc.if_else(pa.array(moved), new, table.column(name).cast(new.type))
                position = table.schema.get_field_index(name)
                table = table.set_column(position, old.with_type(new.type), column)
                if new.type != old.type:
                    table = table.replace_schema_metadata(_widened(table.schema.metadata, name))
        return replace(self, table=table)

    def write(self, path: Path) -> None:
        """Write the table in the format in which it was read."""
        pq.write_table(self.table, path, **self.layout)


@dataclass(frozen=True)
class ParquetParts:
    """A Parquet file that is read and written in parts, as it may be larger than memory.

    Make one by `open`.

    Attributes
    ----------
    file : pyarrow.parquet.ParquetFile
        What is read.
    layout : dict
        As that of a `ParquetTable`.
    """

    file: pq.ParquetFile
    layout: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> ParquetParts:
        """Open a Parquet file.

        Raises
        ------
        CleaningError
            When the file cannot be read, has no rows, or has two columns of one name.
        """
        try:
            file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise CleaningError(f"{path} cannot be read as Parquet: {reason}") from None
        if not file.metadata.num_rows:
            raise CleaningError(f"{path} has no rows")
        names = file.schema_arrow.names
        if twice := [name for name in names if names.count(name) > 1]:
            raise CleaningError(f"{path} has two columns {twice[0]!r}: rename one of them")
        group = file.metadata.row_group(0)
        chunks = [group.column(i) for i in range(group.num_columns)]
        codecs = {c.path_in_schema: c.compression.replace("UNCOMPRESSED", "NONE") for c in chunks}
        return cls(file, {"compression": codecs, "row_group_size": group.num_rows})

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.file.metadata.num_rows

    def __iter__(self) -> Iterator[ParquetTable]:
        """Yield the rows in their order, some at a time; one row group is held in memory."""
        first = 0
        for group in range(self.file.num_row_groups):
            # Over all groups at once, Arrow would read ahead and keep what it has read.
            for batch in self.file.iter_batches(_ROWS_AT_ONCE, [group], use_threads=False):
                rows = np.arange(first, first + len(batch))
                yield ParquetTable(pa.Table.from_batches([batch]), self.layout, rows)
                first += len(batch)
            pa.default_memory_pool().release_unused()

    def take(self, rows: np.ndarray) -> ParquetTable:
        """Return some of the rows, whose numbers ascend."""
        found = []
        for part in self:
            assert part.rows is not None
            low, high = np.searchsorted(rows, [part.rows[0], part.rows[-1] + 1])
            found.append(part.table.take(pa.array(rows[low:high] - part.rows[0])))
        return ParquetTable(pa.concat_tables(found), self.layout, rows)

    def write(self, path: Path, like: ParquetTable, parts: Iterable[SourceTable]) -> None:
        """Write parts one after the other, with the types of a table of some of the rows.

        Row groups are as large as in the file that was read, or as `_ROWS_TOGETHER` of them.
        """
        schema, size = like.table.schema, min(self.layout["row_group_size"], _ROWS_TOGETHER)
        with pq.ParquetWriter(path, schema, compression=self.layout["compression"]) as writer:
            waiting: list[pa.Table] = []
            for part in parts:
                assert isinstance(part, ParquetTable)
                waiting.append(part.table.cast(schema))
                while sum(map(len, waiting)) >= size:
                    together = pa.concat_tables(waiting)
                    writer.write_table(together.slice(0, size))
                    waiting = [together.slice(size)]
            if sum(map(len, waiting)):
                writer.write_table(pa.concat_tables(waiting))


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)


def _typed(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Return numbers in the type of their column, or as float64 where integers have none."""
    if pa.types.is_integer(kind):
        if np.any(values != np.rint(values)):
            return pa.array(values)
        limits = np.iinfo(kind.to_pandas_dtype())
        # The largest integer of 64 bits is no float; what is cut off here is cast downwards.
        values = np.clip(values, limits.min, np.nextafter(limits.max + 1.0, 0.0))
    elif pa.types.is_decimal(kind):
        largest = min(
            (10**kind.precision - 1) / 10**kind.scale,
            np.nextafter(10.0 ** (kind.precision - kind.scale), 0.0),
        )
        values = np.clip(values, -largest, largest)
    return pa.array(values).cast(kind, safe=False)


def _widened(metadata: Mapping[bytes, bytes] | None, name: str) -> Mapping[bytes, bytes] | None:
    """Return a schema's metadata in which pandas finds that a column has become float64."""
    if not metadata or b"pandas" not in metadata:
        return metadata
    notes = json.loads(metadata[b"pandas"])
    for column in notes["columns"]:
        if column["field_name"] == name:
            column |= {"pandas_type": "float64", "numpy_type": "float64"}
    return {**metadata, b"pandas": json.dumps(notes).encode()}
