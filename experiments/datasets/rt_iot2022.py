"""RT-IoT2022: network flows of a small IoT installation."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile

_LABEL = "Attack_type"
_CONSTANT = "bwd_URG_flag_count"
_TEXT = ["proto", "service"]
_PORTS = ["id.orig_p", "id.resp_p"]
# Siblings of the target: they would give it away.
_LEAKING = ("active", "idle")


class RTIoT2022(FileDataset):
    """117,915 distinct flows; the target is the mean active time of a flow in microseconds.

    One row holds 60 % of the target's variance, so an error on the raw scale is mostly about
    whether that row is in the test part.

    Parameters
    ----------
    log1p : bool
        Predict log(1 + target) instead of the target.
    """

    name: ClassVar[str] = "rt_iot2022"
    title: ClassVar[str] = "RT-IoT2022"
    domain: ClassVar[Domain] = "tabular"
    target = "active.avg"
    source: ClassVar[str] = "UCI Machine Learning Repository 942, doi:10.24432/C5P338"
    licence: ClassVar[str] = "CC BY 4.0"
    published_shape: ClassVar[tuple[int, int]] = (117_915, 82)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="RT_IOT2022.csv",
            sha256="956956c09c1764584fa08acd0f6876475626bcedcd6a6b1f8c492c2e9a2089ea",
            how_to_get="RT_IOT2022 from https://archive.ics.uci.edu/dataset/942",
            url="https://archive.ics.uci.edu/static/public/942/rt-iot2022.zip",
            member="RT_IOT2022",
        ),
    )

    def __init__(self, log1p: bool = False) -> None:
        self.log1p = log1p

    @property
    def note(self) -> str:
        """Whose error the error is."""
        if self.log1p:
            return ""
        return "one row of the whole file holds 60 % of the target's variance"

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Drop label, constant and repeated rows; code text as dummies; drop what leaks the target.

        Rows count as repeated when they agree in everything but row number and label.
        """
        required = [_LABEL, _CONSTANT, self.target, *_TEXT, *_PORTS]
        frame = read_csv(contents[0], required=required, index_col=0)
        frame = frame.drop(columns=[_LABEL, _CONSTANT]).drop_duplicates()
        frame = pd.get_dummies(frame, columns=_TEXT, drop_first=True)
        leaking = [c for c in frame.columns if c.startswith(_LEAKING) and c != self.target]
        frame = frame.drop(columns=leaking)
        if self.log1p:
            frame[self.target] = np.log1p(frame[self.target])
        dummies = [c for c in frame.columns if c.startswith(tuple(f"{t}_" for t in _TEXT))]
        return DataTable.tabular(frame, self.target, categorical=(*_PORTS, *dummies))
