"""One step, as long as the noise dictates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from denograd.arrays import as_matrix, as_vector
from denograd.blocks import read_block
from denograd.calibration.levels import Noise, NoiseLevels, read_levels
from denograd.calibration.mixture import Mixture, precision
from denograd.checks import check_choice, check_number, check_same_columns, check_same_rows
from denograd.refinement.consensus import CONSENSUS
from denograd.refinement.gradients import SampleGradient
from denograd.refinement.loops import series_epochs, table_epochs
from denograd.refinement.problem import Problem, Step, take
from denograd.refinement.windows import Windows
from denograd.rules.base import Rule


@dataclass(frozen=True, kw_only=True)
class Calibrated(Rule):
    """One pass of Tweedie's formula: y + σ_y²·q·r and x − σ_x²·q·r·∂f/∂x, with r = f(x) − y.

    With independent normal noise the best guess of a clean value is z + σ²·∂ log p(z)/∂z (H.
    Robbins, Berkeley Symposium 1956; B. Efron, Journal of the American Statistical Association
    106, 2011). Here p is what the model says of y, and q the inverse variance of a residual, a
    mixture of two normal ones: far residuals are the model's fault and move less. There is no
    step size and no gate. What the model has learnt by heart it errs less in than it should: its
    error has to come from rows that it was not trained on, as noisy as the data.

    Parameters
    ----------
    noise : float, pair, array or mapping
        Standard deviation of the noise. A number is a share of each column's own, that of the
        target included; the others are in the data's units, as `denograd.CalibratedDenoiser` takes
        them; a mapping names columns of X by their position. Required.
    prediction_error : float, optional
        Mean squared error of the model, in squared units of the target.
    X_val, y_val : array, Tensor or DataFrame, optional
        Rows, or a series, to find that error on.
    consensus : {"mean", "sum", "last"}
        Of the windows that cover a time step.
    max_epochs : int
        Without effect: there is one pass.

    Notes
    -----
    The target is one column. S², the expected square of a residual, is σ_y² + Σ σ_k²·(∂f/∂x_k)²,
    which is what the noise makes of it where the model is a plane, and what of the model's mean
    squared error the mean of that leaves over: rows where the model is steep err more.
    """

    name: ClassVar[str] = "calibrated"
    series_arguments: ClassVar[frozenset[str]] = frozenset({"consensus"})

    max_epochs: int = 1
    noise: Noise | None = None
    prediction_error: float | None = None
    X_val: Any = field(default=None, compare=False)
    y_val: Any = field(default=None, compare=False)
    consensus: str = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("consensus", self.consensus, CONSENSUS)
        if self.prediction_error is not None:
            check_number("prediction_error", self.prediction_error)
        if (self.X_val is None) != (self.y_val is None):
            raise ValueError("X_val and y_val belong together: pass both or none.")
        if self.prediction_error is not None and self.X_val is not None:
            raise ValueError("Pass prediction_error, or X_val and y_val to find it on, not both.")

    def scaled(self, scaling: Any) -> Self:
        """See `Rule`: a share stays what it is; levels, error and other rows are in units."""
        changes: dict[str, Any] = {}
        n_columns = len(scaling.x_scale)
        is_share = np.isscalar(self.noise) or getattr(self.noise, "ndim", 1) == 0
        if self.noise is not None and not is_share:
            levels = read_levels(self.noise, np.empty((1, n_columns)), np.empty(1))
            changes["noise"] = levels.X / scaling.x_scale, levels.y / scaling.y_scale
        if self.prediction_error is not None:
            changes["prediction_error"] = self.prediction_error / scaling.y_scale**2
        if self.X_val is not None:
            X, y = as_matrix(self.X_val, "X_val"), as_vector(self.y_val, "y_val")
            check_same_columns(
                X.shape[1], None, n_columns, None, name="X_val", owner=f"the rule {self.name!r}"
            )
            changes |= {"X_val": scaling.inputs(X), "y_val": scaling.targets(y)}
        return replace(self, **changes)

    def refine(self, problem: Problem) -> Iterator[Step]:
        """Take the one step.

        Raises
        ------
        ValueError
            Without the noise or the model's error, and for several targets.
        """
        if self.noise is None:
            raise ValueError(
                "The rule 'calibrated' needs noise=, the standard deviation of the noise: a share "
                "of each column's own, such as 0.1, or a pair (X, y) in the data's units."
            )
        if self.prediction_error is None and self.X_val is None:
            raise ValueError(
                "The rule 'calibrated' needs the model's mean squared error on rows that it was "
                "not trained on: pass prediction_error=, or such rows as X_val= and y_val=."
            )
        if problem.y.shape[1] != 1:
            raise ValueError(
                f"The rule 'calibrated' refines one target, got {problem.y.shape[1]} columns."
            )
        X, y = _array(problem.x), _array(problem.y)[:, 0]
        step = self._step(problem, read_levels(self.noise, X, y))
        epochs = table_epochs if problem.windows is None else series_epochs
        yield from islice(epochs(problem, step), 1)

    def _step(self, problem: Problem, noise: NoiseLevels) -> _Step:
        """The step, with its two mixtures fitted to the residuals of all samples."""
        error = self.prediction_error
        if error is None:
            error = float(np.mean(_residuals(_other(problem, self.X_val, self.y_val)) ** 2))
        n_inputs = 1 if problem.windows is None else problem.windows.size
        variance_x = torch.from_numpy(np.tile(noise.X**2, n_inputs)).to(problem.x)
        step = _Step(variance_x, noise.y**2, self.consensus)
        parts = []
        for x, y in _samples(problem):
            gradient = problem.gradient(x, y)
            parts.append((_array(gradient.residual)[:, 0], step.variance(gradient)))
        r, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
        own = max(0.0, float(error) - float(np.mean(variance)))
        mixture = Mixture.fit(r / np.sqrt(np.maximum(variance + own, 1e-300)))
        return replace(step, own=own, mixture=mixture)


@dataclass(frozen=True)
class _Step:
    """What the loops ask of a rule, for one pass.

    Attributes
    ----------
    variance_x : Tensor of shape (n_inputs,)
        σ² of each input of a sample.
    variance_y : float
        σ² of the target.
    own : float
        What is left of the model's mean squared error without the noise.
    mixture : Mixture
        Of the scaled residuals.
    """

    variance_x: Tensor
    variance_y: float
    consensus: str
    own: float = 0.0
    mixture: Mixture | None = None
    nrr: ClassVar[float] = 1.0
    nr_threshold: ClassVar[float] = 0.0
    gated_windows_count: ClassVar[bool] = True

    def variance(self, gradient: SampleGradient) -> np.ndarray:
        """S² of samples: what the noise makes of a squared residual, and the model's own part."""
        return self.own + self.variance_y + _array((_slope(gradient) ** 2) @ self.variance_x)

    def direction(self, gradient: SampleGradient) -> tuple[Tensor, Tensor]:
        """σ_x²·q·r·J and −σ_y²·q·r: what the data move by, with the sign turned."""
        r = _array(gradient.residual)[:, 0]
        q = precision(r, self.variance(gradient), self.variance_y, self.mixture)
        pull = torch.from_numpy(q * r).to(gradient.y)[:, None]
        return self.variance_x * _slope(gradient) * pull, -self.variance_y * pull


def _slope(gradient: SampleGradient) -> Tensor:
    """∂f/∂x of each sample, of whatever loss of f(x) − y; 0 where the loss is level."""
    return torch.where(gradient.y != 0.0, -gradient.x / gradient.y, 0.0)


def _samples(problem: Problem) -> Iterator[tuple[Tensor, Tensor]]:
    """All rows, or windows with their targets, in chunks."""
    windows = problem.windows
    for chunk in problem.chunks(len(problem.x) if windows is None else len(windows)):
        if windows is None:
            yield take(problem.x, chunk), take(problem.y, chunk)
        else:
            targets = windows.targets(chunk, problem.x.device)
            yield windows.gather(problem.x, chunk), problem.y[targets]


def _residuals(problem: Problem) -> np.ndarray:
    return np.concatenate([_array(problem.residual(x, y)) for x, y in _samples(problem)])


def _other(problem: Problem, X: Any, y: Any) -> Problem:
    """The same problem with other rows, or another series."""
    inputs, targets = read_block(X, "X_val"), read_block(y, "y_val", target=True)
    check_same_rows(len(inputs.values), len(targets.values), "X_val", "y_val")
    for values, own, name in (
        (inputs.values, problem.x, "X_val"),
        (targets.values, problem.y, "y_val"),
    ):
        if values.shape[1] != own.shape[1]:
            raise ValueError(f"{name} has {values.shape[1]} columns, the data have {own.shape[1]}.")
    x = inputs.tensor(problem.x.device, problem.x.dtype, "X_val")
    windows = problem.windows
    if windows is not None:
        windows = Windows.cut(len(x), windows.size, windows.future, windows.stride)
    y = targets.tensor(problem.y.device, problem.y.dtype, "y_val")
    return replace(problem, x=x, y=y, windows=windows)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.double().cpu().numpy()
