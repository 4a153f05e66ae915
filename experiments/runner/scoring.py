"""Downstream regressors: fitted on noisy, refined and clean training rows, scored on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from experiments.settings.schema import Component

import numpy as np

from denograd.checks import check_finite, check_layout
from experiments.metrics import mse
from experiments.runner.corruption import Data
from experiments.runner.examples import examples
from experiments.runner.protocols import Protocol, Scaled
from experiments.runner.resources import Stages
from experiments.seeds import seed_for

Predictions = dict[str, np.ndarray]
Grid = dict[str, float]


class Reference(NamedTuple):
    """What the fits on noisy and, where there are any, on clean rows predict, and what they cost.

    It is the same for every denoiser: predictions are kept, fits are not.
    """

    predictions: dict[str, Predictions]
    costs: dict[str, Stages]


@dataclass(frozen=True)
class Scorer:
    """Scores refined data under one protocol."""

    protocol: Protocol
    scaled: Scaled

    def reference(self, regressor: Component) -> Reference:
        """Fit a regressor on the versions that no denoiser has changed."""
        versions = self._versions()
        costs = {fit: Stages() for fit in versions}
        predictions = {
            fit: self._fit_predict(regressor, fit, versions, list(versions), costs[fit])
            for fit in versions
        }
        return Reference(predictions, costs)

    def score(
        self, regressor: Component, refined: Data, reference: Reference
    ) -> tuple[Grid, Stages]:
        """Mean squared errors of one regressor around one denoiser, and what they cost.

        The regressor is fitted with the same seed before and after. A key
        ``<fit>|<inputs>|<targets>`` of the grid says what it was trained on, which version of the
        test inputs it predicts from and which version of the targets it is compared with; errors
        are in standardised units. Refined test rows exist only where the protocol refines them,
        clean ones only where noise was injected. The stage ``fit`` is the fit on refined rows.
        """
        predictions = reference.predictions
        after, versions = Stages(), self._versions() | {"refined": refined}
        if refined.equals(self.scaled.noisy):
            # Nothing was changed and the seed is shared: the fit is the same one.
            predictions = predictions | {"refined": self._as_refined(predictions["noisy"])}
            after = reference.costs["noisy"].as_reused()
        else:
            inputs = list(self._versions())
            if self.protocol.scored_on[0] == "refined":
                inputs.append("refined")
            fitted = self._fit_predict(regressor, "refined", versions, inputs, after)
            predictions = predictions | {"refined": fitted}
        rows = self.protocol.test_rows(self.scaled.corruption)
        targets = {name: data.y[rows] for name, data in versions.items()}
        if "refined" not in self.protocol.scored_on:
            del targets["refined"]
        grid = {
            f"{fit}|{inputs}|{target}": mse(predicted, y)
            for fit, by_inputs in predictions.items()
            for inputs, predicted in by_inputs.items()
            for target, y in targets.items()
        }
        return grid, after

    def _versions(self) -> dict[str, Data]:
        versions = {"noisy": self.scaled.noisy}
        if self.scaled.noise_injected:
            versions["clean"] = self.scaled.clean
        return versions

    def _as_refined(self, noisy: Predictions) -> Predictions:
        extra = {"refined": noisy["noisy"]} if self.protocol.scored_on[0] == "refined" else {}
        return noisy | extra

    def _fit_predict(
        self,
        component: Component,
        fit: str,
        versions: dict[str, Data],
        inputs: list[str],
        stages: Stages,
    ) -> Predictions:
        corruption = self.scaled.corruption
        split, settings = corruption.split, corruption.settings
        train = self._examples(component, versions[fit], split.train)
        val = self._examples(component, versions[self.protocol.validation(fit)], split.val)
        seed = seed_for(*corruption.seed_for(component.cls.method))  # type: ignore[attr-defined]
        regressor = component.build(
            domain=settings.domain,
            window_size=settings.window_size,
            random_state=seed,
            device=settings.device,
        )
        with stages.measure("fit"):
            regressor.fit(train.X, train.y, val.X, val.y)
        stages.note_training(regressor)
        rows = self.protocol.test_rows(corruption)
        with stages.measure("predict"):
            return {
                name: self._predict(regressor, component, versions[name], rows) for name in inputs
            }

    def _predict(
        self, regressor: Any, component: Component, data: Data, rows: np.ndarray
    ) -> np.ndarray:
        of_test = self._examples(component, data, rows)
        predicted = regressor.predict(of_test.X)
        check_layout(predicted, of_test.y.shape, f"the predictions of {component.label}")
        check_finite(predicted[:, None], f"the predictions of {component.label}", ["y"])
        return np.asarray(predicted)

    def _examples(self, component: Component, data: Data, rows: np.ndarray) -> Data:
        settings = self.scaled.corruption.settings
        cls: Any = component.cls
        return examples(
            data,
            rows,
            window_size=None if settings.domain == "tabular" else settings.window_size,
            horizon=settings.horizon,
            flat=cls.inputs == "flat",
        )
