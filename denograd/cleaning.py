"""Cleaning a file: which columns, how good the backbone is, what has moved."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from denograd.backbone import Scaling, _seeds, _set_aside, examples, predict_target
from denograd.estimator import DenoGradDenoiser
from denograd.tablefiles import CleaningError, Numbers, SourceTable

_LISTED = 5
"""Columns that a message names at most."""


@dataclass(frozen=True)
class Selection:
    """What is refined in a table.

    Attributes
    ----------
    target : str
        The column that the backbone learns to predict.
    features : tuple of str
        The other refined columns, in the order of the file.
    left : dict
        Why each other column is left as it is.
    whole : frozenset of str
        Refined columns that hold integers.
    values : DataFrame
        The refined columns as numbers, the target first.
    remarks : tuple of str
        What the user may not expect.
    """

    target: str
    features: tuple[str, ...]
    left: dict[str, str]
    whole: frozenset[str]
    values: pd.DataFrame = field(repr=False)
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Quality:
    """How well the backbone predicts the rows that early stopping set aside.

    Attributes
    ----------
    n_rows : int
        Number of these rows.
    mse, r2 : float
        Mean squared error in units of the target, and its share of the variance taken from 1.
    beats_mean : bool
        Whether the error is below that of the mean of these rows by more than twice its standard
        error, so by more than chance.
    """

    n_rows: int
    mse: float
    r2: float
    beats_mean: bool

    @classmethod
    def of(cls, actual: np.ndarray, predicted: np.ndarray) -> Quality:
        """Compare predictions with what they should be."""
        errors = (actual - predicted) ** 2
        deviations = (actual - actual.mean()) ** 2
        gain = deviations - errors
        chance = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
        variance = deviations.mean()
        r2 = 1.0 - errors.mean() / variance if variance > 0 else -np.inf
        return cls(len(actual), float(errors.mean()), float(r2), bool(gain.mean() > 2 * chance))


@dataclass(frozen=True)
class Changes:
    """How far the values moved.

    Attributes
    ----------
    before, after : DataFrame
        The refined columns, the target first.
    """

    before: pd.DataFrame
    after: pd.DataFrame

    @cached_property
    def distance(self) -> pd.DataFrame:
        """Absolute change of every value."""
        return (self.after - self.before).abs()

    @cached_property
    def spread(self) -> pd.Series:
        """Standard deviation of every column before."""
        return pd.Series(
            Scaling.of(self.before.to_numpy(), np.zeros(1)).x_scale, index=self.before.columns
        )

    @property
    def n_moved(self) -> int:
        """Number of rows in which any value moved."""
        return self.n_moved_beyond(0.0)

    def n_moved_beyond(self, deviations: float) -> int:
        """Number of rows in which any value moved by more than so many standard deviations."""
        return int((self.distance / self.spread > deviations).any(axis=1).sum())

    def below_zero(self) -> dict[str, int]:
        """Columns that had no negative value, with the number of those that they have now."""
        negative = (self.after < 0).sum()
        found = negative[(self.before >= 0).all() & (negative > 0)]
        return {str(name): int(count) for name, count in found.items()}

    def by_column(self) -> pd.DataFrame:
        """Return mean and largest change per column, in its units and in standard deviations."""
        mean, largest = self.distance.mean(), self.distance.max()
        return pd.DataFrame(
            {
                "mean": mean,
                "max": largest,
                "mean_sd": mean / self.spread,
                "max_sd": largest / self.spread,
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a line for every value that moved; rows count from 1, without the header."""
        rows, columns = np.nonzero(self.distance.to_numpy() > 0)
        before = self.before.to_numpy()[rows, columns]
        after = self.after.to_numpy()[rows, columns]
        return pd.DataFrame(
            {
                "row": rows + 1,
                "column": self.before.columns.to_numpy(dtype=object)[columns],
                "before": before,
                "after": after,
                "change": after - before,
                "change_sd": (after - before) / self.spread.to_numpy()[columns],
            }
        )


def select(
    table: SourceTable,
    target: str,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    *,
    series: bool = False,
) -> Selection:
    """Choose what is refined, and read it as numbers.

    Parameters
    ----------
    table : SourceTable
        What was read.
    target : str
        The column to predict.
    columns : sequence of str, optional
        Columns to refine besides the target. None takes every column of numbers that varies and
        does not number the rows.
    exclude : sequence of str
        Columns to leave as they are.
    series : bool
        Whether the rows are in time order; a series may consist of its target alone.

    Raises
    ------
    CleaningError
        For unknown names, columns that are asked for and hold no numbers, and missing values.
    """
    for name in (target, *(columns or ()), *exclude):
        _require_known(name, table.names)
    if target in exclude:
        raise CleaningError(f"{target!r} is the target and cannot be excluded")
    asked = {target, *(columns or ())}
    both = [name for name in asked if name in exclude]
    if both:
        raise CleaningError(f"{both[0]!r} is named both to be refined and to be excluded")

    found: dict[str, Numbers] = {}
    left: dict[str, str] = {}
    for name in table.names:
        if name in exclude:
            left[name] = "excluded"
        elif columns is not None and name not in asked:
            left[name] = "not asked for"
        else:
            numbers = table.numbers(name)
            reason = _why_not(table, name, numbers, asked_for=name in asked)
            if reason is None:
                found[name] = numbers
            elif name in asked:
                raise CleaningError(f"the column {name!r} cannot be refined: {reason}")
            else:
                left[name] = reason
    _require_complete(table, found, target)
    features = tuple(name for name in found if name != target)
    if not features and not series:
        raise CleaningError(
            f"{target!r} is the only column of numbers to refine: a table needs others to predict "
            "it from (--series for a series)"
        )
    values = pd.DataFrame({name: found[name].values for name in (target, *features)})
    return Selection(
        target,
        features,
        left,
        frozenset(name for name, numbers in found.items() if numbers.whole),
        values,
        tuple(_remarks(values)),
    )


def refine(denoiser: DenoGradDenoiser, values: pd.DataFrame) -> tuple[Changes, Quality | None]:
    """Train the denoiser's backbone on the rows and move them.

    Parameters
    ----------
    denoiser : DenoGradDenoiser
        Its domain says whether the rows are a table or a series.
    values : DataFrame
        Finite numbers, the target first.

    Returns
    -------
    changes : Changes
    quality : Quality or None
        None for a backbone that is not trained with early stopping.
    """
    matrix = values.to_numpy(dtype=np.float64)
    y = matrix[:, 0].copy()
    X = matrix if denoiser.domain == "series" else matrix[:, 1:]
    X_refined, y_refined = denoiser.fit_resample(X, y)
    features = X_refined[:, 1:] if denoiser.domain == "series" else X_refined
    after = pd.DataFrame(np.column_stack([y_refined, features]), columns=values.columns)
    return Changes(values, after), assess(denoiser, X, y)


def assess(denoiser: DenoGradDenoiser, X: np.ndarray, y: np.ndarray) -> Quality | None:
    """Return how well a fitted denoiser's backbone predicts the rows it stopped early on.

    Parameters
    ----------
    denoiser : DenoGradDenoiser
        Fitted on X and y alone, with a seed.
    X, y : ndarray
        The same rows.
    """
    backbone = denoiser.backbone_
    if not backbone.history.validation_loss:
        return None
    plan = denoiser._plan()
    every = examples(plan, np.ones(len(y), dtype=bool))
    _, stopping = _set_aside(plan, every, _seeds(plan.random_state, 3)[1])
    predicted = predict_target(plan, backbone, X)
    return Quality.of(y[stopping + plan.context], predicted[stopping])


def time_column(table: SourceTable, names: Iterable[str]) -> pd.Series | None:
    """Return the first of these columns that holds dates or times throughout, as such."""
    for name in names:
        if not len(table.numbers(name).unreadable):
            continue
        # Other formats are ambiguous, and guessing cell by cell is slow.
        times = pd.to_datetime(table.labels(name), errors="coerce", format="ISO8601", utc=True)
        if times.notna().all():
            return times.dt.tz_localize(None).rename(name)
    return None


def _why_not(table: SourceTable, name: str, numbers: Numbers, *, asked_for: bool) -> str | None:
    """Say why a column is not refined, or return None."""
    values, unreadable = numbers.values, numbers.unreadable
    if len(unreadable):
        row = int(unreadable[0])
        reason = f"not numbers ({table.sample(name, row)} on {table.place(row)})"
        if len(unreadable) < len(values) / 2:
            reason = f"{len(unreadable)} cells are {reason}"
        return reason
    if len(numbers.missing) == len(values):
        return "empty"
    if not len(numbers.missing) and np.all(values == values[0]):
        return "constant"
    if asked_for:
        return None
    if name == "":
        return "without a name, so taken for row labels"
    if numbers.whole and len(values) > 2 and np.all(np.diff(values) == 1):
        return "row numbers"
    return None


def _require_complete(table: SourceTable, found: dict[str, Numbers], target: str) -> None:
    gaps = {name: numbers.missing for name, numbers in found.items() if len(numbers.missing)}
    if not gaps:
        return
    listed = [
        f"{name!r} ({len(rows)} of {table.n_rows}, first on {table.place(int(rows[0]))})"
        for name, rows in list(gaps.items())[:_LISTED]
    ]
    if len(gaps) > _LISTED:
        listed.append(f"{len(gaps) - _LISTED} more")
    advice = "fill them, or drop these rows"
    if target not in gaps:
        advice += f", or leave the column out (--exclude {next(iter(gaps))})"
    raise CleaningError(f"missing or infinite values in {', '.join(listed)}: {advice}")


def _require_known(name: str, names: Sequence[str]) -> None:
    if name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else _some(names)
    raise CleaningError(f"there is no column {name!r}: {hint}")


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(repr(name) for name in names[: 2 * _LISTED])
    more = len(names) - 2 * _LISTED
    return f"there are {listed}" + (f" and {more} more" if more > 0 else "")


def _remarks(values: pd.DataFrame) -> Iterable[str]:
    for name in values:
        distinct = values[name].unique()
        if len(distinct) == 2:
            low, high = sorted(distinct)
            yield (
                f"{name!r} holds only {low:g} and {high:g}, and is refined like any number; "
                f"if they are codes, --exclude {name} leaves it as it is"
                if name != values.columns[0]
                else f"the target {name!r} holds only {low:g} and {high:g}: "
                "the method is for continuous targets"
            )
