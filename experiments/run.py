"""One job: every protocol × denoiser × regressor over one corruption, skipping what is done."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from experiments.cell import Key, cell_key, score_key
from experiments.config import Component, Settings, first_line
from experiments.corruption import Corruption, Data, corrupt
from experiments.environment import environment
from experiments.metrics import mean_correlation, projections, recovery, sliced_wasserstein
from experiments.protocols import PROTOCOLS, Scaled
from experiments.resources import Stages
from experiments.scoring import Scorer
from experiments.seeds import seed_for
from experiments.sources import source_hash
from experiments.store import Record, Store

log = logging.getLogger(__name__)

#: Called with the labels of a piece of work and what became of it.
Notify = Callable[[dict[str, Any], str], None]


def run_corruption(settings: Settings, notify: Notify) -> None:
    """Do what is missing of one corruption; leave a record of each piece as soon as it is done.

    A piece that fails leaves a record with its traceback; the others go on. Ctrl-C loses the piece
    in flight.

    Parameters
    ----------
    settings
        What to run.
    notify
        Told of every record: "ok", "skipped", "failed", or "cached" for one that was there.

    Raises
    ------
    experiments.datasets.files.DataFileError
        If the dataset's file is missing; then there is no record, since its identity is unknown.
    """
    store = Store(settings.results)
    for variant in _by_protocol(settings):
        _Job(corrupt(variant), store, notify).run()


def _by_protocol(settings: Settings) -> list[Settings]:
    """The settings, divided where the protocols want the dataset in different forms."""
    variants: list[Settings] = []
    for protocol in settings.protocol:
        dataset = settings.dataset.under(protocol)
        if variants and variants[-1].dataset == dataset:
            variants[-1] = replace(variants[-1], protocol=(*variants[-1].protocol, protocol))
        else:
            variants.append(replace(settings, dataset=dataset, protocol=(protocol,)))
    return variants


@dataclass
class _Cell:
    """A cell of the plan, and those of its scores that are missing.

    `skip` is why the denoiser does not apply, or None.
    """

    protocol: str
    denoiser: Component
    key: Key
    skip: str | None
    done: bool
    missing: list[_Score]


@dataclass
class _Score:
    """A score of the plan; `skip` is why there can be none, or None."""

    regressor: Component
    key: Key
    skip: str | None


@dataclass
class _Job:
    corruption: Corruption
    store: Store
    notify: Notify
    backbones: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def run(self) -> None:
        cells = [
            self._plan(protocol, denoiser)
            for protocol in self.corruption.settings.protocol
            for denoiser in self.corruption.settings.denoiser
        ]
        scorers: dict[str, Scorer] = {}
        for cell in cells:
            if cell.done and not cell.missing:
                continue
            if cell.protocol not in scorers:
                protocol = PROTOCOLS[cell.protocol]
                scorers[cell.protocol] = Scorer(protocol, protocol.scale(self.corruption))
            self._run_cell(cell, scorers[cell.protocol])

    def _plan(self, protocol: str, denoiser: Component) -> _Cell:
        settings, dataset = self.corruption.settings, self.corruption.dataset
        key = cell_key(self.corruption, protocol, denoiser)
        skip = denoiser.build().why_skip(dataset)
        scores = [
            _Score(
                regressor, score_key(key, regressor), skip or regressor.build().why_skip(dataset)
            )
            for regressor in settings.regressor
        ]
        if settings.name is not None:
            self.store.enlist(settings.name, key, (score.key for score in scores))
        missing = [score for score in scores if not self._is_done(score.key, score.skip)]
        for score in scores:
            if score not in missing:
                self.notify(score.key.labels, "cached")
        return _Cell(protocol, denoiser, key, skip, self._is_done(key, skip), missing)

    def _is_done(self, key: Key, skip: str | None) -> bool:
        """Whether a record stands: failures are tried again, and skips whose reason is gone."""
        status = self.store.status(key)
        return status == "ok" or (status == "skipped" and skip is not None)

    def _run_cell(self, cell: _Cell, scorer: Scorer) -> None:
        if cell.skip:
            outcome = {"status": "skipped", "reason": cell.skip}
            self._leave(cell.key, outcome)
            for score in cell.missing:
                self._leave(score.key, outcome)
            return
        missing = []
        for score in cell.missing:
            if score.skip:
                self._leave(score.key, {"status": "skipped", "reason": score.skip})
            else:
                missing.append(score)
        if cell.done and not missing:
            return
        stages = Stages()
        try:
            refined = self._denoise(cell, scorer.scaled, stages)
            metrics = cell_metrics(scorer.scaled, refined, cell.protocol)
        except Exception as error:
            failure = _failure(error)
            self._leave(cell.key, failure, stages)
            reason = f"the denoiser failed: {failure['reason']}"
            for score in missing:
                self._leave(score.key, failure | {"reason": reason})
            return
        if not cell.done:
            self._leave(cell.key, {"status": "ok", "metrics": metrics}, stages)
        for score in missing:
            self._score(score, scorer, refined)

    def _denoise(self, cell: _Cell, scaled: Scaled, stages: Stages) -> Data:
        settings = self.corruption.settings
        cls: Any = cell.denoiser.cls
        denoiser = cell.denoiser.build(
            domain=self.corruption.domain,
            window_size=settings.window_size,
            horizon=settings.horizon,
            random_state=seed_for(*self.corruption.seed_for(cls.method)),
            device=settings.device,
            backbone_cache=self.backbones.setdefault(cell.protocol, {}),
        )
        return PROTOCOLS[cell.protocol].denoise(denoiser, scaled, stages)

    def _score(self, score: _Score, scorer: Scorer, refined: Data) -> None:
        try:
            grid, stages = scorer.score(score.regressor, refined)
        except Exception as error:
            self._leave(score.key, _failure(error))
            return
        metrics = scorer.headline(grid) | {"grid": grid}
        self._leave(score.key, {"status": "ok", "metrics": metrics}, stages)

    def _leave(self, key: Key, outcome: Record, stages: Stages | None = None) -> None:
        """Leave a record, and tell of it if it is a score."""
        stages = stages or Stages()
        record = outcome | {
            "seconds": stages.seconds,
            "peak_memory_mb": stages.peak_memory_mb,
            "source": source_of(key.config),
            "environment": environment(),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self.store.write(key, record)
        if outcome["status"] == "failed":
            log.error("%s failed: %s\n%s", key.path, outcome["reason"], outcome["traceback"])
        if "regressor" in key.config:
            self.notify(key.labels, outcome["status"])


def cell_metrics(scaled: Scaled, refined: Data, protocol: str) -> dict[str, float | None]:
    """SWD, mean correlation and recovery on the rows that the protocol lets a denoiser change.

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
            "recovery_X": recovery(refined.X, noisy.X, clean.X),
            "recovery_y": recovery(refined.y, noisy.y, clean.y),
        }
    return metrics


def source_of(config: dict[str, Any]) -> str:
    """Hash of the present source of the components that a record's config names."""
    components = (config.get(kind) for kind in ("dataset", "noise", "denoiser", "regressor"))
    modules = {c["target"].rpartition(".")[0] for c in components if c}
    return _hash_of(frozenset(modules | {__name__}))


_hash_of = cache(source_hash)


def _failure(error: Exception) -> Record:
    return {
        "status": "failed",
        "reason": f"{type(error).__name__}: {first_line(error)}",
        "traceback": "".join(traceback.format_exception(error)),
    }
