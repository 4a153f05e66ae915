"""One job: every protocol × denoiser × regressor over one corruption, skipping what is done."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

from experiments.files import CannotStoreError, no_room
from experiments.metrics import headline
from experiments.runner.compute import cell_metrics, denoise
from experiments.runner.corruption import Corruption, Data, Outline, corrupt
from experiments.runner.kept import Keeper, Refined
from experiments.runner.keys import cell_key, corruption_key, score_key
from experiments.runner.protocols import PROTOCOLS, Scaled
from experiments.runner.resources import Stages
from experiments.runner.scoring import Reference, Scorer
from experiments.runner.validation import without_test
from experiments.settings.schema import Component, Settings
from experiments.store.cache import GIGABYTE, BusyError, Cache
from experiments.store.environment import environment
from experiments.store.records import Key, Record, canonical, check_metrics
from experiments.store.sources import source_of
from experiments.store.store import Store
from experiments.words import Skip, first_line

log = logging.getLogger(__name__)

#: Status of a record, and what its status adds.
Outcome = Record

Piece = TypeVar("Piece")


class Follower:
    """Told of what a run does; this one does not listen."""

    def planned(self, keys: Sequence[Key]) -> None:
        """Take note of a cell and its scores, which the run comprises."""

    def begun(self, key: Key) -> None:
        """Take note of the piece of work that is in hand."""

    def told(self, labels: dict[str, Any], status: str, reason: str = "") -> None:
        """Take note of a score: "ok", "skipped", "failed", or "cached" where it was ok before.

        It is "new" where it was left alone, as only what failed is wanted. `reason` says why it is
        not "ok".
        """


def run_corruption(settings: Settings, follower: Follower) -> None:
    """Do what is missing of one corruption; leave a record of each piece as soon as it is done.

    A piece that fails, in whatever way, leaves a record with its traceback; the others go on.
    Ctrl-C loses the piece in flight. Where the dataset's file is missing (a DataFileError), no
    piece has a record, since no identity is known; a record that cannot be written is a
    CannotStoreError.
    """
    store = Store(settings.results)
    for variant in _by_protocol(settings):
        corruption = corrupt(variant)
        if settings.scored_rows == "validation":
            corruption = without_test(corruption)
        # What is kept is what is to be computed anew.
        limit = 0 if settings.redo_before else settings.cache_gb * GIGABYTE
        keeper = Keeper(Cache(settings.cache, limit), settings.device)
        _Job(corruption, store, follower, keeper).run()


#: Of datasets, which may have to be read for it, by their settings.
_fingerprints: dict[str, str] = {}


def is_done(settings: Settings, follower: Follower) -> bool:
    """Whether nothing of a corruption is left to do, found out without its values.

    The follower is told of all that it comprises, and of what is there.
    """
    store = Store(settings.results)
    cells = [
        cell
        for variant in _by_protocol(settings)
        for cell in _Plan(_outline(variant), store, follower).cells()
    ]
    return all(cell.done and not cell.missing for cell in cells)


def _outline(settings: Settings) -> Outline:
    dataset = settings.dataset.build()
    key = canonical(asdict(settings.dataset))
    if key not in _fingerprints:
        _fingerprints[key] = dataset.fingerprint()
    return Outline(dataset, settings, _fingerprints[key])


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

    `skip` is the outcome if the denoiser does not apply, or None.
    """

    protocol: str
    denoiser: Component
    key: Key
    skip: Outcome | None
    done: bool
    missing: list[_Score]


@dataclass
class _Score:
    """A score of the plan; `skip` is the outcome if there can be none, or None."""

    regressor: Component
    key: Key
    skip: Outcome | None


@dataclass
class _Plan:
    corruption: Outline
    store: Store
    follower: Follower

    def cells(self) -> Iterator[_Cell]:
        for protocol in self.corruption.settings.protocol:
            for denoiser in self.corruption.settings.denoiser:
                yield self._plan(protocol, denoiser)

    @cached_property
    def _failed_as_a_whole(self) -> bool:
        return self.store.status(corruption_key(self.corruption.settings)) == "failed"

    def _plan(self, protocol: str, denoiser: Component) -> _Cell:
        settings = self.corruption.settings
        key = cell_key(self.corruption, protocol, denoiser)
        scores = [
            _Score(regressor, score_key(key, regressor), None)
            for regressor in settings.regressor
            if self._is_due(denoiser, regressor)
        ]
        self.follower.planned([key, *(score.key for score in scores)])
        skip = self._why_skip(denoiser, Skip.DENOISER, Skip.DENOISER)
        for score in scores:
            score.skip = skip or self._why_skip(score.regressor, Skip.DOMAIN, Skip.REGRESSOR)
        missing = []
        for score in scores:
            status = self._status(score.key, score.skip)
            if status is None:
                missing.append(score)
            else:
                self.follower.told(score.key.labels, "cached" if status == "ok" else status)
        return _Cell(protocol, denoiser, key, skip, self._status(key, skip) is not None, missing)

    def _is_due(self, denoiser: Component, regressor: Component) -> bool:
        """Whether a run has this score: a control is not worth a costly fit, unless asked for."""
        if self.corruption.settings.costly_on_controls or denoiser.kind != "control":
            return True
        return denoiser.name == "identity" or not getattr(regressor.cls, "costly", False)

    def _why_skip(self, component: Component, domain: Skip, other: Skip) -> Outcome | None:
        """The outcome of what does not apply to this dataset, or cannot say whether it does.

        `domain` is the word for one of the other domain, `other` that for any other reason.
        """
        try:
            built = component.build()
            reason = built.why_skip(self.corruption.dataset)
            suits = self.corruption.settings.domain in built.domains
            told = callable(getattr(component.cls, "tell", None))
            if reason is None and told and self.corruption.noiseless:
                reason = f"{type(built).__name__} is told the noise, and none was injected."
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return failure(error)
        if reason is None:
            return None
        return {"status": "skipped", "skip": str(other if suits else domain), "reason": reason}

    def _status(self, key: Key, skip: Outcome | None) -> str | None:
        """Status of a record that stands: not a failure, nor a skip whose reason is gone.

        Where only what failed is to be done, what was never done is "new".
        """
        settings = self.corruption.settings
        status = self.store.status(key, settings.redo_before)
        if settings.only_failed and status != "failed" and not self._failed_as_a_whole:
            return status or "new"
        stands = status == "ok" or (skip is not None and status == "skipped" == skip["status"])
        return status if stands else None


@dataclass
class _Job(_Plan):
    corruption: Corruption
    keeper: Keeper
    backbones: dict[str, dict[Any, Any]] = field(default_factory=dict)
    references: dict[tuple[str, str], Reference] = field(default_factory=dict)

    def run(self) -> None:
        scorers: dict[str, Scorer] = {}

        def run_cell(cell: _Cell, wait: bool) -> None:
            if cell.protocol not in scorers:
                protocol = PROTOCOLS[cell.protocol]
                scorers[cell.protocol] = Scorer(protocol, protocol.scale(self.corruption))
            self._run_cell(cell, scorers[cell.protocol], wait)

        _in_turn([cell for cell in self.cells() if cell.missing or not cell.done], run_cell)

    def _run_cell(self, cell: _Cell, scorer: Scorer, wait: bool) -> None:
        if cell.skip:
            if not cell.done:
                self._leave(cell.key, cell.skip)
            for score in cell.missing:
                self._leave(score.key, cell.skip)
            return
        missing = []
        for score in cell.missing:
            if score.skip:
                self._leave(score.key, score.skip)
            else:
                missing.append(score)
        # Those that are left, should the cell have to wait.
        cell.missing = missing
        if cell.done and not missing:
            return
        self.follower.begun(cell.key)
        stages = Stages()
        try:
            refined = self._refined(cell, scorer.scaled, stages, wait)
        except (KeyboardInterrupt, BusyError, CannotStoreError):
            raise
        except BaseException as error:
            outcome = failure(error)
            self._leave(cell.key, outcome, stages)
            reason = f"the denoiser failed: {outcome['reason']}"
            for score in missing:
                self._leave(score.key, outcome | {"reason": reason})
            if not missing:
                self.follower.told(cell.key.labels, "failed", outcome["reason"])
            return
        _in_turn(missing, lambda score, wait: self._score(score, scorer, refined, wait))

    def _refined(self, cell: _Cell, scaled: Scaled, stages: Stages, wait: bool) -> Data:
        """The refined data of a cell, once its record is there."""

        def compute() -> Refined:
            shared = self.backbones.setdefault(cell.protocol, {})
            data = denoise(cell.denoiser, scaled, cell.protocol, stages, shared)
            metrics = cell_metrics(scaled, data, cell.protocol)
            check_metrics(metrics, of_score=False)
            # Before others find the data: their cost is booked here.
            if not cell.done:
                self._leave(cell.key, {"status": "ok", "metrics": metrics}, stages)
            return Refined(data, metrics, stages)

        found = self.keeper.refined(cell.key, compute, wait)
        if not cell.done and self._status(cell.key, None) is None:
            self._leave(cell.key, {"status": "ok", "metrics": found.metrics}, found.stages)
        return found.data

    def _score(self, score: _Score, scorer: Scorer, refined: Data, wait: bool) -> None:
        self.follower.begun(score.key)
        place = scorer.protocol.name, score.regressor.label
        found = True
        try:
            if place not in self.references:
                self.references[place], found = self.keeper.reference(
                    score.key, lambda: scorer.reference(score.regressor), wait
                )
            reference = self.references[place]
            grid, stages = scorer.score(score.regressor, refined, reference)
            metrics = headline(grid) | {"grid": grid}
            check_metrics(metrics, of_score=True)
        except (KeyboardInterrupt, BusyError):
            raise
        except BaseException as error:
            self._leave(score.key, failure(error))
            return
        if not found:
            stages.book("reference", reference.costs.values())
        self._leave(score.key, {"status": "ok", "metrics": metrics}, stages)

    def _leave(self, key: Key, outcome: Outcome, stages: Stages | None = None) -> None:
        """Leave a record, and tell of it if it is a score."""
        leave(self.store, key, outcome, stages, {"size": self.corruption.size})
        if "regressor" in key.config:
            self.follower.told(key.labels, outcome["status"], outcome.get("reason", ""))


def _in_turn(pieces: Sequence[Piece], do: Callable[[Piece, bool], None]) -> None:
    """Do every piece of work, those last that wait for what another process computes."""
    put_off = []
    for piece in pieces:
        try:
            do(piece, False)
        except BusyError:
            put_off.append(piece)
    for piece in put_off:
        do(piece, True)


def leave(
    store: Store,
    key: Key,
    outcome: Outcome,
    stages: Stages | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write a record of what became of a piece of work, or raise a CannotStoreError.

    `facts` are fields that it has besides, whatever became of it.
    """
    record = outcome | {
        **facts,
        **asdict(stages or Stages()),
        "source": source_of(key.config),
        "environment": environment(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    try:
        # A run beside this one may have had more luck: what is finished stays.
        if outcome["status"] != "failed" or store.status(key) != "ok":
            store.write(key, record)
    except OSError as error:
        raise CannotStoreError(no_room(error)) from error
    if outcome["status"] == "failed":
        log.error("%s failed: %s\n%s", key.path, outcome["reason"], outcome["traceback"])


def failure(error: BaseException) -> Outcome:
    """The outcome of a piece of work that failed: not an exit, not an interrupt of the caller's."""
    return {
        "status": "failed",
        "reason": f"{type(error).__name__}: {first_line(error)}",
        "traceback": "".join(traceback.format_exception(error)).encode(errors="replace").decode(),
    }
