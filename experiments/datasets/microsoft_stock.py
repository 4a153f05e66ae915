"""Prices and volume of the Microsoft share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar, Literal

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile

_DATE = "Date"


class MicrosoftStock(FileDataset):
    """Five channels of 2,192 days from 2015 to 2021; the target is the closing price in dollars.

    681 days (weekends, holidays) have no trade and are filled in; `observed` of the table says
    which. Interpolation looks into the future, filling forward does not.

    Parameters
    ----------
    fill : {"interpolate", "forward"}, optional
        Linear interpolation, as published, or the last trade before. None takes what the protocol
        wants: interpolation as published, no look ahead where rows are held out.
    """

    name: ClassVar[str] = "microsoft_stock"
    title: ClassVar[str] = "Microsoft Stock"
    domain: ClassVar[Domain] = "series"
    target = "Close"
    source: ClassVar[str] = "Kaggle vijayvvenkitesh/microsoft-stock-time-series-analysis"
    licence: ClassVar[str] = "not stated"
    published_shape: ClassVar[tuple[int, int]] = (2_192, 5)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="Microsoft_Stock.csv",
            sha256="d3df8b7302dccbad385599130d146edfdcce217cfd5822295e9737be11310c65",
            how_to_get="Microsoft_Stock.csv from https://www.kaggle.com/datasets/"
            "vijayvvenkitesh/microsoft-stock-time-series-analysis",
        ),
    )

    by_protocol: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fill": {"published": "interpolate", "held_out": "forward"}
    }

    def __init__(self, fill: Literal["interpolate", "forward"] | None = None) -> None:
        self.fill = fill

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Round trading times to the nearest day and fill the days between."""
        frame = read_csv(contents[0], required=[_DATE, self.target])
        # The market closes in the afternoon, so a trading day is dated the day after, as published.
        frame[_DATE] = pd.to_datetime(frame[_DATE], format="%m/%d/%Y %H:%M:%S").dt.round("D")
        daily = frame.set_index(_DATE).astype("float64").asfreq("D")
        observed = daily[self.target].notna().to_numpy(copy=True)
        filled = daily.ffill() if self.fill == "forward" else daily.interpolate(method="linear")
        return DataTable.series(filled, self.target, observed=observed)
