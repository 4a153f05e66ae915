"""Ridge regression, trained on a refined target where that helps."""

from dataclasses import dataclass
from typing import ClassVar

from experiments.regressors.refined import GatedRegressor
from experiments.regressors.ridge import RidgeRegressor


@dataclass(eq=False, repr=False)
class RefinedRidgeRegressor(GatedRegressor):
    """`RidgeRegressor` inside `denograd.RefinedRegressor`; parameters are those of both."""

    method: ClassVar[str] = "refined_ridge"
    refines: ClassVar[str] = "ridge"

    alpha: float = 1.0

    def _plain(self) -> RidgeRegressor:
        return RidgeRegressor(self.alpha)
