"""What the regressors have in common that train on a refined target where that helps."""

# Annotations are kept as types, not as strings: the settings of a regressor are read from them,
# also where another module inherits them.

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from denograd.base import Domain
from denograd.refined_regressor import RefinedRegressor
from experiments.regressors.base import Array, BaseRegressor


@dataclass(kw_only=True, eq=False, repr=False)
class GatedRegressor(BaseRegressor):
    """Another regressor of the benchmark inside `denograd.RefinedRegressor`.

    A concrete one names that regressor and has its parameters; beside it, without a denoiser, its
    error says what the refinement gained. It is scored in tables of its own only.

    Parameters
    ----------
    domain : {"tabular", "series"}
        What the rows are.
    window_size : int
        Steps of a window of a series.
    random_state : int, optional
        Seed of the folds, of the denoiser and, where it takes one, of the regressor.

    Attributes
    ----------
    refines : str
        Name of the regressor.
    """

    refines: ClassVar[str]
    revision: ClassVar[int] = 2

    domain: Domain = "tabular"
    window_size: int = 24
    random_state: int | None = None

    @abstractmethod
    def _plain(self) -> BaseRegressor:
        """The regressor."""

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        self.model_ = RefinedRegressor(
            self._plain(),
            domain=self.domain,
            window_size=self.window_size if self.domain == "series" else None,
            random_state=self.random_state,
        ).fit(X, y, X_val=X_val, y_val=y_val)

    def _predict(self, X: Array) -> ArrayLike:
        return self.model_.predict(X)
