"""Columns refined: what is learnt from some rows, and what becomes of these and of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from denograd.calibrated import CalibratedDenoiser
from denograd.cleaning.changes import Changes, Tally
from denograd.cleaning.cleaned import Cleaned, Denoiser
from denograd.cleaning.columns import Selection, complete_rows, require_numbers
from denograd.cleaning.files import SourceTable
from denograd.cleaning.limits import Limits


@dataclass(frozen=True)
class Engine:
    """Denoisers that have learnt from the rows of a selection.

    Each target is predicted from the columns that are no targets, by a denoiser of its own; these
    other columns move by the mean of what the denoisers say. The channels of a calibrated series
    all predict each other, so a single one does.

    Attributes
    ----------
    selection : Selection
        The columns, and the rows that were learnt from.
    limits : Limits
        What refined values may be.
    denoisers : dict
        A fitted one for each target.
    keep_target : bool
        Whether the targets stay as they are.
    changes : Changes
        Of the rows that were learnt from.
    """

    selection: Selection
    limits: Limits
    denoisers: Mapping[str, Denoiser]
    keep_target: bool
    changes: Changes

    @classmethod
    def learn(
        cls, selection: Selection, limits: Limits, denoiser: Denoiser, keep_target: bool = False
    ) -> Engine:
        """Learn from the rows of a selection, and refine them.

        Parameters
        ----------
        selection : Selection
            Finite numbers, the targets first.
        limits : Limits
            What refined values may be.
        denoiser : CalibratedDenoiser or DenoGradDenoiser
            Not fitted itself. Its domain says whether the rows are a table or a series.
        keep_target : bool
            Whether the targets stay as they are.
        """
        together = isinstance(denoiser, CalibratedDenoiser) and denoiser.domain == "series"
        targets = selection.targets[:1] if together else selection.targets
        denoisers = {target: clone(denoiser) for target in targets}
        for target, own in denoisers.items():
            if isinstance(own, CalibratedDenoiser) and isinstance(own.noise, Mapping):
                names = columns_of(selection, target, len(targets))
                known = {name: own.noise[name] for name in own.noise if name in names}
                own.set_params(noise=known)
        values = selection.values
        moved = _moved(selection, denoisers, values, lambda d, X, y: d.fit_resample(X, y))
        after, held = _limited(selection, limits, values, moved, keep_target)
        return cls(selection, limits, denoisers, keep_target, Changes(values, after, held))

    def refined(self) -> SourceTable:
        """Return the rows that were learnt from, refined."""
        return _with_values(self.selection.table, self.changes.after)

    def refine(self, table: SourceTable) -> tuple[SourceTable, Changes]:
        """Refine other rows of the same columns.

        Raises
        ------
        CleaningError
            For cells that hold no number.
        """
        selection = self.selection
        found = {name: table.numbers(name) for name in map(str, selection.values)}
        for name, numbers in found.items():
            require_numbers(table, name, numbers)
        values, complete, dropped = complete_rows(
            table, found, selection.targets, selection.drop_missing
        )
        if dropped is not None:
            table = table.take(np.flatnonzero(complete))
        moved = _moved(selection, self.denoisers, values, lambda d, X, y: d.denoise(X, y))
        after, held = _limited(selection, self.limits, values, moved, self.keep_target)
        return _with_values(table, after), Changes(values, after, held, self.changes.spread)

    def cleaned(
        self,
        tally: Tally,
        changes: Changes | None = None,
        frame: Any = None,
        times: pd.Series | None = None,
        notes: tuple[str, ...] = (),
    ) -> Cleaned:
        """Return what is told of the result."""
        found = changes or self.changes
        return Cleaned(
            self.selection, self.limits, self.denoisers, found, tally, frame, times, notes
        )


def _with_values(table: SourceTable, after: pd.DataFrame) -> SourceTable:
    return table.with_values({str(name): values.to_numpy() for name, values in after.items()})


def parts(values: pd.DataFrame, series: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Divide columns, the target first, into X and y; a series keeps its target in X."""
    return values if series else values.iloc[:, 1:], values.iloc[:, 0]


def columns_of(selection: Selection, target: str, n_denoisers: int) -> list[str]:
    """Return the columns that the denoiser of a target is given, that one first."""
    everything = list(map(str, selection.values))
    return everything if n_denoisers < 2 else [target, *selection.features]


def _moved(
    selection: Selection,
    denoisers: Mapping[str, Denoiser],
    values: pd.DataFrame,
    move: Callable[[Any, pd.DataFrame, pd.Series], Any],
) -> pd.DataFrame:
    """Return what the denoisers make of rows; what several of them move, by the mean."""
    if not len(values):
        return values.copy()
    moved: dict[str, list[pd.Series]] = {str(name): [] for name in values}
    for target, denoiser in denoisers.items():
        names = columns_of(selection, target, len(denoisers))
        X, y = move(denoiser, *parts(values[names], denoiser.domain == "series"))
        for name in names:
            moved[name].append(y if name == target else X[name])
    return pd.DataFrame({name: sum(said) / len(said) for name, said in moved.items()})


def _limited(
    selection: Selection,
    limits: Limits,
    before: pd.DataFrame,
    moved: pd.DataFrame,
    keep_target: bool,
) -> tuple[pd.DataFrame, dict[str, int]]:
    if keep_target:
        moved[list(selection.targets)] = before[list(selection.targets)]
    return limits.applied(moved, before)
