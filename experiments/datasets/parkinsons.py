"""Parkinsons telemonitoring: voice recordings and the severity of the disease."""

from __future__ import annotations

from typing import BinaryIO, ClassVar, Literal

from experiments.datasets.base import DataTable, Domain, FileDataset, SplitKind, read_csv
from experiments.datasets.files import RawFile

_SUBJECT = "subject#"
_OTHER_SCORE = "motor_UPDRS"


class Parkinsons(FileDataset):
    """5,875 recordings of 42 people; the target is the total UPDRS score.

    4,904 rows have a twin with the same person and time, so a random split is a look-up; the
    grouped one keeps every person in one part.

    Parameters
    ----------
    split : {"random", "grouped"}
        Rows at random, or whole persons.
    """

    name: ClassVar[str] = "parkinsons"
    title: ClassVar[str] = "Parkinsons Telemonitoring"
    domain: ClassVar[Domain] = "tabular"
    target = "total_UPDRS"
    source: ClassVar[str] = "UCI Machine Learning Repository 189, doi:10.24432/C5ZS3N"
    licence: ClassVar[str] = "CC BY 4.0"
    published_shape: ClassVar[tuple[int, int]] = (5_875, 20)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="parkinsons_updrs.data.csv",
            sha256="f2c7d5025dec4e92e7feae367a5f7ccf58789a10ac6b54bdf15976c599f9dd39",
            how_to_get="parkinsons_updrs.data from https://archive.ics.uci.edu/dataset/189",
            url="https://archive.ics.uci.edu/static/public/189/parkinsons+telemonitoring.zip",
            member="parkinsons_updrs.data",
        ),
    )

    def __init__(self, split: Literal["random", "grouped"] = "random") -> None:
        self._split: SplitKind = split

    @property
    def split(self) -> SplitKind:
        """How the rows are split."""
        return self._split

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Drop the person and the motor score, which is part of the target."""
        frame = read_csv(contents[0], required=[_SUBJECT, _OTHER_SCORE, self.target])
        return DataTable.tabular(
            frame.drop(columns=[_SUBJECT, _OTHER_SCORE]),
            self.target,
            groups=frame[_SUBJECT].to_numpy(copy=True),
            categorical=("sex",),
        )
