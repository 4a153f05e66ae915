"""Ridge regression, trained on a refined target where that helps."""

from dataclasses import dataclass
from typing import ClassVar

from experiments.regressors.base import BaseRegressor
from experiments.regressors.refined import GatedRegressor
from experiments.regressors.ridge import RidgeRegressor


@dataclass(eq=False, repr=False)
class RefinedRidgeRegressor(GatedRegressor):
    """`RidgeRegressor` inside `denograd.RefinedRegressor`; parameters are those of both."""

    method: ClassVar[str] = "refined_ridge"
    plain: ClassVar[type[BaseRegressor]] = RidgeRegressor

    alpha: float = 1.0
