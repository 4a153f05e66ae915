"""The class of the method: `fit` remembers the data, `transform` refines them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn
from tqdm import tqdm

from denograd.checks import check_count
from denograd.history import History
from denograd.inputs import Inputs, read_inputs
from denograd.refinement.criterion import Criterion
from denograd.refinement.model import as_device, frozen, model_dtype
from denograd.refinement.predictor import Layout, Predictor, window_layouts
from denograd.refinement.problem import Problem, what_moves
from denograd.refinement.rehearsal import SAMPLES, rehearse
from denograd.refinement.windows import Windows
from denograd.rules import RuleLike, make_rule, rule_class

_MANY_BYTES = 10**9
"""Saved gradients above this size are announced by a warning."""


class DenoGrad:
    """Refine noisy data with the gradients of a trained network.

    The weights are frozen and the loss is propagated back into the data: inputs and targets move
    until the network agrees with them up to a threshold, and rest there.

    Parameters
    ----------
    model : nn.Module
        A trained network. It maps rows (batch, features) or windows (batch, time, channels) to
        (batch, targets) or (batch,), and each to its own prediction: one whose rows are context for
        each other says so by an attribute ``rows_are_independent = False`` and is given all rows
        at once. Copies that share its weights do the work, so that it stays as it is.
    criterion : callable
        Regression loss ``criterion(prediction, target)`` of any reduction.
    device : torch.device or str, optional
        Where to compute. Default: CUDA where there is one.
    rule : {"normalized", "gauss-newton", "global", "calibrated"}, Rule or mapping
        The step rule: its name, or an instance such as ``GaussNewton(eta_y=0.1)`` that has all its
        arguments, so that `transform` takes none; see `denograd.rules`.

    Attributes
    ----------
    history_ : History
        Loss, share of gated samples and mean step per epoch of the last `transform`;
        ``history_.to_frame()`` is a DataFrame.
    snapshots_ : dict of int to tuple
        X and y of the last `transform` after those epochs that its argument `snapshots` named.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from torch import nn
    >>> from denograd import DenoGrad
    >>> model = nn.Linear(1, 1)  # the line y = 2x
    >>> _ = nn.init.constant_(model.weight, 2.0), nn.init.zeros_(model.bias)
    >>> X, y = np.array([[1.0], [2.0]]), np.array([2.0, 5.0])
    >>> X_refined, y_refined, _, _ = DenoGrad(model, nn.MSELoss(), "cpu").fit_transform(
    ...     X, y, nrr=0.05, nr_threshold=0.1, max_epochs=20
    ... )
    >>> X_refined.round(2).ravel(), y_refined.round(2)
    (array([1. , 2.4]), array([2. , 4.8]))
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: Callable[[Tensor, Tensor], Tensor],
        device: torch.device | str | None = None,
        *,
        rule: RuleLike = "normalized",
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model has to be a torch.nn.Module, got {type(model).__name__}.")
        if not callable(criterion):
            raise TypeError(f"criterion has to be callable, got {type(criterion).__name__}.")
        rule_class(rule)
        self.model = model
        self.criterion = criterion
        self.device = device
        self.rule = rule

    @torch.inference_mode(False)
    def fit(
        self,
        X: Any,
        y: Any = None,
        is_ts: bool = False,
        window_size: int | None = None,
        future: int = 1,
        stride: int = 1,
        flattening: bool = False,
        *,
        keep_target: bool | None = None,
        target_cols: Any = None,
        channels_first: bool | None = None,
        copy: bool = True,
    ) -> Self:
        """Check and remember the data, and try the model on two samples of them.

        Parameters
        ----------
        X : ndarray, Tensor or DataFrame (of pandas, polars, ...) of shape (n, n_features)
            Rows of a table, or time steps of a series.
        y : ndarray, Tensor, Series or DataFrame of shape (n,) or (n, n_targets)
            Continuous targets; where X is a DataFrame, also the name of their column or a list of
            names.
        is_ts : bool
            Whether X is a series.
        window_size : int, optional
            Time steps in a window; a series needs it.
        future : int
            A window that covers [s, s + window_size) predicts step s + window_size + future - 1.
        stride : int
            Distance between the starts of neighbouring windows.
        flattening : bool
            Hand each window to the model as one vector.
        keep_target : bool, optional
            Whether columns named by `y` stay in X. Default: in a series, not in a table.
        target_cols : int, str or list of them, optional
            Under the rule "global", instead of `y`: columns of X that are the target, each one
            variable with both roles. Names given as `y` mean the same there.
        channels_first : bool, optional
            Hand windows to the model as (batch, channels, time). Default: only if it refuses
            (batch, time, channels).
        copy : bool
            Whether to keep a copy of X and y. Without, arrays and tensors of a floating type are
            kept as they are: half the memory, but they must not change until `transform`.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            For data, arguments or a model that do not fit together.
        """
        rule = rule_class(self.rule)
        if ("series" if is_ts else "tabular") not in rule.domains:
            wanted = "a series: pass is_ts=True" if not is_ts else "a table: pass is_ts=False"
            raise ValueError(f"The rule {rule.name!r} refines {wanted}.")
        inputs = read_inputs(
            X,
            y,
            is_ts=is_ts,
            keep_target=keep_target,
            target_cols=target_cols,
            one_variable=rule.ties_target,
            copy=copy,
        )
        (n_rows, n_columns), n_targets = inputs.X.values.shape, inputs.y.values.shape[1]
        windows: Windows | None = None
        layouts: tuple[Layout, ...] = ("rows",)
        if is_ts:
            windows = Windows.cut(n_rows, window_size, future, stride)
            layouts = window_layouts(n_columns, windows.size, flattening, channels_first)
        else:
            _refuse_window_arguments(window_size, future, stride, flattening, channels_first)
        device = as_device(self.device)
        dtype = model_dtype(self.model) or inputs.X.values.dtype
        criterion = Criterion(self.criterion, n_targets, dtype, device)
        predictors = [
            Predictor(frozen(self.model, device), n_targets, layout) for layout in layouts
        ]
        if predictors[0].rows_are_independent:
            n_rows = SAMPLES if windows is None else windows.size + (SAMPLES - 1) * windows.stride
        x = inputs.X.head(n_rows).tensor(device, dtype, "X")
        samples = x if windows is None else windows.gather(x, slice(0, SAMPLES))
        layout = rehearse(predictors, criterion, samples)
        self._inputs, self._windows, self._layout = inputs, windows, layout
        self._criterion, self._dtype = criterion, dtype
        return self

    @torch.inference_mode(False)
    def transform(
        self,
        nrr: float | None = None,
        nr_threshold: float | None = None,
        max_epochs: int | None = None,
        denoise_y: bool = True,
        batch_size: int = 1000,
        save_gradients: bool = True,
        *,
        refine: str = "both",
        snapshots: Iterable[int] = (),
        progress: bool | None = None,
        **rule_arguments: Any,
    ) -> tuple[Any, Any, list[Any], list[Any]]:
        """Refine the fitted data; every call starts from them again.

        None means the default of the rule; an argument without effect under it is an error, and so
        is any argument of the rule where the rule is an instance.

        Parameters
        ----------
        nrr : float, optional
            Step size η: the length of a step ("normalized", 0.05), or the share of the distance
            to the model's surface closed per epoch ("gauss-newton", 0.5).
        nr_threshold : float, optional
            Gate τ: samples whose residuals are all within it rest (0.01). With 0 there is no gate:
            a sample moves in every epoch, whatever its loss.
        max_epochs : int, optional
            Epochs at most (100; "global" 300). It stops earlier when no row moves any more.
        denoise_y : bool
            Whether targets move as well; False is short for ``refine="X"``.
        batch_size : int
            Rows or windows that the model sees at once, at most (fewer rows of a small table, so
            that memory stays in proportion to it); results do not depend on it.
        save_gradients : bool
            Whether to return the directions applied.
        refine : {"both", "X", "y"}
            What moves. Directions are normalised before what is held fixed is left out. A target
            that is a column of X under the rule "global" belongs to y.
        snapshots : iterable of int
            Epochs after which a copy of the refined data is kept in `snapshots_`, bit for bit what
            a run with that `max_epochs` returns; none may be above `max_epochs`.
        progress : bool, optional
            Whether to show a progress bar. Default: on a terminal only.
        **rule_arguments
            ``normalization`` ("joint"): under "normalized", whether the gradient is divided by one
            norm, as published, or those of X and of y ("separate") each by its own;
            ``consensus`` ("mean"): in a series under "normalized" and "gauss-newton", whether a
            time step moves by the mean of the windows that cover it, as published, by their "sum",
            or by the "last" of them alone, that which starts latest. Under "gauss-newton" windows
            at rest do not count in either;
            ``eta_x, eta_y`` (1, 1): factors of the two blocks under "gauss-newton";
            ``lam, lr, tol`` (1.0, 0.05, 1e-7): weight of the distance to the observed values,
            learning rate and smallest change of the objective under "global";
            ``noise``, and ``prediction_error`` or ``X_val`` and ``y_val``: how noisy the data are
            and how far the model errs, which "calibrated" has to be told.

        Returns
        -------
        X_denoised, y_denoised
            In the containers of X and y, with their index, names and floating types (integers
            become floats). Values that did not move are bit-identical.
        grad_x_list, grad_y_list : list
            One array (a tensor for data that are one) per epoch: the direction applied, gated,
            normalised and averaged, a row per sample or time step; the data moved by minus the
            step size times it. Empty with ``save_gradients=False``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        TypeError, ValueError
            For arguments that are wrong or without effect.
        FloatingPointError
            When predictions or gradients become NaN or infinite.
        """
        if not hasattr(self, "_inputs"):
            # scikit-learn takes longer to import than all of this package; only an error needs it.
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("This DenoGrad is not fitted yet: call fit(X, y) first.")
        given = {
            "nrr": nrr,
            "nr_threshold": nr_threshold,
            "max_epochs": max_epochs,
            **rule_arguments,
        }
        rule = make_rule(self.rule, "tabular" if self._windows is None else "series", **given)
        check_count("batch_size", batch_size)
        wanted = _checked_snapshots(snapshots, rule.max_epochs)
        moves_x, moves_y = what_moves(refine, denoise_y)
        inputs, device = self._inputs, as_device(self.device)
        if save_gradients:
            self._warn_of_many_bytes(rule.max_epochs)
        history, directions_x, directions_y = History(), [], []
        taken: dict[int, tuple[Any, Any]] = {}
        problem = Problem(
            predict=Predictor(frozen(self.model, device), inputs.y.values.shape[1], self._layout),
            criterion=self._criterion,
            x=inputs.X.tensor(device, self._dtype, "X"),
            y=inputs.y.tensor(device, self._dtype, "y"),
            windows=self._windows,
            target_columns=inputs.target_columns,
            denoise_x=moves_x,
            denoise_y=moves_y,
            batch_size=batch_size,
            keep_directions=save_gradients,
        )
        for step in tqdm(
            rule.refine(problem),
            desc="DenoGrad",
            unit="epoch",
            total=rule.max_epochs,
            disable=None if progress is None else not progress,
        ):
            history.append(step.epoch)
            if len(history) in wanted:
                taken[len(history)] = _restored(inputs, problem)
            if save_gradients:
                directions_x.append(inputs.X.direction(step.x))
                directions_y.append(inputs.y.direction(step.y))
        # Where nothing moves any more, later epochs are like the last one.
        taken |= {epoch: _restored(inputs, problem) for epoch in wanted - taken.keys()}
        self.history_, self.snapshots_ = history, dict(sorted(taken.items()))
        history.warn_if_oscillating()
        return (
            inputs.X.restore(problem.x),
            inputs.y.restore(problem.target),
            directions_x,
            directions_y,
        )

    def fit_transform(
        self,
        X: Any,
        y: Any = None,
        is_ts: bool = False,
        window_size: int | None = None,
        future: int = 1,
        stride: int = 1,
        flattening: bool = False,
        *,
        keep_target: bool | None = None,
        target_cols: Any = None,
        channels_first: bool | None = None,
        copy: bool = False,
        nrr: float | None = None,
        nr_threshold: float | None = None,
        max_epochs: int | None = None,
        denoise_y: bool = True,
        batch_size: int = 1000,
        save_gradients: bool = True,
        refine: str = "both",
        snapshots: Iterable[int] = (),
        progress: bool | None = None,
        **rule_arguments: Any,
    ) -> tuple[Any, Any, list[Any], list[Any]]:
        """Call `fit`, then `transform`, with the arguments of both.

        The data are not copied unless ``copy=True`` says so: a later `transform` starts from the
        caller's X and y as they are then.
        """
        self.fit(
            X,
            y,
            is_ts,
            window_size,
            future,
            stride,
            flattening,
            keep_target=keep_target,
            target_cols=target_cols,
            channels_first=channels_first,
            copy=copy,
        )
        return self.transform(
            nrr,
            nr_threshold,
            max_epochs,
            denoise_y,
            batch_size,
            save_gradients,
            refine=refine,
            snapshots=snapshots,
            progress=progress,
            **rule_arguments,
        )

    def _warn_of_many_bytes(self, max_epochs: int) -> None:
        n_values = self._inputs.X.values.numel() + self._inputs.y.values.numel()
        n_bytes = max_epochs * n_values * self._dtype.itemsize
        if n_bytes > _MANY_BYTES:
            warnings.warn(
                f"Saving the gradients of {max_epochs} epochs takes up to {n_bytes / 1e9:.1f} GB; "
                "save_gradients=False takes none.",
                UserWarning,
                stacklevel=3,
            )


def _checked_snapshots(snapshots: Iterable[int], max_epochs: int) -> set[int]:
    """Epochs to keep the data of, or an error that names the one out of range."""
    wanted = list(snapshots)
    for epoch in wanted:
        check_count("each of snapshots", epoch)
        if epoch > max_epochs:
            raise ValueError(f"snapshots asks for epoch {epoch}, above max_epochs={max_epochs}.")
    return set(map(int, wanted))


def _restored(inputs: Inputs, problem: Problem) -> tuple[Any, Any]:
    """A copy of the data as they stand, in the caller's containers."""
    return inputs.X.restore(problem.x.clone()), inputs.y.restore(problem.target.clone())


def _refuse_window_arguments(
    window_size: int | None,
    future: int,
    stride: int,
    flattening: bool,
    channels_first: bool | None,
) -> None:
    """Refuse windows without a series."""
    given = {
        "window_size": window_size is not None,
        "future": future != 1,
        "stride": stride != 1,
        "flattening": flattening,
        "channels_first": channels_first is not None,
    }
    idle = [name for name, is_given in given.items() if is_given]
    if idle:
        raise ValueError(f"{', '.join(idle)} has an effect on a series only: pass is_ts=True.")
