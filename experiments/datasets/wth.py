"""Local weather, hourly."""

from __future__ import annotations

from typing import BinaryIO, ClassVar, Literal

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile


class WTH(FileDataset):
    """Twelve hourly channels from 2010 to 2013.

    Some zeros of the humidity and of the Fahrenheit wet-bulb temperature look like gaps that were
    filled; they are kept, as published.

    Parameters
    ----------
    target : {"WetBulbCelsius", "Visibility"}
        Channel to predict: wet-bulb temperature in °C, or visibility in miles.
    """

    name: ClassVar[str] = "wth"
    title: ClassVar[str] = "WTH (local weather)"
    domain: ClassVar[Domain] = "series"
    source: ClassVar[str] = (
        "NOAA Local Climatological Data, as released with zhouhaoyi/Informer2020"
    )
    licence: ClassVar[str] = "US government data; none stated with the file"
    published_shape: ClassVar[tuple[int, int]] = (35_064, 12)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="WTH.csv",
            sha256="153fead3ea2a83dc5c4127d3994af6b167322f6f5e292c99491f43a2caf14cd4",
            how_to_get="WTH.csv from the data folder that "
            "https://github.com/zhouhaoyi/Informer2020 links to",
        ),
    )

    def __init__(self, target: Literal["WetBulbCelsius", "Visibility"] = "WetBulbCelsius") -> None:
        self.target = target

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Use the date as index; nothing is removed."""
        frame = read_csv(contents[0], required=["date", self.target])
        frame["date"] = pd.to_datetime(frame["date"], format="%m/%d/%Y %H:%M")
        return DataTable.series(frame.set_index("date"), self.target)
