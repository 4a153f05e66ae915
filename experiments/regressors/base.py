"""What every downstream regressor of the benchmark has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

Array = NDArray[np.float64]

N_AXES = {"flat": 2, "sequence": 3}
LAYOUT = {"flat": "(rows, columns)", "sequence": "(windows, time steps, channels)"}


class BaseRegressor(RegressorMixin, BaseEstimator, ABC):
    """A model that is trained on refined data and scored by the benchmark.

    A concrete regressor stores its constructor arguments, names itself with the class attributes
    below and implements `_fit` and `_predict` on float64 arrays that have been checked. Neither
    may write into them. Constructor parameters with the names `domain`, `window_size`,
    `random_state` and `device` are filled in by the benchmark and are not part of the config files.

    Attributes
    ----------
    domains : frozenset of {"tabular", "series"}
        The kinds of datasets that the regressor can be trained on.
    inputs : {"flat", "sequence"}
        What it reads of a series: each window as one vector, or (time steps, channels). A table
        is always flat.
    method : str
        The name that seeds are derived from.
    needs_validation : bool
        Whether `fit` cannot do without validation rows to stop early on.
    revision : int
        Raised whenever the predictions change.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular", "series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "flat"
    method: ClassVar[str]
    needs_validation: ClassVar[bool] = False
    revision: ClassVar[int] = 1

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train on (X, y).

        Parameters
        ----------
        X : array of shape (n, d), or (n, window, channels) when `inputs` is "sequence"
            Training inputs, finite; never modified.
        y : array of shape (n,)
            Training target, finite; never modified.
        X_val, y_val : arrays like X and y, optional
            Rows for early stopping. Regressors that do not stop early ignore them.

        Returns
        -------
        BaseRegressor
            The regressor itself.

        Raises
        ------
        ValueError
            If shapes disagree, values are missing or infinite, or validation rows are needed and
            not given.
        """
        X_train = self._check_inputs(X, "X")
        y_train = _check_target(y, len(X_train), "y")
        if (X_val is None) != (y_val is None):
            raise ValueError("Give both X_val and y_val, or neither.")
        if X_val is None or y_val is None:
            if self.needs_validation:
                raise ValueError(
                    f"{type(self).__name__} stops early on validation rows: pass X_val and y_val."
                )
            validation: tuple[Array, Array] | tuple[None, None] = (None, None)
        else:
            X_stop = self._check_inputs(X_val, "X_val", like=X_train.shape)
            validation = (X_stop, _check_target(y_val, len(X_stop), "y_val"))
        self._fit(X_train, y_train, *validation)
        self.input_shape_: tuple[int, ...] = X_train.shape[1:]
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Predict the target.

        Parameters
        ----------
        X : array of shape (n, d), or (n, window, channels) when `inputs` is "sequence"
            Inputs with the columns seen in `fit`; never modified.

        Returns
        -------
        array of shape (n,), float64
            One prediction per row of X.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` has not been called.
        ValueError
            If the shape of X differs from that seen in `fit`, or values are missing or infinite.
        """
        check_is_fitted(self, "input_shape_")
        checked = self._check_inputs(X, "X", like=(-1, *self.input_shape_))
        return np.asarray(self._predict(checked), dtype=np.float64).reshape(len(checked))

    def why_skip(self, dataset: Any) -> str | None:
        """Say why a dataset is left out.

        Parameters
        ----------
        dataset : object with attributes `name` and `domain`
            A dataset of the benchmark.

        Returns
        -------
        str or None
            A sentence, or None when the regressor can be trained on the dataset.
        """
        if dataset.domain in self.domains:
            return None
        wanted = " and ".join(sorted(self.domains))
        return f"{self.method} is for {wanted} data, {dataset.name} is {dataset.domain}"

    @abstractmethod
    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        """Learn from checked arrays; what is learnt goes into attributes that end in `_`."""

    @abstractmethod
    def _predict(self, X: Array) -> ArrayLike:
        """Predict from a checked array."""

    def _check_inputs(
        self, values: ArrayLike, name: str, like: tuple[int, ...] | None = None
    ) -> Array:
        """Return finite float64 inputs with the right number of axes, or say what is wrong."""
        array = _as_float(values, name)
        n_axes = N_AXES[self.inputs]
        if array.ndim != n_axes:
            raise ValueError(
                f"{name} must have the shape {LAYOUT[self.inputs]} for {type(self).__name__}, "
                f"got {array.shape}."
            )
        if array.size == 0:
            raise ValueError(f"{name} is empty: its shape is {array.shape}.")
        if like is not None and array.shape[1:] != like[1:]:
            raise ValueError(
                f"Each row of {name} has the shape {array.shape[1:]}, "
                f"{type(self).__name__} is fitted on {like[1:]}."
            )
        finite = np.isfinite(array)
        if not finite.all():
            column = int(np.argwhere(~finite)[0, -1])
            raise ValueError(
                f"{name} has {np.count_nonzero(~finite)} missing or infinite values, the first in "
                f"column {column}: fill them or drop the rows."
            )
        return array


def _as_float(values: ArrayLike, name: str) -> Array:
    """Return values as float64 in C order, so that memory layout does not show in the results."""
    try:
        return np.asarray(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers only: {error}.") from error


def _check_target(values: ArrayLike, n_rows: int, name: str) -> Array:
    """Return a finite float64 vector of `n_rows` values, or say what is wrong."""
    array = _as_float(values, name)
    if array.shape != (n_rows,):
        raise ValueError(f"{name} must have the shape ({n_rows},), got {array.shape}.")
    n_bad = int(np.count_nonzero(~np.isfinite(array)))
    if n_bad:
        raise ValueError(f"{name} has {n_bad} missing or infinite values.")
    return array
