"""A CSV file of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from experiments.datasets.base import Dataset, DataTable, Domain, fingerprint_of, read_csv
from experiments.datasets.files import DataFileError, content_of

_FIRST = 1000


class CSV(Dataset):
    """A comma-separated file with a line of names, known by its content wherever it lies.

    Every column but the target is an input, or a channel. One that holds no numbers, and one with
    gaps, is refused by name: which rows or values are to go is not for a benchmark to decide.

    Parameters
    ----------
    file : str
        The file, or one that gzip packed; a relative path starts where the command does.
    target : str
        Column to predict.
    domain : {"tabular", "series"}
        Rows that stand for themselves, or steps in time order.
    drop : list of str
        Columns to leave out.
    """

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "A CSV file"
    source: ClassVar[str] = "a file at hand"
    licence: ClassVar[str] = "unknown"
    own_keys: ClassVar[frozenset[str]] = frozenset({"domain"})

    def __init__(
        self,
        file: str,
        target: str,
        domain: Literal["tabular", "series"] = "tabular",
        drop: list[str] | None = None,
    ) -> None:
        self.file = file
        self.target = target
        self.domain: Domain = domain  # type: ignore[misc]
        self.drop = drop

    def check_config(self) -> None:
        """Refuse what the first rows show to be wrong, before anything runs."""
        try:
            self._frame(_FIRST)
        except DataFileError as error:
            raise ValueError(error) from error

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the target counted once."""
        return self.load().shape

    def load(self) -> DataTable:
        """Read the file.

        Raises
        ------
        MissingFileError
            If it is not here.
        ValueError
            If it cannot be read, lacks a column, or has some that hold no numbers or have gaps.
        """
        frame = self._frame()
        make = DataTable.series if self.domain == "series" else DataTable.tabular
        return make(frame, self.target, fingerprint=self.fingerprint())

    def fingerprint(self) -> str:
        """SHA-256 over the content of the file."""
        return fingerprint_of([content_of(self._path).sha256])

    @property
    def _path(self) -> Path:
        return Path(self.file).expanduser()

    def _frame(self, nrows: int | None = None) -> pd.DataFrame:
        content = content_of(self._path)
        try:
            frame = read_csv(content.stream(), [self.target, *(self.drop or ())], nrows=nrows)
        except ValueError as error:
            raise ValueError(f"{self.file} cannot be used: {error}") from error
        frame = frame.drop(columns=self.drop or [])
        self._refuse_texts([str(c) for c in frame if not pd.api.types.is_numeric_dtype(frame[c])])
        gaps = (~np.isfinite(frame.to_numpy(np.float64))).sum(axis=0)
        if gaps.any():
            names = (f"{c!r} ({n})" for c, n in zip(frame, gaps, strict=True) if n)
            raise ValueError(
                f"{self.file}: missing or infinite values in {', '.join(names)}; fill them in, or "
                f"leave out the rows or, by dataset.drop, the columns"
            )
        return frame

    def _refuse_texts(self, columns: list[str]) -> None:
        if self.target in columns:
            raise ValueError(f"{self.file}: the target {self.target!r} is not of numbers alone")
        if columns:
            names = [*(self.drop or ()), *columns]
            quoted = (name if re.fullmatch(r"\w+", name) else f'"{name}"' for name in names)
            raise ValueError(
                f"{self.file}: not of numbers alone: {', '.join(map(repr, columns))}; leave out "
                f"what no model can read: 'dataset.drop=[{','.join(quoted)}]'"
            )
