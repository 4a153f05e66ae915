"""A paraboloid over a plane."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd

from experiments.datasets.base import DataTable, Domain, SyntheticDataset, require_at_least
from experiments.seeds import rng_for


class Paraboloid(SyntheticDataset):
    """y = x0² + x1² at uniform points of [−5, 5] × [−5, 5].

    Parameters
    ----------
    n : int
        Number of points; the first ones do not depend on it.
    """

    name: ClassVar[str] = "paraboloid"
    title: ClassVar[str] = "Paraboloid over a plane"
    domain: ClassVar[Domain] = "tabular"
    target = "y"

    def __init__(self, n: int = 5_000) -> None:
        require_at_least("n", n, 1)
        self.n = n

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the target counted once."""
        return self.n, 3

    def load(self) -> DataTable:
        """Generate the table."""
        points = rng_for("dataset", self.name).uniform(-5.0, 5.0, size=(self.n, 2))
        frame = pd.DataFrame(points, columns=["x0", "x1"])
        frame[self.target] = frame["x0"] ** 2 + frame["x1"] ** 2
        return DataTable.tabular(frame, self.target, fingerprint=self.fingerprint())
