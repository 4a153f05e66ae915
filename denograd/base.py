"""What every denoiser has in common: the interface, its checks and its containers."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from denograd.arrays import as_matrix, as_vector
from denograd.checks import (
    check_enough_rows,
    check_finite,
    check_layout,
    check_same_columns,
    check_same_rows,
    check_target_column,
)
from denograd.containers import column_labels, container_of, string_columns

ArrayOrFrame: TypeAlias = np.ndarray | pd.DataFrame
ArrayOrSeries: TypeAlias = np.ndarray | pd.Series
Domain: TypeAlias = Literal["tabular", "series"]


class DescribesData(Protocol):
    """What a denoiser needs to know of a dataset before it accepts it."""

    name: str
    domain: str


class BaseDenoiser(BaseEstimator, ABC):
    """Base class of everything that takes (X, y) and returns refined (X', y').

    A subclass stores its constructor's arguments and implements `_fit` and `_denoise` on float64
    arrays that are its own copies; checking the input and giving results back in the caller's
    container and dtype happen here. There is no `transform` method, because a denoiser changes
    the target too: `imblearn.pipeline.Pipeline` calls `fit_resample`, on training rows only.

    A table is X of shape (rows, columns) without the target and y of shape (rows,). A series is X
    of shape (time steps, channels) in time order with the target as channel 0, and y equal to
    that channel. Arrays, tensors and the frames of pandas, polars and other libraries that narwhals
    reads come back as what they were.

    Attributes
    ----------
    domains : frozenset of str
        Kinds of data the method accepts: "tabular", "series".
    method : str
        Name from which its seeds are derived; variants of one method share it.
    kind : {"method", "control"}
        A control has no skill by construction: it is shown in tables and never ranked.
    uses_target : bool
        Whether inputs and target are refined with the help of each other.
    uses_row_order : bool
        Whether results on a table depend on the order of its rows.
    column_wise : bool
        Whether each column is refined from its own values alone.
    causal : bool
        Whether a refined row depends on no later row.
    fits_on : {"train", "all"}
        Rows from which the method learned in its publication.
    min_rows : int
        Rows `fit` needs at least.
    revision : int
        Raised when results change.
    n_features_in_ : int
        Columns of X seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X is a DataFrame whose column names are strings.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular", "series"})
    method: ClassVar[str]
    kind: ClassVar[Literal["method", "control"]] = "method"
    uses_target: ClassVar[bool]
    uses_row_order: ClassVar[bool]
    column_wise: ClassVar[bool]
    causal: ClassVar[bool]
    fits_on: ClassVar[Literal["train", "all"]] = "train"
    min_rows: ClassVar[int] = 1
    revision: ClassVar[int] = 1

    @abstractmethod
    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        """Learn from checked rows."""

    @abstractmethod
    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return refined copies of checked rows; the arguments may be overwritten."""

    def fit(
        self,
        X: ArrayOrFrame,
        y: ArrayOrSeries,
        X_val: ArrayOrFrame | None = None,
        y_val: ArrayOrSeries | None = None,
    ) -> Self:
        """Learn from these rows only.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_columns)
            Noisy inputs; never modified.
        y : ndarray or Series of shape (n_rows,)
            Noisy continuous target; never modified.
        X_val, y_val : like X and y, optional
            Rows for early stopping. Methods that stop early take a part of X and y when these are
            not given; the others ignore them.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            For input that cannot be refined: the message names the column, row count or shape.
        """
        matrix, vector = self._checked(X, y)
        check_enough_rows(matrix.shape[0], self.min_rows, type(self).__name__)
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val go together, but {missing} is missing")
        matrix_val = vector_val = None
        self._remember_columns(X, matrix.shape[1])
        if X_val is not None:
            matrix_val, vector_val = self._checked(X_val, y_val, "X_val", "y_val", fitted=True)
        self._fit(matrix, vector, matrix_val, vector_val)
        return self

    def denoise(self, X: ArrayOrFrame, y: ArrayOrSeries) -> tuple[ArrayOrFrame, ArrayOrSeries]:
        """Return refined rows: the same number and order, dtype (integers widen) and container.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_columns)
            Noisy inputs with the columns seen in `fit`; never modified.
        y : ndarray or Series of shape (n_rows,)
            Noisy target; never modified.

        Returns
        -------
        X_refined, y_refined
            Finite values, in the containers of X and y.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        TypeError, ValueError
            For input that cannot be refined.
        """
        check_is_fitted(self)
        matrix, vector = self._checked(X, y, fitted=True)
        shapes = matrix.shape, vector.shape
        refined: Any = self._denoise(matrix, vector)
        if not (isinstance(refined, tuple) and len(refined) == 2):
            found = type(refined).__name__
            raise TypeError(f"{type(self).__name__} must return refined (X, y), not {found}")
        for part, shape, what in zip(refined, shapes, ("table", "target"), strict=True):
            check_layout(part, shape, f"the refined {what} of {type(self).__name__}")
        return self._handed_back(*refined, X, y)

    def fit_resample(self, X: ArrayOrFrame, y: ArrayOrSeries) -> tuple[ArrayOrFrame, ArrayOrSeries]:
        """Learn from these rows and return them refined; called by imbalanced-learn's Pipeline."""
        return self.fit(X, y).denoise(X, y)

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None when the method accepts this dataset, else a sentence that says why not."""
        if dataset.domain in self.domains:
            return None
        accepted = " and ".join(sorted(self.domains))
        return f"{type(self).__name__} is for {accepted} data; {dataset.name} is {dataset.domain}."

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _checked(
        self, X: Any, y: Any, x_name: str = "X", y_name: str = "y", *, fitted: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        matrix, vector = as_matrix(X, x_name), as_vector(y, y_name)
        check_same_rows(len(matrix), len(vector), x_name, y_name)
        if fitted:
            check_same_columns(
                matrix.shape[1],
                string_columns(X),
                self.n_features_in_,
                getattr(self, "feature_names_in_", None),
                name=x_name,
                owner=type(self).__name__,
            )
        if getattr(self, "domain", None) == "series":
            check_target_column(matrix[:, 0], vector, x_name, y_name)
        return matrix, vector

    def _handed_back(
        self, refined_X: np.ndarray, refined_y: np.ndarray, X: ArrayOrFrame, y: ArrayOrSeries
    ) -> tuple[ArrayOrFrame, ArrayOrSeries]:
        name = f"the refined table of {type(self).__name__}"
        check_finite(refined_X, name, column_labels(X, refined_X.shape[1]))
        check_finite(refined_y, f"the refined target of {type(self).__name__}")
        return container_of(X)(refined_X), container_of(y)(refined_y)

    def _remember_columns(self, X: Any, n_columns: int) -> None:
        self.n_features_in_ = n_columns
        names = string_columns(X)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_


def replace_target(
    X: np.ndarray, target: np.ndarray, domain: Domain
) -> tuple[np.ndarray, np.ndarray]:
    """Return X and a new target; in a series channel 0 is the target and is replaced as well.

    X is overwritten.
    """
    if domain == "series":
        X[:, 0] = target
    return X, target
