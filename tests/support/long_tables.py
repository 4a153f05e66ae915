"""Long tables made by hand, for the tests of tables, figures and the report."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.view import View, views
from experiments.store.rows import MEASURES

DEFAULTS: dict[str, Any] = {
    "dataset": "friedman",
    "domain": "tabular",
    "noise": "gaussian",
    "level": 0.1,
    "seed": 0,
    "target": "as_is",
    "profile": "quick",
    "protocol": "published",
    "denoiser": "pca",
    "regressor": "ridge",
    "status": "ok",
    "skip": "",
    "reason": "",
    "imp": np.nan,
    "mse_before": 1.0,
    "mse_after": 1.0,
    "mse_ceiling": 0.5,
    "swd": 0.1,
    "rho": 0.9,
    "swd_clean": 0.1,
    "rho_clean": 0.9,
    "recovery_X": 0.2,
    "recovery_y": 0.1,
    "seconds_fit": 0.5,
    "seconds_denoise": 0.1,
    "identity": "0" * 16,
}

# (denoiser, kind): MSE after / before under both protocols, SWD, rho, recovery of X.
METHODS: dict[tuple[str, str], tuple[float, float, float, float, float]] = {
    ("denograd", "method"): (0.30, 0.97, 0.05, 0.99, 0.15),
    ("kalman", "method"): (0.02, 1.4, 0.62, 0.27, -6.0),
    ("moving_average", "method"): (0.14, 1.2, 0.55, 0.38, -5.0),
    ("pca", "method"): (0.2, 30.0, 0.12, 0.93, -0.2),
    ("constant", "control"): (0.0, 1.1, 0.0, 1.0, 0.0),
    ("identity", "control"): (1.0, 1.0, 0.0, 1.0, 0.0),
    ("predicted_target", "control"): (0.05, 1.02, 0.0, 1.0, 0.0),
    ("shrink_target", "control"): (0.25, 1.05, 0.0, 1.0, 0.0),
}


def make(*rows: dict[str, Any], **common: Any) -> pd.DataFrame:
    """A long table: defaults with the values of each row; a failed row measures nothing."""
    complete = []
    for row in rows:
        values = DEFAULTS | common | row
        method = values["denoiser"].removesuffix("_sane")
        values.setdefault("method", method)
        values.setdefault("kind", "method" if method == values["denoiser"] else "variant")
        if values["status"] != "ok":
            values |= dict.fromkeys(MEASURES, np.nan)
        complete.append(values)
    return pd.DataFrame(complete)


def benchmark(
    datasets: dict[str, str] | None = None,
    seeds: int = 2,
    regressors: tuple[str, ...] = ("ridge", "knn"),
    levels: tuple[float, ...] = (0.1,),
) -> pd.DataFrame:
    """A small benchmark as `METHODS` has it, with some variation that a seeded generator draws."""
    names = datasets or {"friedman": "tabular", "paraboloid": "tabular", "seasonal": "series"}
    rng = np.random.default_rng(0)
    rows = []
    for (denoiser, kind), (published, held_out, swd, rho, recovered) in METHODS.items():
        for (dataset, domain), level, seed in product(names.items(), levels, range(seeds)):
            jitter = 1.0 if kind == "control" else float(np.exp(0.1 * rng.standard_normal()))
            ratios = {"published": published, "held_out": held_out}
            for protocol, (number, regressor) in product(ratios, enumerate(regressors)):
                before = 0.2 + 0.1 * number
                rows.append(
                    {
                        "dataset": dataset,
                        "domain": domain,
                        "level": level,
                        "seed": seed,
                        "protocol": protocol,
                        "denoiser": denoiser,
                        "kind": kind,
                        "regressor": regressor,
                        "mse_before": before,
                        "mse_after": before * ratios[protocol] * jitter,
                        "swd": swd * jitter,
                        "rho": rho,
                        "recovery_X": recovered if level else np.nan,
                    }
                )
    return make(*rows)


def gated(long: pd.DataFrame) -> pd.DataFrame:
    """The long table, and beside each Ridge one that decides itself whether to refine."""
    refined = long[long["regressor"] == "ridge"]
    return pd.concat([long, refined.assign(regressor="refined_ridge", refines="ridge")])


def view_of(long: pd.DataFrame) -> View:
    """The only view of a long table of one condition."""
    (view,) = views(long)
    return view
