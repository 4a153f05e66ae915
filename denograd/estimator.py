"""DenoGrad as a scikit-learn estimator: trains its backbone, then refines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from torch import nn

from denograd.backbone_denoiser import BackboneDenoiser
from denograd.base import ArrayOrFrame, ArrayOrSeries, Domain
from denograd.checks import check_count
from denograd.denoiser import DenoGrad
from denograd.history import History
from denograd.published import STEPS
from denograd.refinement.problem import what_moves
from denograd.rules import Normalized, Rule, given_arguments, make_rule, rule_class
from denograd.training.backbone import FittedBackbone, digest


class DenoGradDenoiser(BackboneDenoiser):
    """Train a network on the rows, then move the rows towards what it predicts.

    Parameters
    ----------
    backbone : str, nn.Module or callable, default "auto"
        Name of a network of `denograd.networks`, a torch module (a copy of it is trained; with
        `backbone_epochs=0` it is used as it is), or a callable that builds one from
        (n_features, n_targets, window). "auto" is an MLP for tables, an LSTM for series. Modules
        map (rows, columns), for a series (windows, steps, channels), to (rows, 1).
    rule : {"normalized", "gauss-newton", "global", "calibrated"}, mapping or Rule
        Step rule, see `denograd.rules`; "global" is for series. Its further arguments go with it:
        ``GaussNewton(eta_y=0.1)``, which is complete in itself, or, as YAML can say it,
        ``{"name": "gauss-newton", "eta_y": 0.1}``.
    nrr, nr_threshold, max_epochs : float, float, int, optional
        Step size, gate and number of refinement iterations. None stands for the published numbers
        (`denograd.published`) under "normalized", for the rule's own default under the others.
        A gate of 0 is none: every sample moves in every iteration. With an instance of a rule,
        which has its own, they are an error.
    refine : {"both", "X", "y"}
        What is refined.
    batch_size : int, optional
        Rows (default 1024) or windows (512) whose gradients are taken at once.
    standardize : bool
        Refine standardised values, so that steps and gate are in units of standard deviations
        of the rows given to `fit`. Results, and what the rule "calibrated" takes, are in the
        caller's units either way.
    cv : int, optional
        With k, `fit_resample` refines each of k folds by a backbone that has not seen it: random
        folds of a table, contiguous folds of a series with a gap of one window on both sides.
        `fit_resample` then also trains a backbone on all rows, for `denoise` of new ones.
    backbone_epochs, patience, learning_rate : int, int, float
        Training stops after `backbone_epochs`, or earlier after `patience` epochs without a lower
        validation loss; the best weights are kept. Adam's learning rate.
    early_stopping : bool
        With False training runs for all `backbone_epochs`, whatever `patience` says, and the last
        weights are kept; the validation rows are set aside all the same.
    backbone_width : float
        Factor of the widths of all layers of a named network, rounded; a network with attention
        heads needs widths that they divide.
    backbone_batch_size : int, optional
        Rows (default 128) or windows (64) of a training step.
    validation_fraction : float
        Share of the rows that early stopping takes when `fit` gets no validation rows: random
        rows of a table, the last part of a series.
    domain : {"tabular", "series"}
        Rows that stand for themselves, or a series in time order with its target as channel 0.
    window_size, horizon : int
        Of a series: steps the network sees, and how many steps after the last one it predicts.
    device : str, optional
        None takes CUDA if there is one.
    random_state : int, optional
        Makes results repeatable.
    progress : bool
        Show progress bars on a terminal.

    Attributes
    ----------
    history_ : History
        What happened in each epoch of `fit_resample`; with `cv`, of the last fold. `denoise` alone
        leaves none.
    skill_ : Skill or None
        How well the backbone predicts the rows that were held back, `skill_.r2` among others; see
        `BackboneDenoiser` for the other attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from denograd.estimator import DenoGradDenoiser
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = X @ [1.0, 2.0, 3.0] + rng.normal(size=200)
    >>> X_refined, y_refined = DenoGradDenoiser(random_state=0).fit_resample(X, y)
    >>> X_refined.shape, y_refined.shape
    ((200, 3), (200,))
    """

    neutral: ClassVar[Mapping[str, Any]] = {
        "refine": "both",
        "backbone_width": 1.0,
        "early_stopping": True,
    }

    def __init__(
        self,
        backbone: str | nn.Module | Callable[..., nn.Module] = "auto",
        rule: str | dict[str, Any] | Rule = "normalized",
        nrr: float | None = None,
        nr_threshold: float | None = None,
        max_epochs: int | None = None,
        refine: Literal["both", "X", "y"] = "both",
        batch_size: int | None = None,
        standardize: bool = True,
        cv: int | None = None,
        backbone_epochs: int = 100,
        patience: int = 15,
        learning_rate: float = 1e-3,
        backbone_batch_size: int | None = None,
        validation_fraction: float = 0.125,
        backbone_width: float = 1.0,
        early_stopping: bool = True,
        domain: Domain = "tabular",
        window_size: int = 24,
        horizon: int = 1,
        device: str | None = None,
        random_state: int | None = None,
        progress: bool = False,
    ) -> None:
        self.backbone = backbone
        self.rule = rule
        self.nrr = nrr
        self.nr_threshold = nr_threshold
        self.max_epochs = max_epochs
        self.refine = refine
        self.batch_size = batch_size
        self.standardize = standardize
        self.cv = cv
        self.backbone_epochs = backbone_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.backbone_batch_size = backbone_batch_size
        self.validation_fraction = validation_fraction
        self.backbone_width = backbone_width
        self.early_stopping = early_stopping
        self.domain = domain
        self.window_size = window_size
        self.horizon = horizon
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def fit_resample(self, X: ArrayOrFrame, y: ArrayOrSeries) -> tuple[ArrayOrFrame, ArrayOrSeries]:
        """Learn from these rows and return them refined, cross-fitted when `cv` is given.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_rows, n_columns)
            Noisy inputs; never modified.
        y : ndarray or Series of shape (n_rows,)
            Noisy target; never modified.

        Returns
        -------
        X_refined, y_refined
            The same rows in the containers of X and y.
        """
        self.fit(X, y)
        matrix, vector = self._checked(X, y)
        run = self._cross_fit if self.cv is not None else partial(self._refine, self.backbone_)
        refined_X, refined_y, self.history_ = run(matrix, vector)
        return self._handed_back(refined_X, refined_y, X, y)

    def check_config(self) -> None:
        """Refuse parameters that are wrong whatever the data are.

        Raises
        ------
        TypeError, ValueError
            With the name of the parameter, and what it may be.
        """
        super().check_config()
        self._made_rule()
        what_moves(self.refine)
        if self.batch_size is not None:
            check_count("batch_size", self.batch_size)
        if self.cv is not None:
            check_count("cv", self.cv, least=2)

    def _why_not(self, domain: str) -> str | None:
        reason = super()._why_not(domain)
        rule = rule_class(self.rule)
        if reason is None and domain not in rule.domains:
            reason = f"The rule {rule.name!r} does not refine {domain} data"
        idle = given_arguments(self.rule).keys() - set(rule.arguments(domain))
        if reason is None and idle & rule.series_arguments:
            reason = f"{', '.join(sorted(idle))} is for series data"
        return reason

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._refine(self.backbone_, X, y)[:2]

    def _refine(
        self, fitted: FittedBackbone, X: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, History]:
        """Refine with a given backbone, and tell what happened."""
        scaling = fitted.scaling
        inputs, targets = scaling.inputs(X), scaling.targets(y)
        moved_inputs, moved_targets, history = self._moved(fitted, inputs, targets)
        # Adding what has moved, rather than scaling back, leaves rows at rest exactly as they are.
        return (
            X + scaling.x_scale * (moved_inputs - inputs).astype(np.float64),
            y + scaling.y_scale * (moved_targets - targets).astype(np.float64),
            history,
        )

    def _moved(
        self, fitted: FittedBackbone, inputs: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, History]:
        """Move the data, or find them among the snapshots of a run that others share."""
        rule = self._made_rule(self.domain)
        if self._cache is None or not self._epochs:
            taken, history = self._run(rule, fitted, inputs, targets)
            return *taken[rule.max_epochs], history
        setting = (id(fitted), replace(rule, max_epochs=1), self.refine, self.batch_size)
        key = digest(setting, inputs, targets)
        # The backbone is kept beside its snapshots, so that its id is nobody else's.
        _, taken, history = self._cache.get(key, (fitted, {}, History()))
        if rule.max_epochs not in taken:
            numbers = {rule.max_epochs, *self._epochs}
            longest = replace(rule, max_epochs=max(numbers))
            taken, history = self._run(longest, fitted, inputs, targets, numbers)
            self._cache[key] = fitted, taken, history
        return *taken[rule.max_epochs], history[: rule.max_epochs]

    def _run(
        self,
        rule: Rule,
        fitted: FittedBackbone,
        inputs: np.ndarray,
        targets: np.ndarray,
        snapshots: Iterable[int] = (),
    ) -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], History]:
        """Return the data after a whole run and on the way, by epoch, and what happened in each."""
        cut: dict[str, Any] = {}
        if self.domain == "series":
            cut = {"window_size": self.window_size, "future": self.horizon, "channels_first": False}
        rule_in_units = rule.scaled(fitted.scaling)
        denograd = DenoGrad(fitted.network, nn.MSELoss(), self.device, rule=rule_in_units)
        denograd.fit(inputs, targets, is_ts=bool(cut), copy=False, **cut)
        moved_inputs, moved_targets, _, _ = denograd.transform(
            refine=self.refine,
            batch_size=self.batch_size or (512 if cut else 1024),
            save_gradients=False,
            snapshots=snapshots,
            progress=None if self.progress else False,
        )
        ends = {rule.max_epochs: (moved_inputs, moved_targets)}
        return denograd.snapshots_ | ends, denograd.history_

    def _made_rule(self, domain: str | None = None) -> Rule:
        """Return the step rule; what nobody gave is as published, or the rule's own default."""
        given = {name: getattr(self, name) for name in STEPS}
        if rule_class(self.rule) is Normalized and not isinstance(self.rule, Rule):
            inside = given_arguments(self.rule)
            for name, value in STEPS.items():
                if given[name] is None and name not in inside:
                    given[name] = value
        return make_rule(self.rule, domain, **given)

    def _cross_fit(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, History]:
        """Refine each fold by a backbone trained without it; what happened is that of the last."""
        assert self.cv is not None
        refined_X, refined_y = X.copy(), y.copy()
        for fold, unseen, plan in self._plan().folds(len(y), self.cv):
            seen = np.ones(len(y), dtype=bool)
            seen[unseen] = False
            fitted = self._train(plan, X, y, rows=seen)
            part_X, part_y, history = self._refine(fitted, X[unseen], y[unseen])
            own = np.isin(unseen, fold)
            refined_X[fold], refined_y[fold] = part_X[own], part_y[own]
        return refined_X, refined_y, history
