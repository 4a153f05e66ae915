"""From the long table to one value per dataset × denoiser: means, intervals and what is missing.

The statistic behind every mean of Imp% is the logarithm of MSE after over MSE before, since Imp%
has no lower bound. Values are averaged over seeds, then over regressors, then over datasets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from experiments.metrics import imp, imp_from_log_ratio, log_ratio
from experiments.words import Skip, slug

#: Columns that hold for a whole table, and tell one table from the next.
CONDITION = ("profile", "target", "noise", "level")
KEY = (*CONDITION, "protocol", "dataset", "denoiser", "seed", "regressor")
REQUIRED = (
    *KEY,
    "domain",
    "kind",
    "method",
    "status",
    "skip",
    "reason",
    "mse_before",
    "mse_after",
    "swd",
    "rho",
)

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Condition:
    """What holds for a whole table: profile, target and noise."""

    profile: str
    target: str
    noise: str
    level: float

    @property
    def slug(self) -> str:
        """A name for files."""
        target = () if self.target == "as_is" else (self.target,)
        return "_".join(map(slug, (self.profile, *target, self.noise, f"{self.level:g}")))

    @property
    def context(self) -> dict[str, str]:
        """The four as text."""
        return {
            "profile": self.profile,
            "target": self.target,
            "noise": self.noise,
            "level": f"{self.level:g}",
        }

    def __str__(self) -> str:
        noise = f"{self.noise} noise of level {self.level:g}" if self.level else "no noise added"
        target = "" if self.target == "as_is" else f", target {self.target}"
        return f"{noise}{target}, profile {self.profile}"


@dataclass(frozen=True)
class Metric:
    """A quantity of the long table: how it is averaged and how it is shown.

    Attributes
    ----------
    name, title
        Its name in files and in print.
    decimals
        Digits shown.
    larger_is_better
        Orientation of what is shown.
    per_regressor
        Whether every regressor has its own value; otherwise it is a property of the refined data.
    statistic
        From rows of the long table to what is averaged.
    shown
        From an average to what is shown; monotone.
    rope
        Two values closer than this are practically equal; 0 where nothing is agreed.
    """

    name: str
    title: str
    decimals: int
    larger_is_better: bool
    per_regressor: bool
    statistic: Callable[[pd.DataFrame], pd.Series]
    shown: Callable[[float], float] = float
    rope: float = 0.0


class Outcome(NamedTuple):
    """What became of a run that measured nothing ("failed", "skipped"), and why, if known."""

    status: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """What is known of one dataset × protocol × denoiser.

    Attributes
    ----------
    mean
        Mean of the statistic over seeds, then regressors; None where there is none.
    low, high
        Its t-interval over seeds; None with fewer than two seeds.
    seeds
        Seeds with a value.
    done, expected
        Pairs of seed and regressor with a value, and those that any denoiser was scored with.
    status
        "ok", "partial" (some of the expected are missing), "failed", "skipped", "absent" where
        the work was done and there is nothing to measure, or "null": by a regressor without skill.
    told
        What failed or was skipped, each once.
    """

    mean: float | None
    low: float | None
    high: float | None
    seeds: int
    done: int
    expected: int
    status: str
    told: tuple[Outcome, ...] = ()


Summary = dict[tuple[str, str, str], Entry]


def _of_errors(formula: Callable[[float, float], float]) -> Callable[[pd.DataFrame], pd.Series]:
    """What a formula says of MSE before and after, where both are known."""

    def values(rows: pd.DataFrame) -> pd.Series:
        pairs = rows[["mse_before", "mse_after"]].astype(float).itertuples(index=False)
        found = [math.nan if any(map(math.isnan, pair)) else formula(*pair) for pair in pairs]
        return pd.Series(found, index=rows.index, dtype=float)

    return values


def _column(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    def values(rows: pd.DataFrame) -> pd.Series:
        if name not in rows:
            return pd.Series(math.nan, index=rows.index)
        return pd.to_numeric(rows[name])

    return values


def _log_errors(rows: pd.DataFrame) -> pd.Series:
    # An error of zero has the logarithm minus infinity, and its mean is zero again.
    with np.errstate(divide="ignore"):
        return np.log(pd.to_numeric(rows["mse_after"]))


IMP = Metric(
    name="imp",
    title="Imp%",
    decimals=1,
    larger_is_better=True,
    per_regressor=True,
    statistic=_of_errors(log_ratio),
    shown=imp_from_log_ratio,
    rope=1.0,
)
#: As the paper averages it: one error that grew a hundredfold outweighs every gain.
IMP_ARITHMETIC = Metric("imp_arithmetic", "arithmetic Imp%", 1, True, True, _of_errors(imp))
MSE = Metric("mse", "MSE", 4, False, True, _log_errors, shown=math.exp)
SWD = Metric("swd", "SWD", 3, False, False, _column("swd"), rope=0.01)
RHO = Metric("rho", "ρ̄", 3, True, False, _column("rho"), rope=0.01)
SWD_CLEAN = Metric("swd_clean", "SWD to the clean data", 3, False, False, _column("swd_clean"))
RHO_CLEAN = Metric("rho_clean", "ρ̄ with the clean data", 3, True, False, _column("rho_clean"))
RECOVERY_X = Metric("recovery_X", "recovery of X", 3, True, False, _column("recovery_X"), rope=0.01)
RECOVERY_Y = Metric("recovery_y", "recovery of y", 3, True, False, _column("recovery_y"), rope=0.01)
# Records made before these were measured lack them.
REMOVED_X = Metric("removed_X", "noise removed from X", 3, True, False, _column("removed_X"))
REMOVED_Y = Metric("removed_y", "noise removed from y", 3, True, False, _column("removed_y"))
COLLATERAL_X = Metric("collateral_X", "collateral in X", 3, False, False, _column("collateral_X"))
COLLATERAL_Y = Metric("collateral_y", "collateral in y", 3, False, False, _column("collateral_y"))


def check_columns(long: pd.DataFrame) -> None:
    """Refuse a long table that lacks a column, with a ValueError."""
    missing = [name for name in REQUIRED if name not in long]
    if missing:
        raise ValueError(
            f"the long table lacks the columns {', '.join(missing)}; it has "
            f"{', '.join(map(str, long.columns))}"
        )


def check_distinct(long: pd.DataFrame) -> None:
    """Refuse a long table two of whose rows stand for the same work, with a ValueError."""
    twice = long.duplicated(list(KEY))
    if twice.any():
        example = ", ".join(f"{name}={long.loc[twice, name].iloc[0]}" for name in KEY)
        raise ValueError(
            f"{int(twice.sum())} rows of the long table repeat another one's work, for example "
            f"{example}; settings that differ must differ in their label"
        )


def suited(long: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of regressors that are for the other domain.

    A sweep over tables and series lists the regressors of both; what none of them can be scored on
    is no gap in a table, and no run that was expected.
    """
    pairs = pd.MultiIndex.from_frame(long[["domain", "regressor"]].astype(str))
    unsuited = pairs.isin(pairs[long["skip"] == Skip.DOMAIN])
    return long[~(unsuited & (long["status"] == "skipped"))]


def conditions(long: pd.DataFrame) -> Iterator[tuple[Condition, pd.DataFrame]]:
    """The conditions of a long table in a fixed order, each with its rows."""
    for _, rows in long.groupby(list(CONDITION), sort=True, dropna=False):
        first = rows.iloc[0]
        condition = Condition(
            profile=str(first["profile"]),
            target=str(first["target"]),
            noise=str(first["noise"]),
            level=float(first["level"]),
        )
        yield condition, rows


def summarise(rows: pd.DataFrame, metric: Metric) -> Summary:
    """One entry per protocol × dataset × denoiser that was run.

    Parameters
    ----------
    rows
        The rows of one condition.
    metric
        What to summarise.

    Returns
    -------
    dict
        By (protocol, dataset, denoiser).
    """
    status = rows["status"].to_numpy(dtype=object)
    # What is known of the refined data stays known when a regressor fails on them.
    counts = (status == "ok") | ((status == "failed") & (not metric.per_regressor))
    runs = _Runs(
        seeds=rows["seed"].to_numpy(dtype=np.int64),
        regressors=pd.factorize(rows["regressor"], sort=True)[0] * metric.per_regressor,
        status=status,
        reasons=rows["reason"].to_numpy(dtype=object),
        values=np.where(counts, metric.statistic(rows).to_numpy(dtype=float), math.nan),
    )
    # Of many rows, going through them one by one is slow.
    of_block: dict[Any, Any] = rows.groupby(["protocol", "dataset"]).indices
    of_group: dict[Any, Any] = rows.groupby(["protocol", "dataset", "denoiser"]).indices
    expected = {
        block: runs.at(places[status[places] != "skipped"]).n_pairs
        for block, places in of_block.items()
    }
    return {
        (protocol, dataset, denoiser): _entry(runs.at(places), expected[protocol, dataset])
        for (protocol, dataset, denoiser), places in sorted(of_group.items())
    }


class _Runs(NamedTuple):
    """Runs, in arrays that belong together; a regressor is a number that sorts like its name."""

    seeds: NDArray[np.int64]
    regressors: NDArray[np.int64]
    status: NDArray[np.object_]
    reasons: NDArray[np.object_]
    values: NDArray[np.float64]

    def at(self, places: NDArray[Any]) -> _Runs:
        return _Runs(*(each[places] for each in self))

    @property
    def n_pairs(self) -> int:
        return len(set(zip(self.seeds.tolist(), self.regressors.tolist(), strict=True)))


def _entry(runs: _Runs, expected: int) -> Entry:
    known = runs.at(~np.isnan(runs.values))
    seeds, row = np.unique(known.seeds, return_inverse=True)
    regressors, column = np.unique(known.regressors, return_inverse=True)
    table = np.full((len(seeds), len(regressors)), math.nan)
    table[row, column] = known.values
    without = runs.at(runs.status != "ok")
    reasons = (reason if isinstance(reason, str) else "" for reason in without.reasons)
    told = tuple(sorted(set(map(Outcome, without.status, reasons))))
    # Opposite infinities have no mean.
    with np.errstate(invalid="ignore"):
        mean = float(np.mean(np.nanmean(table, axis=0))) if len(seeds) else math.nan
    if math.isnan(mean):
        status = next((s for s in ("failed", "skipped") if s in without.status), "absent")
        return Entry(None, None, None, 0, 0, expected, status, told)
    complete = table[~np.isnan(table).any(axis=1)]
    low, high = t_interval(mean, complete.mean(axis=1))
    done = int(np.count_nonzero(~np.isnan(table)))
    status = "ok" if done == expected else "partial"
    return Entry(mean, low, high, len(seeds), done, expected, status, told)


def t_interval(mean: float, values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Student's interval of a mean over seeds, at the level `CONFIDENCE`.

    Parameters
    ----------
    mean
        Where the interval is centred.
    values
        One value per seed.

    Returns
    -------
    low, high
        None with fewer than two values, or where one is infinite.
    """
    n = len(values)
    if n < 2 or not np.isfinite(values).all() or not math.isfinite(mean):
        return None, None
    half = _t_quantile(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean - half, mean + half


def t_interval_over_datasets(
    groups: Sequence[NDArray[np.float64]],
) -> tuple[float | None, float | None]:
    """Student's interval of a mean over datasets, each the mean of its seeds.

    The datasets are given, the seeds are chance: how far datasets lie apart widens nothing, and
    seeds may scatter more on one dataset than on another (Welch's variance, with Satterthwaite's
    degrees of freedom; Satterthwaite 1946).

    Parameters
    ----------
    groups
        The values of each dataset, one per seed.

    Returns
    -------
    low, high
        None where a dataset has fewer than two values, or one is infinite.
    """
    if not groups or not all(len(of) > 1 and np.isfinite(of).all() for of in groups):
        return None, None
    mean = float(np.mean([of.mean() for of in groups]))
    variances = np.array([of.var(ddof=1) / len(of) for of in groups])
    total = float(variances.sum())
    if total == 0.0:
        return mean, mean
    freedom = total**2 / float(sum(variances**2 / [len(of) - 1 for of in groups]))
    half = _t_quantile(freedom) * math.sqrt(total) / len(groups)
    return mean - half, mean + half


@lru_cache
def _t_quantile(degrees_of_freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees_of_freedom))


class MeanOverDatasets(NamedTuple):
    """Mean of a statistic over datasets, and whether every run behind it is there."""

    mean: float | None
    whole: bool


def mean_of(entries: Iterable[Entry | None]) -> MeanOverDatasets:
    """Mean over the datasets that have a value; None stands for one that was not run."""
    listed = list(entries)
    means = [entry.mean for entry in listed if entry is not None and entry.mean is not None]
    whole = all(entry is not None and entry.status in ("ok", "null") for entry in listed)
    return MeanOverDatasets(float(np.mean(means)) if means else None, whole)


def scores(summary: Summary, protocol: str, denoisers: Iterable[str]) -> pd.DataFrame:
    """The statistic by dataset and denoiser; NaN unless everything expected is there.

    A dataset on which some of a method's runs are missing is no fair block of a ranking.
    """
    columns = list(denoisers)
    datasets = sorted({dataset for where, dataset, _ in summary if where == protocol})
    entries = [[summary.get((protocol, d, denoiser)) for denoiser in columns] for d in datasets]
    table = [[_score(entry) for entry in row] for row in entries]
    return pd.DataFrame(table, index=datasets, columns=columns, dtype=float)


def _score(entry: Entry | None) -> float:
    if entry is None or entry.mean is None or entry.status != "ok":
        return math.nan
    return entry.mean
