"""Two small tables: columns of every kind, and a series."""

import numpy as np
import pandas as pd

from experiments.datasets.base import DataTable


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat_table(n_rows: int = 60) -> DataTable:
    draw = rng(99)
    X = pd.DataFrame(
        {
            "small": draw.normal(0, 0.01, n_rows),
            "dummy": draw.integers(0, 2, n_rows).astype(float),
            "constant": np.full(n_rows, 0.1),
            "large": draw.normal(5, 1000, n_rows),
        },
        index=pd.RangeIndex(10, 10 + n_rows),
    )
    y = pd.Series(draw.normal(0, 3, n_rows), index=X.index, name="y")
    return DataTable(X=X, y=y, categorical=("dummy",), fingerprint="f")


def series_table(n_rows: int = 60) -> DataTable:
    values = rng(98).normal(size=(n_rows, 3)) * [1.0, 10.0, 0.1]
    frame = pd.DataFrame(values, columns=["y", "a", "b"])
    return DataTable.series(frame, "y", observed=np.arange(n_rows) % 2 == 0)
