"""What refined values may be: within bounds, and whole where they were and are to stay so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Limits:
    """Bounds and rounding of refined columns.

    Attributes
    ----------
    given : dict
        Least and largest value by column.
    positive : tuple of str
        Other columns that hold no negative value, and are to hold none.
    whole : frozenset of str
        Columns that are rounded to integers.
    """

    given: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        values: pd.DataFrame,
        given: Mapping[str, tuple[float, float]],
        whole: Collection[str] = (),
    ) -> Limits:
        """Return the bounds that are given, and 0 for other columns without a negative value."""
        names = values.columns[(values >= 0).all()]
        return cls(given, tuple(name for name in names if name not in given), frozenset(whole))

    def applied(self, refined: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        """Return values within the limits, and how many of a column a bound has held."""
        kept, held = refined.copy(), {}
        for name in refined:
            values = np.rint(refined[name]) if name in self.whole else refined[name]
            least = 0.0 if name in self.positive else -np.inf
            low, high = self.given.get(str(name), (least, np.inf))
            if name in self.whole:
                low, high = np.ceil(low), np.floor(high)
            kept[name] = values.clip(low, high)
            if n_held := int((kept[name] != values).sum()):
                held[str(name)] = n_held
        return kept, held

    def described(self, name: str) -> str:
        """Return the given bounds of a column in words."""
        low, high = self.given[name]
        if high == np.inf:
            return f"{low:g} or more"
        return f"{high:g} or less" if low == -np.inf else f"{low:g} to {high:g}"
