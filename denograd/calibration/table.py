"""What five folds learn about a table, and the step of its cells that the noise dictates.

For z = clean + ε with ε independent and normal, E[clean_j | z] = z_j + σ_j² ∂ log p(z)/∂z_j with p
the density of the noisy z [1]_ [2]_. Here p is the product of the densities of y around its
prediction f(x), and of each column around its prediction m_j from the other columns.

References
----------
.. [1] H. Robbins, "An empirical Bayes approach to statistics", Proceedings of the Third Berkeley
       Symposium on Mathematical Statistics and Probability, 1956.
.. [2] B. Efron, "Tweedie's formula and selection bias", Journal of the American Statistical
       Association 106, 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from denograd.calibration.columns import ColumnModel, Columns
from denograd.calibration.folds import random_folds
from denograd.calibration.mixture import Mixture, precision
from denograd.calibration.scale import Scale
from denograd.calibration.target import Target, TargetModel
from denograd.calibration.variance import (
    Bins,
    calm,
    close_pairs,
    expected_square,
    upper,
)

_FOLDS = 5
_ROUNDING = 1e-12
"""Below this square no error means anything: standardised values are rounded."""


@dataclass(frozen=True)
class Refined:
    """A table after the step, and how far each cell went.

    Attributes
    ----------
    X, y : ndarray of shape (n, d) and (n,)
        Refined values, in the data's units.
    weight_X, weight_y : ndarray of shape (n, d) and (n,)
        Share of the way to the prediction that a cell went, in [0, 1]; for X that from the other
        columns.
    """

    X: np.ndarray
    y: np.ndarray
    weight_X: np.ndarray  # noqa: N815
    weight_y: np.ndarray


class Errors(NamedTuple):
    """Residuals r, prediction minus value, and their expected squares S²; standardised."""

    r: np.ndarray
    variance: np.ndarray

    def at_least(self, variance: np.ndarray) -> Errors:
        """Errors whose expected squares are not below these."""
        return Errors(self.r, np.maximum(self.variance, variance))

    def precision(self, seen: Errors, noise: float) -> np.ndarray:
        """Precision of each residual for noise of this variance, by the mixture of those seen."""
        own, other = (np.maximum(errors.variance, _ROUNDING) for errors in (self, seen))
        mixture = Mixture.fit(seen.r / np.sqrt(np.maximum(other, noise)))
        return precision(self.r, own, noise, mixture)


class Predicted(NamedTuple):
    """Predictions of target and columns, and the errors against the values; standardised."""

    target: Target
    columns: Columns
    error: Errors
    errors: list[Errors]


@dataclass(frozen=True)
class TableModel:
    """Models of a table's target and columns, none of which has seen the rows of its fold.

    Make one by `fit`.

    Attributes
    ----------
    bounds : tuple of ndarray of shape (d,) and float
        Upper bounds of the noise's standard deviation per column and of the target, in the data's
        units: how far the predictions err in the calm tenth of the rows, for the target, if that
        is less, half the squared difference of close pairs; two standard errors are added.
    prediction_error : tuple of ndarray of shape (d,) and float
        Mean squared error of a column's prediction from the others, and of the target's, on rows
        that the models have not seen; in squared units of the data.
    """

    scale: Scale
    scale_of_target: Scale
    order: list[int]
    target: TargetModel
    columns: ColumnModel
    seen: Predicted
    bounds: tuple[np.ndarray, float]
    prediction_error: tuple[np.ndarray, float]

    @classmethod
    def fit(cls, X: np.ndarray, y: np.ndarray, random_state: int | None = 0) -> TableModel:
        """Learn from rows.

        Parameters
        ----------
        X, y : ndarray of shape (n, d) and (n,)
            Finite rows, in any units; two or more.
        random_state : int, optional
            Seed of folds, networks and trees; None draws one from the operating system.

        Raises
        ------
        ValueError
            For fewer than two rows.
        """
        if len(y) < 2:
            raise ValueError(f"a table needs two rows or more to be predicted, got {len(y)}.")
        scale, scale_of_target = Scale.of(X), Scale.of(y)
        Z, t = scale.rounded(X), scale_of_target.rounded(y)
        # Networks and trees depend on the order of columns; this one does not.
        order = sorted(range(X.shape[1]), key=lambda j: Z[:, j].tobytes())
        Z = Z[:, order]
        seeds = np.random.SeedSequence(random_state).generate_state(2) >> 1
        folds = random_folds(len(t), _FOLDS, np.random.default_rng(seeds[0]))
        target, said = TargetModel.fit(Z, t, folds, int(seeds[1]))
        columns, m = ColumnModel.fit(Z, folds)
        r, R = said.f - t, m.m - Z
        seen = Predicted(
            said,
            m,
            Errors(r, expected_square(said.size, r**2, folds)),
            [
                Errors(e, expected_square(size, e**2, folds))
                for e, size in zip(R.T, m.size.T, strict=True)
            ],
        )
        back = np.argsort(order)
        bound_X = [_calm_bound(errors) for errors in seen.errors]
        quiet = calm(seen.error.variance, 0.2)
        bound_y = min(_calm_bound(seen.error), upper(close_pairs(Z[quiet], t[quiet])))
        return cls(
            scale,
            scale_of_target,
            order,
            target,
            columns,
            seen,
            (np.sqrt(bound_X)[back] * scale.sd, float(np.sqrt(bound_y) * scale_of_target.sd)),
            (
                np.mean(R**2, axis=0)[back] * scale.sd**2,
                float(np.mean(r**2) * scale_of_target.sd**2),
            ),
        )

    def refine(
        self, X: np.ndarray, y: np.ndarray, sd_X: np.ndarray, sd_y: float, seen: bool = True
    ) -> Refined:
        """Move each cell as far as its noise says.

        Parameters
        ----------
        X, y : ndarray of shape (n, d) and (n,)
            Rows, in the units of those of `fit`.
        sd_X, sd_y : ndarray of shape (d,) and float
            Standard deviation of the noise, in the data's units; where 0, nothing moves. In a
            column that was constant there is none, whatever this says.
        seen : bool
            Whether these are the rows of `fit`, in their order: their predictions are out of fold.
            Others are predicted by the mean over the folds' models.

        Raises
        ------
        ValueError
            When rows seen differ in number from those of `fit`.
        """
        if seen and len(y) != len(self.seen.error.r):
            raise ValueError(
                f"the rows seen by fit are {len(self.seen.error.r)}, got {len(y)}; "
                "pass seen=False for others."
            )
        now = self.seen if seen else self._predict(X, y)
        noise_X = self.scale.share(sd_X)[self.order] ** 2
        noise_y = float(self.scale_of_target.share(sd_y) ** 2)
        back = np.argsort(self.order)
        weight_X = np.column_stack(
            [
                noise * errors.precision(old, noise)
                for noise, errors, old in zip(noise_X, now.errors, self.seen.errors, strict=True)
            ]
        )
        weight_y = noise_y * now.error.precision(self.seen.error, noise_y)
        moves = weight_X * np.column_stack([errors.r for errors in now.errors])
        if noise_X.any():
            error, old = (
                one.error.at_least(noise_y + one.target.J**2 @ noise_X) for one in (now, self.seen)
            )
            pull = error.r * error.precision(old, noise_y)
            moves -= noise_X * now.target.J * pull[:, None]
        # Adding a step of 0 would turn the sign of −0.
        return Refined(
            np.where(noise_X[back] > 0, X + moves[:, back] * self.scale.sd, X),
            y + weight_y * now.error.r * self.scale_of_target.sd if noise_y else y.copy(),
            weight_X[:, back],
            weight_y,
        )

    def _predict(self, X: np.ndarray, y: np.ndarray) -> Predicted:
        """Predictions of rows that were not seen, with the expected squares of those that were."""
        Z, t = self.scale.rounded(X)[:, self.order], self.scale_of_target.rounded(y)
        target, columns, seen = self.target.predict(Z), self.columns.predict(Z), self.seen
        return Predicted(
            target,
            columns,
            Errors(target.f - t, Bins.fit(seen.target.size, seen.error.r**2)(target.size)),
            [
                Errors(e, Bins.fit(old, errors.r**2)(size))
                for e, size, old, errors in zip(
                    (columns.m - Z).T,
                    columns.size.T,
                    seen.columns.size.T,
                    seen.errors,
                    strict=True,
                )
            ],
        )


def _calm_bound(errors: Errors) -> float:
    return upper(errors.r[calm(errors.variance, 0.1)] ** 2)
