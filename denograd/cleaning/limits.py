"""What refined values may be: within bounds, and whole where they were and are to stay so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from denograd.cleaning.files import CleaningError

if TYPE_CHECKING:
    from denograd.cleaning.columns import Selection


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

    def applied(
        self, refined: pd.DataFrame, before: pd.DataFrame | None = None
    ) -> tuple[pd.DataFrame, dict[str, int]]:
        """Return values within the limits, and how many of a column a bound has held.

        Values that were below 0 before, in rows that nobody looked at to find the limits, are held
        at what they were.
        """
        kept, held = refined.copy(), {}
        for name in refined:
            values = np.rint(refined[name]) if name in self.whole else refined[name]
            least: Any = -np.inf
            if name in self.positive:
                least = 0.0 if before is None else before[name].clip(upper=0.0)
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


def limits_of(
    selection: Selection,
    bounds: Mapping[str, tuple[float, float]],
    round_integers: bool = False,
    keep_target: bool = False,
) -> Limits:
    """Return what refined values may be; bounds have to be those of columns that move.

    Raises
    ------
    CleaningError
        Naming the column.
    """
    if keep_target and not selection.features:
        named = ", ".join(map(repr, selection.targets))
        raise CleaningError(f"--keep-target leaves nothing to refine beside {named}")
    moving = set(selection.values) - (set(selection.targets) if keep_target else set())
    for name in bounds:
        if name not in moving:
            raise CleaningError(f"--bounds: the column {name!r} is not refined")
    return Limits.of(selection.values, bounds, selection.whole if round_integers else frozenset())
