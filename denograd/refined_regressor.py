"""A regressor that trains on a refined target where that is found to help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import KFold
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from denograd.arrays import as_matrix, as_vector
from denograd.base import Domain
from denograd.calibrated import CalibratedDenoiser
from denograd.checks import (
    check_choice,
    check_count,
    check_dense,
    check_number,
    check_same_columns,
    check_same_rows,
    check_several,
)
from denograd.containers import readable, string_columns

_FOLDS = 3
# With fewer rows, a fold is too small to say whether anything helps.
_MIN_ROWS = 120
# Fewer let strengths through that lose on other rows, more shut out some that gain: compared on the
# sets of the benchmark that were set aside for such choices.
_STANDARD_ERRORS = 2.5
_SAME = 1e-9


@dataclass(frozen=True)
class Gain:
    """What training on targets refined with one strength gained on untouched rows.

    Attributes
    ----------
    folds : tuple of float
        Reduction of the squared error in per cent of that of the plain regressor, per fold.
    mean : float
        The same over the rows of all folds.
    standard_error : float
        Of `mean`, paired over rows.
    """

    folds: tuple[float, ...]
    mean: float
    standard_error: float

    @property
    def why_not(self) -> str:
        """Why this strength is not used; empty if the gate is open to it."""
        if self.mean <= 0:
            return f"no gain ({self.mean:+.2f} %)"
        if self.mean <= _STANDARD_ERRORS * self.standard_error:
            return f"a gain of {self.mean:.2f} % within {_STANDARD_ERRORS} standard errors"
        return ""


class RefinedRegressor(RegressorMixin, BaseEstimator):
    """Train a regressor on a refined target, if nested cross-validation says that this helps.

    The target alone is moved, by a share of what the denoiser suggests: inputs that are cleaner in
    training than in prediction would bias the regressor. Three folds of the training rows are
    predicted by the regressor as it is and by the same one trained on targets that were refined
    from its own training part. A strength counts as a gain where the squared error on untouched
    rows falls by more than two and a half standard errors, paired over rows; of those the one of
    the largest gain is used. Where there is none, this is the plain regressor, bit for bit.

    Parameters
    ----------
    regressor : scikit-learn regressor
        What is trained; it is cloned.
    denoiser : denoiser, optional
        What refines: asked for `refine_target(X, y)` where it has such a method, else for
        `fit_resample(X, y)`. Default: `CalibratedDenoiser` of the same domain.
    strengths : sequence of float, default (0, 0.5, 1)
        Shares of the way to the refined target that are tried, between 0 and 1; 0 always is.
    domain : {"tabular", "series"}
        What the rows of X are: of a table, or windows of a series in time order, of shape
        (n, window_size, channels) or flattened. Of a series the targets themselves are refined in
        their order, with the channels of each window's last step beside them; folds are contiguous
        in a series and random in a table.
    window_size : int, optional
        Steps of a flattened window. Default: every column is a step, of one channel.
    random_state : int, RandomState or None
        Seed of the folds, and of the denoiser where it has none of its own.

    Attributes
    ----------
    strength_ : float
        The strength that was used; 0 is the plain regressor.
    gains_ : dict of float to Gain
        Per strength that was tried what it gained, and why it was not used. Empty with fewer
        than 120 rows, which decide nothing.
    regressor_ : regressor
        The trained regressor.
    n_features_in_ : int
        Numbers per row of X seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X is a DataFrame whose column names are strings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from denograd import RefinedRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(600, 2))
    >>> y = X[:, 0] ** 2 + X[:, 1] + rng.normal(0, 0.5, size=600)
    >>> model = RefinedRegressor(KNeighborsRegressor(), random_state=0).fit(X, y)
    >>> model.strength_
    1.0
    >>> bool(model.gains_[1.0].mean > 5)
    True
    """

    def __init__(
        self,
        regressor: Any,
        denoiser: Any = None,
        strengths: Sequence[float] = (0, 0.5, 1),
        domain: Domain = "tabular",
        window_size: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.regressor = regressor
        self.denoiser = denoiser
        self.strengths = strengths
        self.domain = domain
        self.window_size = window_size
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Decide how far the target is refined, and train the regressor.

        Parameters
        ----------
        X : array of shape (n, d), or (n, window_size, channels) for a series
            Inputs, finite numbers.
        y : array of shape (n,)
            Noisy continuous target.
        **fit_params
            Passed to every `fit` of the regressor as they are, such as rows for early stopping;
            what has a value per row of X cannot be divided into folds.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            For input that cannot be refined, and for parameters out of range.
        """
        strengths = self._positive_strengths()
        if y is None:
            raise ValueError("RefinedRegressor requires y to be passed, but the target y is None")
        X, y = _read(X), column_or_1d(readable(y), warn=True)
        flat, target = self._flat(X), as_vector(y)
        check_same_rows(len(flat), len(target))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        denoiser, table = self._seeded_denoiser(int(seeds[0])), self._table(X, flat, target)
        self.gains_ = {}
        if strengths and len(target) >= _MIN_ROWS:
            folds = KFold(_FOLDS, shuffle=True, random_state=seeds[1])
            parts = (KFold(_FOLDS) if self.domain == "series" else folds).split(flat)
            errors = [
                self._errors(X, target, table, train, test, strengths, denoiser, fit_params)
                for train, test in parts
            ]
            self.gains_ = dict(zip(strengths, _gains(errors), strict=True))
        used = {gain.mean: strength for strength, gain in self.gains_.items() if not gain.why_not}
        self.strength_ = used[max(used)] if used else 0.0
        if self.strength_:
            y = target + self.strength_ * (_refined(denoiser, table, target) - target)
        self.regressor_ = clone(self.regressor).fit(X, y, **fit_params)
        self.n_features_in_ = flat.shape[1]
        self._remember_names(X)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target with the regressor that was trained.

        Parameters
        ----------
        X : array like that of `fit`

        Returns
        -------
        ndarray of shape (n,)
        """
        check_is_fitted(self)
        X = _read(X)
        check_same_columns(
            self._flat(X).shape[1],
            string_columns(X),
            self.n_features_in_,
            getattr(self, "feature_names_in_", None),
            name="X",
            owner=type(self).__name__,
        )
        return self.regressor_.predict(X)

    def _positive_strengths(self) -> tuple[float, ...]:
        check_choice("domain", self.domain, ("tabular", "series"))
        if self.window_size is not None:
            check_count("window_size", self.window_size)
        check_several("strengths", self.strengths)
        for strength in self.strengths:
            check_number("every one of strengths", strength, below=1 + _SAME)
        return tuple(sorted({float(strength) for strength in self.strengths} - {0.0}))

    def _seeded_denoiser(self, seed: int) -> Any:
        if self.denoiser is None:
            return CalibratedDenoiser(domain=self.domain, random_state=seed)
        denoiser = clone(self.denoiser)
        params = denoiser.get_params()
        if params.get("domain", self.domain) != self.domain:
            raise ValueError(
                f"the denoiser is for domain={params['domain']!r}, but the regressor for "
                f"domain={self.domain!r}: give both the same."
            )
        if "random_state" in params and params["random_state"] is None:
            denoiser.set_params(random_state=seed)
        return denoiser

    def _flat(self, X: Any) -> np.ndarray:
        """Rows as float64 vectors, checked."""
        return as_matrix(np.reshape(X, (len(X), -1)) if self._windows(X) else X)

    def _windows(self, X: Any) -> bool:
        return self.domain == "series" and X.ndim == 3

    def _table(self, X: Any, flat: np.ndarray, target: np.ndarray) -> np.ndarray:
        """What the denoiser is given beside the target: a table, or the series of the target."""
        if self.domain == "tabular":
            return flat
        steps = X.shape[1] if self._windows(X) else self.window_size or flat.shape[1]
        if flat.shape[1] % steps:
            raise ValueError(
                f"X has {flat.shape[1]} columns, which are no windows of window_size={steps} steps"
            )
        last = flat[:, -(flat.shape[1] // steps) :]
        others = [channel for channel in last.T if not _is_past_of(channel, target, steps)]
        return np.column_stack([target, *others])

    def _errors(
        self,
        X: Any,
        target: np.ndarray,
        table: np.ndarray,
        train: np.ndarray,
        test: np.ndarray,
        strengths: tuple[float, ...],
        denoiser: Any,
        fit_params: dict[str, Any],
    ) -> np.ndarray:
        """Squared errors on the rows of a fold: as it is, then by strength."""
        inputs, untouched = (_safe_indexing(X, rows) for rows in (train, test))
        moves = _refined(denoiser, table[train], target[train]) - target[train]

        def errors(strength: float) -> np.ndarray:
            fitted = clone(self.regressor).fit(
                inputs, target[train] + strength * moves, **fit_params
            )
            return np.square(fitted.predict(untouched) - target[test])

        plain = errors(0.0)
        return np.array([plain, *(errors(s) if moves.any() else plain for s in strengths)])

    def _remember_names(self, X: Any) -> None:
        names = string_columns(X)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_


def _read(X: Any) -> Any:
    """X as NumPy or pandas has it, as the regressor is given it."""
    check_dense(X, "X")
    return readable(X)


def _refined(denoiser: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The target alone refined, whatever else a denoiser would change."""
    if hasattr(denoiser, "refine_target"):
        return denoiser.refine_target(X, y)
    return denoiser.fit_resample(X, y)[1]


def _gains(errors: Sequence[np.ndarray]) -> Iterator[Gain]:
    """One gain per strength from the squared errors of each fold, those of strength 0 first."""
    everywhere = np.concatenate(errors, axis=1)
    before = float(everywhere[0].mean())
    scale = 100.0 / before if before > 0 else 0.0
    for number in range(1, len(everywhere)):
        saved = scale * (everywhere[0] - everywhere[number])
        yield Gain(
            tuple(100.0 * _share(of[0].mean(), of[number].mean()) for of in errors),
            float(saved.mean()),
            float(saved.std(ddof=1) / np.sqrt(len(saved))),
        )


def _share(before: float, after: float) -> float:
    return float(1.0 - after / before) if before > 0 else 0.0


def _is_past_of(channel: np.ndarray, target: np.ndarray, steps: int) -> bool:
    """Whether a channel is the target some steps before, in whatever units.

    Such a copy, seen from both sides, would predict the target by its very noise.
    """
    for lag in range(min(steps, len(target) // 2) + 1):
        a, b = channel[lag:], target[: len(target) - lag]
        a, b = a - a.mean(), b - b.mean()
        if abs(a @ b) >= (1.0 - _SAME) * np.sqrt((a @ a) * (b @ b)):
            return True
    return False
