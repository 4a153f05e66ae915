"""Friedman's first regression function."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable, Domain, SyntheticDataset, require_at_least
from experiments.seeds import rng_for

_N_USED = 5


class Friedman(SyntheticDataset):
    """y = 10 sin(π x0 x1) + 20 (x2 − ½)² + 10 x3 + 5 x4 at uniform points of the unit cube.

    The remaining columns carry nothing. J. H. Friedman, Multivariate adaptive regression splines,
    Annals of Statistics 19 (1991), equation 61, without its noise.

    Parameters
    ----------
    n : int
        Number of points; the first ones do not depend on it.
    n_features : int
        Number of columns of X, at least 5.
    """

    name: ClassVar[str] = "friedman"
    title: ClassVar[str] = "Friedman's function no. 1"
    domain: ClassVar[Domain] = "tabular"
    target = "y"

    def __init__(self, n: int = 5_000, n_features: int = 10) -> None:
        require_at_least("n", n, 1)
        self.n = n
        require_at_least("n_features", n_features, _N_USED)
        self.n_features = n_features

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, the target counted once."""
        return self.n, self.n_features + 1

    def load(self) -> DataTable:
        """Generate the table."""
        x = rng_for("dataset", self.name).uniform(size=(self.n, self.n_features))
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(self.n_features)])
        frame[self.target] = (
            10 * np.sin(np.pi * x[:, 0] * x[:, 1])
            + 20 * (x[:, 2] - 0.5) ** 2
            + 10 * x[:, 3]
            + 5 * x[:, 4]
        )
        return DataTable.tabular(frame, self.target, fingerprint=self.fingerprint())
