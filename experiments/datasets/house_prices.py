"""House sales in King County."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile


class HousePrices(FileDataset):
    """Sales of 2014 and 2015, the first of each house; the target is the price in dollars."""

    name: ClassVar[str] = "house_prices"
    title: ClassVar[str] = "House Sales in King County, USA"
    domain: ClassVar[Domain] = "tabular"
    target = "price"
    source: ClassVar[str] = "Kaggle harlfoxem/housesalesprediction"
    licence: ClassVar[str] = "CC0 as listed on Kaggle"
    published_shape: ClassVar[tuple[int, int]] = (21_436, 19)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="kc_house_data.csv",
            sha256="d0875baa0251b21d4bdc9d2ae940a4fe0bb6009824f23dd0e2a5b2bf04557b7e",
            how_to_get="kc_house_data.csv from "
            "https://www.kaggle.com/datasets/harlfoxem/housesalesprediction; beware of a copy "
            "whose prices above a million are rounded",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Keep the first sale of every house; drop its number and the date."""
        frame = read_csv(contents[0], required=["id", "date", self.target])
        frame = frame.drop_duplicates(subset="id", keep="first").drop(columns=["id", "date"])
        return DataTable.tabular(
            frame,
            self.target,
            categorical=("waterfront", "view", "condition", "grade", "zipcode"),
        )
