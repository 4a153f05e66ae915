"""What a long table comprises, in Markdown: what was run, what failed or was skipped."""

from __future__ import annotations

import pandas as pd

from experiments.analysis.view import View
from experiments.words import sentence

STATUSES = ("ok", "failed", "skipped")


def what_was_run(views: list[View]) -> str:
    """A list per condition: datasets, denoisers, regressors, seeds, protocols and outcomes."""
    return "\n".join(_condition(view) for view in views)


def _condition(view: View) -> str:
    rows = view.rows
    seeds = {name: sorted(set(part["seed"])) for name, part in rows.groupby("dataset")}
    datasets = [f"{name} (seeds {', '.join(map(str, seeds[name]))})" for name in view.datasets]
    facts = {
        "profile": view.condition.profile,
        "datasets": ", ".join(datasets),
        "protocols": ", ".join(view.protocols),
        "methods": ", ".join(view.ranked) or "none",
        "sane variants": ", ".join(view.variants) or "none",
        "controls": ", ".join(view.controls) or "none",
        "regressors": ", ".join(view.regressors) or "none",
        "runs": _counts(rows),
    }
    lines = [f"### {sentence(str(view.condition))}", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join([*lines, *_reasons(rows), ""])


def _counts(rows: pd.DataFrame) -> str:
    found = rows["status"].value_counts()
    counts = [f"{int(found.get(status, 0))} {status}" for status in STATUSES]
    return f"{', '.join(counts)} (a run: dataset × seed × protocol × denoiser × regressor)"


def _reasons(rows: pd.DataFrame) -> list[str]:
    bad = rows[rows["status"] != "ok"]
    lines = []
    for (status, reason), part in bad.groupby(["status", bad["reason"].fillna("")], sort=True):
        denoisers = ", ".join(sorted(set(part["denoiser"])))
        datasets = ", ".join(sorted(set(part["dataset"])))
        lines.append(f"  - {len(part)} {status}, {denoisers} on {datasets}: {first_line(reason)}")
    return lines


def first_line(reason: object) -> str:
    """The first line of why something failed or was skipped."""
    return (str(reason).strip().splitlines() or ["no reason was recorded"])[0]
