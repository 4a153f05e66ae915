"""Units of columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Scale(NamedTuple):
    """Means and standard deviations of columns; that of a constant one is 1."""

    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Scale:
        """Take those of each column."""
        # The deviation of a constant column from its rounded mean is no spread.
        varies = np.ptp(values, axis=0) > 0
        return cls(values.mean(axis=0), np.where(varies, values.std(axis=0), 1.0))

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Standardised values, rounded to single precision: so units leave no trace in them."""
        return ((values - self.mean) / self.sd).astype(np.float32).astype(np.float64)
