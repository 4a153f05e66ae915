"""What the page of the tests is made of."""

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.analysis import aggregate
from experiments.analysis.view import views
from experiments.report.page import Contents, Group, Image, write_page
from experiments.report.table import Column, Row, Section, Table, TableCell
from experiments.report.tables import _cells as tables
from experiments.report.tables.imp_by_regressor import imp_by_regressor
from tests.support.long_tables import benchmark, make

HOSTILE = "</script><b onclick=alert(1)>&amp;'\"x"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>'
PLACE = ["noise", "level", "protocol", "dataset", "denoiser", "regressor"]


def long_table() -> pd.DataFrame:
    """Every kind of outcome: values, failures, skips, a missing seed, and a run left out."""
    whole = benchmark(levels=(0.0, 0.1), regressors=("ridge", "knn", "xgboost"))
    left_out = "denoiser == 'pca' and dataset == 'seasonal' and protocol == 'held_out' and "
    no_seed = "denoiser == 'kalman' and dataset == 'friedman' and protocol == 'published' and "
    gone = [
        *whole.query(left_out + "regressor == 'knn' and level == 0.1").index,
        *whole.query(no_seed + "regressor == 'ridge' and level == 0 and seed == 1").index,
    ]
    more = make(
        {"denoiser": "dae_sane", "status": "failed", "reason": "ValueError: boom <x>\nTraceback"},
        {"denoiser": "wtd_sane", "status": "skipped", "reason": "rows have no order"},
        {"noise": "impulses", "level": 0.2, "dataset": HOSTILE, "mse_after": 0.5},
        {"noise": "impulses", "level": 0.2, "denoiser": "denograd", "dataset": HOSTILE},
    )
    table = pd.concat([whole.drop(index=gone), more], ignore_index=True)
    table["experiments"] = np.where(table["noise"] == "impulses", "noises", "main+ranks")
    table["processor"] = "AMD EPYC"
    table["identity"] = [f"{i:016x}" for i in range(len(table))]
    return table


def claims() -> Table:
    """Two verdicts in words."""
    rows = tuple(
        Row(name, tuple(map(TableCell, ("98.4", "97.1", verdict, "because <it> is"))))
        for name, verdict in (("self-consistency", "reproduced"), ("ranks", "cannot be tested"))
    )
    columns = (
        *(Column("", "paper"), Column("published", "ours"), Column("published", "verdict")),
        Column("", "reason", True),
    )
    return Table(
        "claims", "claims", "claim", ("protocol", "quantity"), columns, (Section("", rows),)
    )


def write(long: pd.DataFrame, path: Path) -> Path:
    """A page with something in every part of it."""
    found = views(long)
    contents = Contents(
        groups=[
            Group("Imp% per dataset", [tables.metric_table(v, aggregate.IMP) for v in found]),
            Group("Imp% per regressor", [imp_by_regressor(v) for v in found]),
        ],
        images=[
            Image("a red <picture>", {"level": level, "dataset": "friedman"}, SVG, "main")
            for level in ("0", "0.1")
        ],
        claims=[claims()],
    )
    command = "python -m experiments report --experiment main"
    return write_page(found, path, contents, command=command, title="Main")
