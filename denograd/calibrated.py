"""A denoiser without step size, gate or iterations: how far a value moves, the noise dictates."""

from __future__ import annotations

from typing import Self, get_args

import numpy as np

from denograd.base import ArrayOrFrame, ArrayOrSeries, BaseDenoiser, Domain
from denograd.calibration.levels import Noise, NoiseLevels, read_levels
from denograd.calibration.own_target import refined_target
from denograd.calibration.scale import Scale
from denograd.calibration.series import (
    HALF_WINDOWS,
    Combine,
    Step,
    refine_other,
    refine_series,
)
from denograd.calibration.table import TableModel
from denograd.checks import check_choice, check_count, check_several
from denograd.containers import column_names
from denograd.noise import variances
from denograd.training.backbone import digest

_DISCRETE = 20


class CalibratedDenoiser(BaseDenoiser):
    """Move every value towards its prediction, by as much as the noise dictates.

    With independent normal noise of standard deviation σ the best guess of a clean value is
    z + σ²·∂ log p(z)/∂z, p the density of the noisy data (Tweedie's formula: Robbins 1956; Efron
    2011). That is DenoGrad's direction with a step that needs no tuning. In a series each cell is
    predicted from the steps around it, in all channels, by filters that other blocks of time have
    taught; it goes the share σ²/v of the way, v the mean squared error of the prediction. In a
    table networks and boosted trees predict the target, and the other columns each column, all out
    of fold; the target's residual pulls at the columns too, along the networks' gradient.

    Parameters
    ----------
    noise : float, pair, array or mapping, optional
        How noisy the data are. None estimates it for a series; a table then stays as it is, and
        `bounds_` says how noisy it can be at most. A number is a share of each column's standard
        deviation, that of the target included; anything else is in the data's units: a pair
        (X, y), X a number or one per column; an array with one number per column, and that of the
        target after them; a mapping, or an indexed Series, by the names of columns and target, in
        which those that are not named hold none. With 0 the data come back bit for bit. A number
        leaves columns of a table alone that have at most 20 different values.
    gross_errors : bool
        Whether cells of a series that are far from their prediction are taken for gross errors and
        replaced. It repairs impulses, and destroys spikes that belong to the signal.
    domain : {"tabular", "series"}
        Rows that stand for themselves, or a series in time order with its target as channel 0.
    combine : {"stacked", "mean"}
        How predictions of a series become one: weighted for the least error, a Kalman smoother of
        the channel alone among them, or the mean over the half-windows.
    half_windows : sequence of int
        Steps to either side that predictions look at; those too long for a series are left out.
    random_state : int, optional
        Makes results on tables repeatable; those on series have no randomness.

    Attributes
    ----------
    noise_ : NoiseLevels
        Standard deviation of the noise of each column and of the target, and where it is from.
    prediction_error_ : ndarray of shape (n_features_in_ + 1,)
        Mean squared error of the predictions of each column and of the target, in squared units.
    weights_ : ndarray of shape (n_rows, n_features_in_ + 1)
        Share of the way to its prediction that each value given to `fit` goes.
    bounds_ : NoiseLevels
        How noisy the columns can be at most, by the data alone.

    Examples
    --------
    >>> import numpy as np
    >>> from denograd import CalibratedDenoiser
    >>> t, rng = np.arange(2000), np.random.default_rng(0)
    >>> clean = 20 + 5 * np.sin(t / 30)
    >>> measured = clean + rng.normal(0, 0.5, 2000)
    >>> denoiser = CalibratedDenoiser(domain="series")
    >>> _, refined = denoiser.fit_resample(measured[:, None], measured)
    >>> round(denoiser.noise_.y, 1)
    0.5
    >>> bool(np.std(refined - clean) < 0.4 * np.std(measured - clean))
    True
    """

    method = "calibrated"
    uses_target = True
    uses_row_order = True  # the rows of `fit` are known by their order
    column_wise = False
    causal = False
    min_rows = 2

    def __init__(
        self,
        noise: Noise | None = None,
        gross_errors: bool = False,
        domain: Domain = "tabular",
        combine: Combine = "stacked",
        half_windows: tuple[int, ...] = HALF_WINDOWS,
        random_state: int | None = None,
    ) -> None:
        self.noise = noise
        self.gross_errors = gross_errors
        self.domain = domain
        self.combine = combine
        self.half_windows = half_windows
        self.random_state = random_state

    def fit(
        self,
        X: ArrayOrFrame,
        y: ArrayOrSeries,
        X_val: ArrayOrFrame | None = None,
        y_val: ArrayOrSeries | None = None,
    ) -> Self:
        """Learn predictions from these rows; validation rows are not needed and not looked at.

        See `BaseDenoiser.fit`. A mapping as `noise` calls the target by the name of y, or "y".
        """
        self.check_config()
        name = getattr(y, "name", None)
        self._target = "y" if name is None else str(name)
        self._names = column_names(X)
        return super().fit(X, y, X_val, y_val)

    def refine_target(self, X: ArrayOrFrame, y: ArrayOrSeries) -> ArrayOrSeries:
        """Refine the target of these rows alone, to train a regressor on it.

        Inputs that are cleaner in training than in prediction would bias a regressor. The target of
        a table of unknown noise moves too: towards boosted trees, as if half of their error in the
        calm tenth of the rows were noise.

        Parameters
        ----------
        X, y
            As in `fit_resample`.

        Returns
        -------
        y_refined
            In the container of y.
        """
        if self.domain == "series" or self.noise is not None:
            return self.fit_resample(X, y)[1]
        self.check_config()
        matrix, vector = self._checked(X, y)
        refined = refined_target(matrix, vector, self.random_state)
        return self._handed_back(matrix, refined, matrix, y)[1]

    def check_config(self) -> None:
        """Refuse parameters that are wrong whatever the data are.

        Raises
        ------
        ValueError
            With the name of the parameter, and what it may be.
        """
        check_choice("domain", self.domain, get_args(Domain))
        check_choice("combine", self.combine, get_args(Combine))
        check_several("half_windows", self.half_windows)
        if not len(self.half_windows):
            raise ValueError("half_windows has to name at least one number of steps, got none.")
        for half in self.half_windows:
            check_count("half_windows", half)
        if self.random_state is not None:
            check_count("random_state", self.random_state, least=0)

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        if self.domain == "series":
            self._fit_series(X, y)
        else:
            self._fit_table(X, y)
        self._seen = digest("seen", X, y)

    def _fit_table(self, X: np.ndarray, y: np.ndarray) -> None:
        if self.gross_errors:
            raise ValueError(
                "gross_errors are looked for in a series alone: set domain='series', or leave "
                "gross_errors False."
            )
        self._table = TableModel.fit(X, y, self.random_state)
        self.bounds_ = NoiseLevels(*self._table.bounds, "estimated")
        self.prediction_error_ = np.append(*self._table.prediction_error)
        self.noise_ = NoiseLevels(np.zeros(X.shape[1]), 0.0, "unknown")
        if self.noise is not None:
            self.noise_ = self._given(X, y)
        refined = self._table.refine(X, y, self.noise_.X, self.noise_.y)
        self.weights_ = np.column_stack([refined.weight_X, refined.weight_y])
        self._refined = refined.X, refined.y

    def _fit_series(self, X: np.ndarray, y: np.ndarray) -> None:
        self._scale = Scale.of(X)
        scaled = self._scaled(X)
        estimated = np.sqrt(variances(scaled, "normal" if self.gross_errors else "auto"))
        self._set_noise(X, y, estimated)
        step = self._refine_series(scaled)
        if self.gross_errors:
            # They hide how small the other noise is.
            self._set_noise(X, y, np.sqrt(variances(scaled + step.mend)))
            if self.noise is None:
                step = self._refine_series(scaled)
        self._error, error = step.error, step.error * self._scale.sd**2
        self.prediction_error_ = np.append(error, error[0])
        self.weights_ = np.column_stack([step.weights, step.weights[:, 0]])
        refined = X + step.change * self._scale.sd
        self._refined = refined, refined[:, 0]

    def _set_noise(self, X: np.ndarray, y: np.ndarray, estimated: np.ndarray) -> None:
        found = estimated * self._scale.sd
        self.bounds_ = NoiseLevels(found, float(found[0]), "estimated")
        self.noise_ = self.bounds_ if self.noise is None else self._given(X, y)

    def _refine_series(self, scaled: np.ndarray) -> Step:
        self._model, step = refine_series(
            scaled,
            self._scale.share(self.noise_.X),
            gross=self.gross_errors,
            combine=self.combine,
            halves=self.half_windows,
        )
        return step

    def _given(self, X: np.ndarray, y: np.ndarray) -> NoiseLevels:
        target: str | None = self._target
        if self.domain == "series" and self._names and str(self._names[0]) == target:
            target = None
        discrete = None
        if self.domain == "tabular":
            discrete = np.array([len(np.unique(column)) <= _DISCRETE for column in X.T])
        levels = read_levels(self.noise, X, y, self._names, target, discrete=discrete)  # type: ignore[arg-type]
        if self.domain == "tabular":
            return levels
        own, of_y = float(levels.X[0]), levels.y
        if own and of_y and not np.isclose(own, of_y, rtol=1e-6):
            raise ValueError(
                f"noise is {own:g} in column 0 of X and {of_y:g} in the target, but a series has "
                "its target as column 0: give one number for both."
            )
        levels.X[0] = max(own, of_y)
        return NoiseLevels(levels.X, float(levels.X[0]), "given")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if digest("seen", X, y) == self._seen:
            return self._refined[0].copy(), self._refined[1].copy()
        if self.domain == "tabular":
            refined = self._table.refine(X, y, self.noise_.X, self.noise_.y, seen=False)
            return refined.X, refined.y
        step = refine_other(
            self._model,
            self._scaled(X),
            self._scale.share(self.noise_.X),
            self._error,
            self.gross_errors,
        )
        moved = X + step.change * self._scale.sd
        return moved, moved[:, 0].copy()

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return self._scale.standardise(X)
