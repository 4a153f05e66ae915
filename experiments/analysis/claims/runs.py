"""The part of a long table that the paper's claims are about.

The paper compares eight methods on ten datasets; a long table may hold more: synthetic data, sane
variants, other settings of a method. Those are left out here, and what is missing is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from denograd.published import SETTINGS
from experiments.analysis import aggregate
from experiments.analysis.aggregate import IMP, Condition, Entry, Metric
from experiments.analysis.claims.base import UntestableError
from experiments.analysis.ranking import ranking
from experiments.analysis.statistics import Ranking
from experiments.analysis.view import View
from experiments.words import number, setting

METHODS = ("denograd", "dae", "dn_resnet", "pca", "wtd", "emd", "kalman", "moving_average")
DATASETS = {
    "house_prices": "tabular",
    "lattice_physics": "tabular",
    "parkinsons": "tabular",
    "rt_iot2022": "tabular",
    "support2": "tabular",
    "daily_climate": "series",
    "ecl": "series",
    "ett": "series",
    "microsoft_stock": "series",
    "wth": "series",
}
REGRESSORS = (
    "ridge",
    "knn",
    "xgboost",
    "dnn",
    "tabpfn",
    "lstm",
    "cnn_lstm",
    "xlstm",
    "dlinear",
)
#: Controls that gain under the published protocol by shrinking the target.
SHRINKING = ("constant", "shrink_target")

_PLURAL = {None: "datasets", "tabular": "tables", "series": "series"}


def as_published(rows: pd.DataFrame) -> pd.Series:
    """Which rows are of other methods, or of DenoGrad with no other value of what is published.

    A profile may bound the number of iterations.
    """
    fits = pd.Series(True, rows.index)
    for key, value in SETTINGS.items():
        given = rows.get(setting("denoiser", key))
        if given is not None:
            bounded = (given < value).astype(bool) if key == "max_epochs" else False
            fits &= given.isna() | (given == value) | bounded
    return fits | (rows["denoiser_name"] != "denograd")


def readings_of(rows: pd.DataFrame) -> list[list[str]]:
    """The readings of the paper that every row belongs to."""
    told = rows.get("readings", pd.Series("", rows.index))
    return [text.split() if isinstance(text, str) else [] for text in told]


def one_label_each(rows: pd.DataFrame, kind: str, names: Iterable[str]) -> dict[str, str]:
    """The label that stands for each name, where exactly one does.

    Parameters
    ----------
    rows
        Labelled rows of a long table.
    kind
        "dataset", "denoiser" or "regressor".
    names
        Methods, datasets or regressors.

    Returns
    -------
    dict
        From labels to names. A label without settings goes before others of its name.
    """
    labels = {n: sorted(set(of)) for n, of in rows[kind].groupby(rows[f"{kind}_name"])}
    found = {}
    for name in names:
        of_name = [name] if name in labels.get(name, ()) else labels.get(name, [])
        if len(of_name) == 1:
            found[of_name[0]] = name
    return found


@dataclass(frozen=True)
class Runs:
    """The runs of one condition and protocol.

    Attributes
    ----------
    every
        All rows of the condition.
    view
        Those of the paper's datasets and methods, and of the controls, under the names of the
        paper's setting; see `of_the_paper`.
    protocol
        The protocol that numbers are taken from.
    """

    every: View
    view: View
    protocol: str

    @property
    def condition(self) -> Condition:
        """Noise and profile."""
        return self.every.condition

    @cached_property
    def present(self) -> set[tuple[str, str]]:
        """Datasets and methods with runs, whatever became of them."""
        rows = self.view.rows[self.view.rows["protocol"] == self.protocol]
        return {(str(d), str(m)) for d, m in zip(rows["dataset"], rows["denoiser"], strict=True)}

    def need_protocol(self) -> None:
        """Refuse where nothing of the paper was run under this protocol."""
        if not self.present:
            raise UntestableError(
                f"no runs of the paper's datasets and methods under {self.protocol}"
            )

    def need_methods(self, methods: Sequence[str] = METHODS) -> None:
        """Refuse where a method was not run as published."""
        there = {method for _, method in self.present}
        missing = [method for method in methods if method not in there]
        if missing:
            raise UntestableError(
                f"no runs of {', '.join(missing)}" + self._other_settings(missing)
            )

    def need_dataset(self, dataset: str) -> None:
        """Refuse where a dataset was not run."""
        if dataset not in {d for d, _ in self.present}:
            raise UntestableError(f"no runs of the dataset {dataset}")

    def need_regressors(self, regressors: Sequence[str]) -> None:
        """Refuse where a regressor scored nothing."""
        missing = [name for name in regressors if name not in self.view.regressors]
        if missing:
            raise UntestableError(f"no runs with the regressors {', '.join(missing)}")

    def _other_settings(self, methods: Sequence[str]) -> str:
        rows = self.every.rows
        other = sorted(set(rows.loc[rows["denoiser_name"].isin(list(methods)), "denoiser"]))
        return f" with the published settings (there is {', '.join(other)})" if other else ""

    def datasets(self, domain: str | None = None) -> list[str]:
        """The paper's datasets that were run under this protocol, tables before series."""
        there = {dataset for dataset, _ in self.present}
        return [d for d, of in DATASETS.items() if d in there and domain in (None, of)]

    def over(self, used: Iterable[str], domain: str | None = None) -> str:
        """How many of the paper's datasets a number is made of, and which it had to leave out."""
        used = set(used)
        wanted = [dataset for dataset, of in DATASETS.items() if domain in (None, of)]
        left_out = [dataset for dataset in self.datasets(domain) if dataset not in used]
        missing = (
            f", without {', '.join(left_out)}: runs or regressors with skill are missing there"
            if left_out
            else ""
        )
        return f"{len(used)} of the paper's {len(wanted)} {_PLURAL[domain]}{missing}"

    def entry(self, metric: Metric, dataset: str, method: str) -> Entry | None:
        """What is known of a metric; None where there is no record."""
        return self.view.summary(metric).get((self.protocol, dataset, method))

    def values(self, metric: Metric, method: str, domain: str | None = None) -> dict[str, float]:
        """A metric by dataset, where every run of the method that was expected is there.

        Raises
        ------
        UntestableError
            If there is no such dataset.
        """
        self.need_methods([method])
        entries = {d: self.entry(metric, d, method) for d in self.datasets(domain)}
        values = {
            dataset: metric.shown(entry.mean)
            for dataset, entry in entries.items()
            if entry is not None and entry.mean is not None and entry.status == "ok"
        }
        if not values:
            raise UntestableError(
                f"on none of the paper's {_PLURAL[domain]} {method} has every run"
                f"{_why(entries.values())}"
            )
        return values

    def value(self, metric: Metric, method: str, dataset: str) -> float:
        """A metric on one dataset, from the runs that are there.

        Raises
        ------
        UntestableError
            If there is none.
        """
        self.need_dataset(dataset)
        self.need_methods([method])
        entry = self.entry(metric, dataset, method)
        if entry is None or entry.mean is None:
            raise UntestableError(f"{method} has no {metric.title} on {dataset}{_why([entry])}")
        return metric.shown(entry.mean)

    def mean(self, metric: Metric, method: str, datasets: Iterable[str]) -> float:
        """A metric averaged over datasets that have one; Imp% by its log ratio."""
        mean, _ = aggregate.mean_of(self.entry(metric, d, method) for d in datasets)
        if mean is None:
            raise UntestableError(f"{method} has no {metric.title}")
        return metric.shown(mean)

    def complete(self, metrics: Iterable[Metric], domain: str | None = None) -> list[str]:
        """The datasets on which every one of the eight methods has every run.

        Raises
        ------
        UntestableError
            If a method was not run, or no dataset is complete.
        """
        self.need_methods()
        listed = list(metrics)
        datasets = [
            dataset
            for dataset in self.datasets(domain)
            if all(
                (entry := self.entry(metric, dataset, method)) is not None and entry.status == "ok"
                for metric in listed
                for method in METHODS
            )
        ]
        if not datasets:
            entries = [
                self.entry(metric, dataset, method)
                for metric in listed
                for dataset in self.datasets(domain)
                for method in METHODS
            ]
            raise UntestableError(
                f"on none of the paper's {_PLURAL[domain]} all eight methods have every run"
                f"{_why(entries)}"
            )
        return datasets

    def ranked(self, metric: Metric) -> Ranking:
        """Average ranks of the eight methods over the complete datasets.

        Raises
        ------
        UntestableError
            If a method is missing, or there are not two complete datasets.
        """
        self.need_methods()
        found = ranking(self.view, metric, self.protocol)
        if found is None or found.n < 2:
            by = " by regressors with skill" if metric is IMP else ""
            raise UntestableError(
                f"ranks of {metric.title} take two datasets on which all eight methods have every "
                f"run{by}, there {'is one' if found else 'are none'}"
            )
        return found

    def by_regressor(
        self, method: str, domain: str | None = None, metric: Metric = IMP
    ) -> dict[tuple[str, str], float]:
        """Imp% by dataset and regressor, averaged over seeds, where there is one.

        Raises
        ------
        UntestableError
            If there is none.
        """
        self.need_methods([method])
        values = {}
        for regressor in self.view.regressors:
            scored = self.of_regressor(regressor)
            for dataset in self.datasets(domain):
                entry = scored.entry(metric, dataset, method)
                if entry is not None and entry.mean is not None:
                    values[dataset, regressor] = metric.shown(entry.mean)
        if not values:
            raise UntestableError(f"{method} has no Imp% on the paper's {_PLURAL[domain]}")
        return values

    def of_regressor(self, regressor: str) -> Runs:
        """The runs that one regressor scored."""
        return Runs(self.every, self.view.of_regressor(regressor), self.protocol)

    def lacking(self) -> str:
        """What of the paper has no measurement here: datasets, methods and regressors."""
        rows = self.view.rows
        done = rows[rows["status"] == "ok"]
        parts = []
        for column, wanted in (
            ("dataset", tuple(DATASETS)),
            ("denoiser", METHODS),
            ("regressor", REGRESSORS),
        ):
            there = {str(name) for name in done[column]}
            missing = [name for name in wanted if name not in there]
            if missing:
                parts.append(f"{column}s {', '.join(missing)}")
        return "; ".join(parts)

    def controls(self, metric: Metric = IMP, datasets: Iterable[str] | None = None) -> str:
        """What the shrinking controls score, averaged over datasets."""
        listed = list(self.datasets() if datasets is None else datasets)
        parts = []
        for control in SHRINKING:
            mean, _ = aggregate.mean_of(self.entry(metric, d, control) for d in listed)
            if mean is not None:
                parts.append(f"{control} {number(metric.shown(mean), metric.decimals)}")
        return f"{metric.title}: {', '.join(parts)}" if parts else ""


def of_the_paper(view: View, reading: str | None = None) -> View:
    """The paper's datasets, methods and the controls of a view, under their plain names.

    Sane variants, synthetic data and other settings of a method are left out: those that are not
    published, or do not belong to a reading of the paper.
    """
    rows = view.rows
    if reading is not None:
        # A method may have one form on tables and another on series.
        rows = rows[[reading in names for names in readings_of(rows)]]
        rows = rows.assign(denoiser=rows["denoiser_name"])
    own = rows[as_published(rows)] if reading is None else rows
    controls = sorted(set(rows.loc[rows["kind"] == "control", "denoiser_name"]))
    regressors = {str(label) for label in rows["regressor"].dropna()}
    names: Mapping[str, dict[str, str]] = {
        "dataset": one_label_each(rows, "dataset", DATASETS),
        "denoiser": one_label_each(own, "denoiser", (*METHODS, *controls)),
        "regressor": {label: label for label in regressors}
        | one_label_each(rows, "regressor", sorted(set(rows["regressor_name"]))),
    }
    kept = rows[
        rows["dataset"].isin(list(names["dataset"]))
        & rows["denoiser"].isin(list(names["denoiser"]))
    ]
    renamed = {column: kept[column].astype(object).replace(of) for column, of in names.items()}
    return View(view.condition, kept.assign(**renamed))


def _why(entries: Iterable[Entry | None]) -> str:
    """What became of runs that measured nothing."""
    found = sorted(
        {
            f"{entry.status}: {reason}" if reason else entry.status
            for entry in entries
            if entry is not None and entry.status in ("failed", "skipped", "partial")
            for reason in ({outcome.reason for outcome in entry.told} or {""})
        }
    )
    return f" ({'; '.join(found)})" if found else ""
