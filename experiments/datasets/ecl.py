"""Electricity consumption of clients in Portugal, hourly."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv, require_steps
from experiments.datasets.files import RawFile

_CONSTANT = "MT_182"
_N_ROWS = 6_000


class ECL(FileDataset):
    """The first 6,000 hours of 320 clients; the target is the last client's consumption."""

    name: ClassVar[str] = "ecl"
    title: ClassVar[str] = "ECL (electricity consuming load)"
    domain: ClassVar[Domain] = "series"
    target = "MT_320"
    source: ClassVar[str] = (
        "UCI Machine Learning Repository 321, doi:10.24432/C58C86, "
        "as ECL.csv released with zhouhaoyi/Informer2020"
    )
    licence: ClassVar[str] = "CC BY 4.0"
    published_shape: ClassVar[tuple[int, int]] = (_N_ROWS, 320)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="ECL.csv",
            sha256=None,
            how_to_get="ECL.csv from the data folder that "
            "https://github.com/zhouhaoyi/Informer2020 links to",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Drop the client that is constant, use the date as index, keep the first rows."""
        frame = read_csv(contents[0], required=["date", _CONSTANT, self.target], nrows=_N_ROWS)
        # No format is given: copies of this file write the date differently.
        try:
            frame["date"] = pd.to_datetime(frame["date"])
        except ValueError as error:
            why = str(error).partition(". ")[0]
            raise ValueError(
                f"{self.name}: column date must begin with the year or the month ({why})"
            ) from error
        require_steps(self.name, frame["date"], "1h")
        return DataTable.series(frame.set_index("date").drop(columns=_CONSTANT), self.target)
