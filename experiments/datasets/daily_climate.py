"""Daily climate of Delhi."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile

_PAGE = "https://www.kaggle.com/datasets/sumanthvrao/daily-climate-time-series-data"


class DailyClimate(FileDataset):
    """Four daily channels from 2013 to 2017; the target is the mean temperature in °C.

    2017-01-01 occurs twice, and the pressure holds gross errors (−3 to 7,679 hPa); both are kept,
    as published.
    """

    name: ClassVar[str] = "daily_climate"
    title: ClassVar[str] = "Daily Climate (Delhi)"
    domain: ClassVar[Domain] = "series"
    target = "meantemp"
    source: ClassVar[str] = "Kaggle sumanthvrao/daily-climate-time-series-data"
    licence: ClassVar[str] = "CC0 as listed on Kaggle"
    published_shape: ClassVar[tuple[int, int]] = (1_576, 4)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="DailyDelhiClimateTrain.csv",
            sha256="436002a3aef6647ae343e440b67b61d04e380bad3c60284e2cdc660d91514977",
            how_to_get=f"DailyDelhiClimateTrain.csv from {_PAGE}",
        ),
        RawFile(
            name="DailyDelhiClimateTest.csv",
            sha256="76ab2829fd7577c98d8b41c296a4fe4552d88d45538e663c856d16bd1b07bdbe",
            how_to_get=f"DailyDelhiClimateTest.csv from {_PAGE}",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Put the test file behind the training file."""
        parts = [read_csv(content, required=["date", self.target]) for content in contents]
        frame = pd.concat(parts, ignore_index=True)
        frame["date"] = pd.to_datetime(frame["date"], format="%Y-%m-%d")
        return DataTable.series(frame.set_index("date"), self.target)
