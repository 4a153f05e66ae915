"""What every downstream regressor of the benchmark has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from denograd.arrays import as_matrix, as_vector
from denograd.base import DescribesData

Array = NDArray[np.float64]


class BaseRegressor(RegressorMixin, BaseEstimator, ABC):
    """A model that is trained on refined data and scored by the benchmark.

    A concrete regressor stores its constructor arguments, names itself with the class attributes
    below and implements `_fit` and `_predict` on float64 arrays that have been checked and are its
    own copies. Constructor parameters with the names `domain`, `window_size`,
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
    costly : bool
        Whether a fit takes so long that controls are scored by it only where that is asked for.
    revision : int
        Raised whenever the predictions change.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular", "series"})
    inputs: ClassVar[Literal["flat", "sequence"]] = "flat"
    method: ClassVar[str]
    needs_validation: ClassVar[bool] = False
    costly: ClassVar[bool] = False
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
        TypeError
            If something does not hold numbers.
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
            X_stop = self._check_inputs(X_val, "X_val", X_train.shape[1:])
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
            If the shape of X differs from that seen in `fit`, values are missing or infinite, or
            there is not one prediction per row.
        """
        check_is_fitted(self, "input_shape_")
        checked = self._check_inputs(X, "X", self.input_shape_)
        n_rows = len(checked)
        predicted = np.asarray(self._predict(checked))
        if predicted.dtype.kind not in "fiu":
            raise TypeError(
                f"{type(self).__name__} must predict numbers, not {predicted.dtype} "
                f"of shape {predicted.shape}"
            )
        if predicted.shape not in ((n_rows,), (n_rows, 1)):
            raise ValueError(
                f"{type(self).__name__} must predict one value per row, shape ({n_rows},), "
                f"not {predicted.shape}"
            )
        return predicted.astype(np.float64).reshape(n_rows)

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Say why a dataset is left out.

        Parameters
        ----------
        dataset : object with attributes `name` and `domain`
            The dataset in question.

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
        self, values: ArrayLike, name: str, row: tuple[int, ...] | None = None
    ) -> Array:
        """Return inputs as a float64 copy of the layout that `inputs` names, or say what is wrong.

        The copy is in C order, so that the caller's memory layout does not show in the results.
        """
        if self.inputs == "flat":
            array = np.ascontiguousarray(as_matrix(values, name))
        else:
            windows = np.asarray(values)
            if windows.ndim != 3:
                raise ValueError(
                    f"{name} must have the shape (windows, time steps, channels) for "
                    f"{type(self).__name__}, got {windows.shape}."
                )
            steps = as_matrix(windows.reshape(-1, windows.shape[2]), name)
            array = np.ascontiguousarray(steps).reshape(windows.shape)
        if row is not None and array.shape[1:] != row:
            raise ValueError(
                f"Each row of {name} has the shape {array.shape[1:]}, "
                f"{type(self).__name__} is fitted on {row}."
            )
        return array


def _check_target(values: ArrayLike, n_rows: int, name: str) -> Array:
    """Return a target as a float64 copy, or say what is wrong."""
    array = as_vector(values, name)
    if len(array) != n_rows:
        raise ValueError(f"{name} must have the shape ({n_rows},), got {array.shape}.")
    return array
