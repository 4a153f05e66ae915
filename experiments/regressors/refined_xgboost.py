"""Gradient-boosted trees, trained on a refined target where that helps."""

from dataclasses import dataclass
from typing import ClassVar

from experiments.regressors.refined import GatedRegressor
from experiments.regressors.xgboost import XGBoostRegressor


@dataclass(eq=False, repr=False)
class RefinedXGBoostRegressor(GatedRegressor):
    """`XGBoostRegressor` inside `denograd.RefinedRegressor`; parameters are those of both."""

    method: ClassVar[str] = "refined_xgboost"
    refines: ClassVar[str] = "xgboost"

    n_estimators: int = 120
    max_depth: int = 6
    learning_rate: float = 0.08

    def _plain(self) -> XGBoostRegressor:
        return XGBoostRegressor(
            self.n_estimators, self.max_depth, self.learning_rate, self.random_state
        )
