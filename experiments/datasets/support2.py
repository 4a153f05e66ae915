"""SUPPORT2: seriously ill patients in five hospitals."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile

_OUTCOMES = ["death", "hospdead", "slos", "d.time", "sfdm2"]
_MAX_MISSING = 800
_UNUSED = ["dzclass", "ca", "dnr"]
_TEXT = ["sex", "dzgroup", "race"]
_BINARY = ["diabetes", "dementia"]


class Support2(FileDataset):
    """Findings of the third day in hospital; the target is the age in years."""

    name: ClassVar[str] = "support2"
    title: ClassVar[str] = "SUPPORT2"
    domain: ClassVar[Domain] = "tabular"
    target = "age"
    source: ClassVar[str] = (
        "Vanderbilt University Department of Biostatistics; "
        "UCI Machine Learning Repository 880, doi:10.3886/ICPSR02957.v2"
    )
    licence: ClassVar[str] = "none stated; acknowledge Vanderbilt Biostatistics"
    published_shape: ClassVar[tuple[int, int]] = (8_579, 33)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="support2.csv",
            sha256="79621945edf2a5c8dc36359684ff356d3c6025e773ba4fefac26f865f7894c78",
            how_to_get="support2csv.zip from https://hbiostat.org/data; "
            + "UCI's data.csv has other bytes",
            url="https://hbiostat.org/data/repo/support2csv.zip",
            member="support2.csv",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Drop outcomes, columns of over 800 gaps, and rows with gaps; code text as dummies."""
        # A data line has one field more than the header, the row number, which becomes the index.
        frame = read_csv(contents[0], required=[self.target, *_OUTCOMES, *_UNUSED, *_TEXT])
        frame = frame.drop(columns=_OUTCOMES)
        frame = frame.loc[:, frame.isna().sum() <= _MAX_MISSING].dropna().drop(columns=_UNUSED)
        frame = pd.get_dummies(frame, columns=_TEXT, drop_first=True)
        dummies = [c for c in frame.columns if c.startswith(tuple(f"{t}_" for t in _TEXT))]
        return DataTable.tabular(frame, self.target, categorical=(*_BINARY, *dummies))
