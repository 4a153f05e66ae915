"""The evaluation protocols: which rows a denoiser sees and changes, and what is scored.

``published`` reproduces the paper: every row is refined, test rows and their targets included, and
before and after are taken against different targets. ``held_out`` refines training rows only and
scores on test rows that nobody touched. ``published_train_only`` lies between: the published scaler
and fit, but the test rows stay noisy, so that what comes from refining them can be told apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.preprocessing import StandardScaler

from denograd.checks import check_finite, check_layout
from experiments.runner.corruption import Corruption, Data
from experiments.runner.resources import Stages


@dataclass(frozen=True)
class Scaled:
    """A corruption in the standardised units of one protocol."""

    corruption: Corruption
    noisy: Data
    clean: Data

    @property
    def noise_injected(self) -> bool:
        """Whether noisy and clean values differ anywhere."""
        return not self.noisy.equals(self.clean)

    def noise_sd(self) -> tuple[np.ndarray, float]:
        """Root mean square of the noise in the training rows: of every input, and of the target."""
        noisy, clean = (d.rows(self.corruption.split.train) for d in (self.noisy, self.clean))
        of_X = np.sqrt(np.mean((noisy.X - clean.X) ** 2, axis=0))
        return of_X, float(np.sqrt(np.mean((noisy.y - clean.y) ** 2)))


class Protocol(ABC):
    """What the protocols share."""

    name: ClassVar[str]
    revision: ClassVar[int] = 1
    #: (inputs, targets) of the test rows that the score after refinement is taken on.
    scored_on: ClassVar[tuple[str, str]]

    @abstractmethod
    def scaler_rows(self, corruption: Corruption) -> np.ndarray:
        """Rows that mean and standard deviation are computed from."""

    @abstractmethod
    def changed_rows(self, corruption: Corruption) -> np.ndarray:
        """Rows that a denoiser may change."""

    @abstractmethod
    def validation(self, version: str) -> str:
        """Which version of the validation rows stops a regressor that trains on `version`."""

    @abstractmethod
    def test_rows(self, corruption: Corruption) -> np.ndarray:
        """Rows whose target is scored."""

    @abstractmethod
    def _fit(self, denoiser: Any, noisy: Data, corruption: Corruption) -> None:
        """Fit a denoiser on the rows that it may see."""

    def scale(self, corruption: Corruption) -> Scaled:
        """Standardise noisy and clean values with the noisy rows of this protocol."""
        rows, noisy, clean = self.scaler_rows(corruption), corruption.noisy, corruption.clean
        of_X = StandardScaler().fit(noisy.X[rows])
        of_y = StandardScaler().fit(noisy.y[rows, None])

        def scaled(data: Data) -> Data:
            return Data(of_X.transform(data.X), of_y.transform(data.y[:, None])[:, 0])

        return Scaled(corruption, scaled(noisy), scaled(clean))

    def denoise(
        self, denoiser: Any, scaled: Scaled, stages: Stages, row_order: str = "file"
    ) -> Data:
        """Fit a denoiser and refine the rows that this protocol lets it change.

        It refines them in file order, or in the order `after_split`. All rows come back in file
        order; those that may not change are as they came. What has another shape or dtype, or is
        not finite, is refused.
        """
        with stages.measure("fit"):
            self._fit(denoiser, scaled.noisy, scaled.corruption)
        stages.note_training(denoiser)
        rows = self.changed_rows(scaled.corruption)
        if row_order == "after_split":
            order = scaled.corruption.after_split
            rows = order[np.isin(order, rows)]
        part = scaled.noisy.rows(rows)
        with stages.measure("denoise"):
            X, y = denoiser.denoise(part.X, part.y)
        name = type(denoiser).__name__
        check_layout(X, part.X.shape, f"the refined table of {name}")
        check_layout(y, part.y.shape, f"the refined target of {name}")
        check_finite(X, f"the refined table of {name}", map(str, range(X.shape[1])))
        check_finite(y[:, None], f"the refined target of {name}", ["y"])
        refined = Data(scaled.noisy.X.copy(), scaled.noisy.y.copy())
        refined.X[rows], refined.y[rows] = X, y
        return refined


class Published(Protocol):
    """The paper's way: self-consistency."""

    name = "published"
    scored_on = ("refined", "refined")

    def scaler_rows(self, corruption: Corruption) -> np.ndarray:
        """All rows."""
        return np.arange(len(corruption.noisy.y))

    def changed_rows(self, corruption: Corruption) -> np.ndarray:
        """All rows."""
        return np.arange(len(corruption.noisy.y))

    def validation(self, version: str) -> str:
        """Refined rows after, noisy ones before."""
        return version

    def test_rows(self, corruption: Corruption) -> np.ndarray:
        """The whole test part."""
        return corruption.split.test

    def _fit(self, denoiser: Any, noisy: Data, corruption: Corruption) -> None:
        if denoiser.fits_on == "all":
            denoiser.fit(noisy.X, noisy.y)
            return
        train = noisy.rows(corruption.split.train)
        val = noisy.rows(with_context(corruption.split.val, corruption.context_rows))
        denoiser.fit(train.X, train.y, val.X, val.y)


class PublishedTrainOnly(Published):
    """The paper's way with the test rows left alone: training and validation rows are refined."""

    name = "published_train_only"
    scored_on = ("noisy", "noisy")

    def changed_rows(self, corruption: Corruption) -> np.ndarray:
        """Training and validation rows, in file order."""
        return np.sort(np.concatenate([corruption.split.train, corruption.split.val]))


class HeldOut(Protocol):
    """The honest way: only training rows are seen and changed."""

    name = "held_out"
    scored_on = ("noisy", "noisy")

    def scaler_rows(self, corruption: Corruption) -> np.ndarray:
        """The noisy training rows."""
        return corruption.split.train

    def changed_rows(self, corruption: Corruption) -> np.ndarray:
        """Training rows only."""
        return corruption.split.train

    def validation(self, version: str) -> str:
        """Validation rows as they came, whatever the training rows went through."""
        return "noisy"

    def test_rows(self, corruption: Corruption) -> np.ndarray:
        """The test part, without rows whose values were filled in."""
        test = corruption.split.test
        return test if corruption.observed is None else test[corruption.observed[test]]

    def _fit(self, denoiser: Any, noisy: Data, corruption: Corruption) -> None:
        train = noisy.rows(corruption.split.train)
        denoiser.fit(train.X, train.y)


PROTOCOLS: dict[str, Protocol] = {p.name: p for p in (Published(), HeldOut(), PublishedTrainOnly())}


def with_context(rows: np.ndarray, context_rows: int) -> np.ndarray:
    """Prepend the rows that the first window of a block needs."""
    if context_rows == 0:
        return rows
    return np.arange(rows[0] - context_rows, rows[-1] + 1)
