"""The index of all studies: what each shows, with its figure and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.analysis.studies.study import study_of
from experiments.analysis.view import View
from experiments.report.tables.ablation import ablation_findings

HEAD = """\
# Ablations

Written by `make tables`: what each parameter of DenoGrad does, all else as published. What is said
follows from the numbers in the tables; means are over tables and over series, of means over seeds
and regressors, and intervals are Student's (95 %) over the seeds of these datasets: other datasets
may differ by more. What is best was picked by the same numbers, so its interval flatters it."""


def ablation_index(studies: Mapping[str, Sequence[View]]) -> str:
    """A page in Markdown on the studies, by the folder of each below the page."""
    parts = [HEAD]
    for folder, views in sorted(studies.items()):
        study = study_of(views)
        if study is None or not (told := ablation_findings(views)):
            parts.append(f"## {folder}\n\nNothing was measured: see [its report]({folder}/).")
            continue
        listed = "\n".join(f"- {text}" for text in told)
        parts.append(
            f"## {folder}: {study.title}\n\n{listed}\n\n"
            f"[figure]({folder}/ablation.png), [tables]({folder}/ablation.md), "
            f"[what was run]({folder}/README.md)"
        )
    return "\n\n".join(parts) + "\n"
