"""What a cell is: a denoiser at work on a corruption, and what that did to the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from experiments.runner.resources import Stages

if TYPE_CHECKING:
    from experiments.settings.schema import Component

from experiments.metrics import (
    mean_correlation,
    projections,
    recovery,
    removed,
    sliced_wasserstein,
)
from experiments.runner.corruption import Data
from experiments.runner.protocols import PROTOCOLS, Scaled
from experiments.seeds import seed_for


def denoise(
    component: Component,
    scaled: Scaled,
    protocol: str,
    stages: Stages,
    cache: dict[Any, Any],
) -> Data:
    """Let a denoiser refine what a protocol lets it, and return all rows in file order.

    One that has a method ``tell`` is told the noise before it is fitted. The cache holds trained
    backbones, and refinements on the way, that the denoisers of one corruption and protocol share;
    `stages` takes up what fitting and denoising cost.
    """
    corruption = scaled.corruption
    cls: Any = component.cls
    denoiser = component.build(
        domain=corruption.settings.domain,
        window_size=corruption.settings.window_size,
        horizon=corruption.settings.horizon,
        random_state=seed_for(*corruption.seed_for(cls.method)),
        device=corruption.settings.device,
    )
    # Methods of the class, not parameters that happen to be called so.
    if callable(getattr(cls, "share", None)):
        denoiser.share(cache, epochs_beside(component, corruption.settings.denoiser))
    if callable(getattr(cls, "tell", None)):
        denoiser.tell(*scaled.noise_sd())
    row_order = component.options.get("row_order", "file")
    refined = PROTOCOLS[protocol].denoise(denoiser, scaled, stages, row_order)
    if component.options.get("target_in_inputs"):
        rows = PROTOCOLS[protocol].changed_rows(corruption)
        refined.X[rows, 0] = refined.y[rows]
    return refined


def epochs_beside(denoiser: Component, others: Sequence[Component]) -> list[int]:
    """Numbers of iterations of the denoisers that differ from this one in nothing else."""
    alike = [
        replace(other, params=other.params | {"max_epochs": denoiser.params.get("max_epochs")})
        == denoiser
        for other in others
    ]
    numbers = {o.params.get("max_epochs") for o, same in zip(others, alike, strict=True) if same}
    return sorted(n for n in numbers if n not in (None, denoiser.params.get("max_epochs")))


def cell_metrics(scaled: Scaled, refined: Data, protocol: str) -> dict[str, float | None]:
    """SWD, mean correlation, recovery and what was removed, on the rows that may change.

    Taken against the noisy values, and against the clean ones where noise was injected.
    """
    rows = PROTOCOLS[protocol].changed_rows(scaled.corruption)
    noisy, clean, refined = scaled.noisy.rows(rows), scaled.clean.rows(rows), refined.rows(rows)
    name = scaled.corruption.dataset.name
    directions = projections(refined.X.shape[1], seed=seed_for("projections", name))
    metrics: dict[str, float | None] = {
        "swd": sliced_wasserstein(noisy.X, refined.X, directions),
        "rho": mean_correlation(noisy.X, refined.X),
    }
    if scaled.noise_injected:
        metrics |= {
            "swd_clean": sliced_wasserstein(clean.X, refined.X, directions),
            "rho_clean": mean_correlation(clean.X, refined.X),
        }
        for part in ("X", "y"):
            values = [getattr(data, part) for data in (refined, noisy, clean)]
            share, collateral = removed(*values)
            metrics |= {
                f"recovery_{part}": recovery(*values),
                f"removed_{part}": share,
                f"collateral_{part}": collateral,
            }
    return metrics
