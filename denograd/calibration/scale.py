"""Units of columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Scale(NamedTuple):
    """Means and standard deviations of columns; that of a constant one is 0."""

    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Scale:
        """Take those of each column."""
        # The deviation of a constant column from its rounded mean is no spread.
        varies = np.ptp(values, axis=0) > 0
        return cls(values.mean(axis=0), np.where(varies, values.std(axis=0), 0.0))

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Return values less their mean, as shares of the spread."""
        return self.share(values - self.mean)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Standardised values, rounded to single precision: so units leave no trace in them."""
        return self.standardise(values).astype(np.float32).astype(np.float64)

    def share(self, values: np.ndarray | float) -> np.ndarray:
        """Return values as shares of the spread; 0 where there is none."""
        return np.where(self.sd > 0, values / np.where(self.sd > 0, self.sd, 1.0), 0.0)
