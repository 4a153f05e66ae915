"""Electricity transformer temperature, ETTh1."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile


class ETT(FileDataset):
    """Seven hourly channels over two years; the target is the oil temperature in °C."""

    name: ClassVar[str] = "ett"
    title: ClassVar[str] = "ETTh1 (transformer temperature)"
    domain: ClassVar[Domain] = "series"
    target = "OT"
    source: ClassVar[str] = "GitHub zhouhaoyi/ETDataset"
    licence: ClassVar[str] = "CC BY-ND 4.0"
    published_shape: ClassVar[tuple[int, int]] = (17_420, 7)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="ETTh1.csv",
            sha256="f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
            how_to_get="ETT-small/ETTh1.csv from https://github.com/zhouhaoyi/ETDataset",
            url="https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Use the date as index; nothing is removed."""
        frame = read_csv(contents[0], required=["date", self.target])
        frame["date"] = pd.to_datetime(frame["date"], format="%Y-%m-%d %H:%M:%S")
        return DataTable.series(frame.set_index("date"), self.target)
