"""The nearest neighbours, trained on a refined target where that helps."""

from dataclasses import dataclass
from typing import ClassVar

from experiments.regressors.knn import KNNRegressor
from experiments.regressors.refined import GatedRegressor


@dataclass(eq=False, repr=False)
class RefinedKNNRegressor(GatedRegressor):
    """`KNNRegressor` inside `denograd.RefinedRegressor`; parameters are those of both."""

    method: ClassVar[str] = "refined_knn"
    refines: ClassVar[str] = "knn"

    n_neighbors: int = 7

    def _plain(self) -> KNNRegressor:
        return KNNRegressor(self.n_neighbors)
