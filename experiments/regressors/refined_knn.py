"""The nearest neighbours, trained on a refined target where that helps."""

from dataclasses import dataclass
from typing import ClassVar

from experiments.regressors.base import BaseRegressor
from experiments.regressors.knn import KNNRegressor
from experiments.regressors.refined import GatedRegressor


@dataclass(eq=False, repr=False)
class RefinedKNNRegressor(GatedRegressor):
    """`KNNRegressor` inside `denograd.RefinedRegressor`; parameters are those of both."""

    method: ClassVar[str] = "refined_knn"
    plain: ClassVar[type[BaseRegressor]] = KNNRegressor

    n_neighbors: int = 7
