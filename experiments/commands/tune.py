"""A search for parameters of a denoiser: what it makes small, and the file that it ends in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from experiments.files import write_text
from experiments.metrics import imp_from_log_ratio, log_ratio
from experiments.store.records import Record

#: What the sweeper leaves in the folder of its sweep.
_FOUND = "optimization_results.yaml"


def objective(scores: Iterable[Record | None]) -> float:
    """The mean logarithm of MSE after over MSE before, the less the better.

    Counted are denoisers that are no controls. What failed or has no score is infinitely bad.
    """
    ratios = [
        log_ratio(score["metrics"]["mse_before"], score["metrics"]["mse_after"])
        if score is not None and score["status"] == "ok"
        else math.inf
        for score in scores
        if score is None or (score["labels"]["kind"] != "control" and score["status"] != "skipped")
    ]
    mean = sum(ratios) / len(ratios) if ratios else math.inf
    return math.inf if math.isnan(mean) else mean


def write_found(config: DictConfig) -> Path | None:
    """Write what a search found as a member of the group ``denoiser``; None if there is nothing.

    `config` is that of the sweep, Hydra's own node included. The file lies below the results, in
    ``tuned/denoiser``; tables show what it sets up as a variant.
    """
    found = Path(config.hydra.sweep.dir, _FOUND)
    if not found.exists():
        return None
    results: Any = OmegaConf.to_container(OmegaConf.load(found))
    if results["best_value"] == math.inf:
        # All have failed, and say so.
        return None
    values: Mapping[str, Any] = results["best_params"]
    label = next(iter(values)).split(".")[1]
    denoiser: Any = OmegaConf.to_container(config.denoiser[label], resolve=True)
    denoiser |= {key.partition(f".{label}.")[2]: value for key, value in values.items()}
    dataset = config.dataset._target_.split(".")[-2]
    name = f"{config.name or 'tuned'}_{dataset}"
    path = Path(config.results).absolute() / "tuned" / "denoiser" / f"{name}.yaml"
    imp = imp_from_log_ratio(results["best_value"])
    said = (
        f"# Found on validation rows of {dataset}, seed {config.seed}; Imp% is {imp:.3g} there.\n"
        f"# python -m experiments dataset={dataset} 'denoiser=[identity,{name}]'"
        f" 'hydra.searchpath=[file://{path.parents[1]}]'\n"
    )
    write_text(path, said + OmegaConf.to_yaml({name: denoiser | {"kind": "variant"}}))
    return path
