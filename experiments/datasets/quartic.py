"""A quartic in one variable."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable, Domain, SyntheticDataset, require_at_least


class Quartic(SyntheticDataset):
    """y = x⁴ − x³ − 20x² − 20x + 6 at equidistant points of [−5, 5].

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    """

    name: ClassVar[str] = "quartic"
    title: ClassVar[str] = "Quartic in one variable"
    domain: ClassVar[Domain] = "tabular"
    target = "y"

    def __init__(self, n: int = 10_001) -> None:
        require_at_least("n", n, 2)
        self.n = n

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the target counted once."""
        return self.n, 2

    def load(self) -> DataTable:
        """Generate the table."""
        x = np.linspace(-5.0, 5.0, self.n)
        y = np.polyval([1.0, -1.0, -20.0, -20.0, 6.0], x)
        frame = pd.DataFrame({"x": x, self.target: y})
        return DataTable.tabular(frame, self.target, fingerprint=self.fingerprint())
