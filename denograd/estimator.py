"""DenoGrad as a scikit-learn estimator: trains its backbone, then refines."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from torch import nn

from denograd.base import BaseDenoiser, DescribesData, Domain, Table, Target
from denograd.denoiser import DenoGrad, what_moves
from denograd.networks import available, network_class
from denograd.rules import make_rule, rule_class
from denograd.rules.base import check_count
from denograd.training.backbone import (
    FittedBackbone,
    TrainingPlan,
    digest,
    scaled_widths,
    train_backbone,
)

_RULE_ARGUMENTS = (
    "nrr", "nr_threshold", "max_epochs", "normalization", "consensus",
    "eta_x", "eta_y", "lam", "lr", "tol",
)  # fmt: skip
_PUBLISHED: dict[str, float] = {"nrr": 0.01, "nr_threshold": 0.1, "max_epochs": 150}
"""The step rule's arguments in the published benchmark."""


class BackboneDenoiser(BaseDenoiser):
    """A denoiser that learns by training a network to predict the target.

    Subclasses take the parameters below and implement `_denoise` with the trained network.
    Two of them with equal settings, data and seed that are given the same `backbone_cache` train
    one network together.

    Attributes
    ----------
    backbone_ : FittedBackbone
        The trained network, its units and its training history.
    training_seconds_ : float
        Seconds spent on training in `fit`.
    reused_seconds_ : float
        Seconds that training of a backbone found in the cache had taken, else 0.
    """

    method = "denograd"
    uses_target = True
    uses_row_order = False
    column_wise = False
    causal = False
    min_rows = 2

    backbone: str | nn.Module | Callable[..., nn.Module]
    standardize: bool
    backbone_epochs: int
    patience: int
    learning_rate: float
    backbone_batch_size: int | None
    validation_fraction: float
    backbone_width: float = 1.0
    early_stopping: bool = True
    domain: Domain
    window_size: int
    horizon: int
    device: str | None
    random_state: int | None
    backbone_cache: dict | None
    progress: bool

    @classmethod
    def modules_by_name(cls, params: Mapping[str, Any]) -> set[str]:
        """The modules that these parameters call by name: part of the source of a result."""
        backbone, rule = params.get("backbone", "auto"), params.get("rule")
        networks = ("mlp", "lstm") if backbone == "auto" else (backbone,)
        named = {f"denograd.networks.{name}" for name in networks if isinstance(name, str)}
        return named if rule is None else named | {rule_class(rule).__module__}

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None when method and backbone accept this dataset, else a sentence."""
        reason = super().why_skip(dataset)
        if reason is None and isinstance(self.backbone, str) and self.backbone != "auto":
            accepted = network_class(self.backbone).domains
            if dataset.domain not in accepted:
                reason = (
                    f"The backbone {self.backbone!r} is for {' and '.join(sorted(accepted))} "
                    f"data; {dataset.name} is {dataset.domain}."
                )
        return reason

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        self.training_seconds_ = self.reused_seconds_ = 0.0
        self.backbone_ = self._train(self._plan(), X, y, X_val, y_val)

    def _train(self, plan: TrainingPlan, *data: Any, **options: Any) -> FittedBackbone:
        fitted, reused = train_backbone(
            plan, *data, cache=self.backbone_cache, progress=self.progress, **options
        )
        if reused:
            self.reused_seconds_ += fitted.seconds
        else:
            self.training_seconds_ += fitted.seconds
        return fitted

    def _plan(self) -> TrainingPlan:
        self._check_parameters()
        series = self.domain == "series"
        name = "lstm" if series else "mlp"
        batch_size = self.backbone_batch_size or (64 if series else 128)
        auto = isinstance(self.backbone, str) and self.backbone == "auto"
        backbone = name if auto else self.backbone
        scaled_widths(backbone, self.backbone_width)
        return TrainingPlan(
            backbone=backbone,
            standardize=self.standardize,
            epochs=self.backbone_epochs,
            patience=self.patience,
            batch_size=batch_size,
            learning_rate=self.learning_rate,
            validation_fraction=self.validation_fraction,
            window=self.window_size if series else None,
            horizon=self.horizon,
            random_state=self.random_state,
            device=self.device,
            width=self.backbone_width,
            early_stopping=self.early_stopping,
        )

    def _check_parameters(self) -> None:
        """Refuse what could only fail, or mislead, after minutes of training."""
        if self.domain not in get_args(Domain):
            raise ValueError(f"domain must be one of {get_args(Domain)}, got {self.domain!r}")
        if isinstance(self.backbone, str) and self.backbone not in ("auto", *available()):
            names = ", ".join(available())
            raise ValueError(f"backbone must be 'auto' or one of {names}, got {self.backbone!r}")
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction must lie between 0 and 1, got {self.validation_fraction}"
            )
        if not 0.0 < self.backbone_width < math.inf:
            raise ValueError(f"backbone_width must be a positive number, got {self.backbone_width}")
        if not self.learning_rate > 0.0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        for name, least in (
            ("backbone_epochs", 0),
            ("patience", 1),
            ("window_size", 1),
            ("horizon", 1),
            ("backbone_batch_size", 1),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")

    def __getstate__(self) -> dict[str, Any]:
        # The cache belongs to the process that fills it, and may hold many networks.
        return {**super().__getstate__(), "backbone_cache": None}


class DenoGradDenoiser(BackboneDenoiser):
    """Train a network on the rows, then move the rows towards what it predicts.

    Parameters
    ----------
    backbone : str, nn.Module or callable, default "auto"
        Name of a network of `denograd.networks`, a torch module (a copy of it is trained; with
        `backbone_epochs=0` it is used as it is), or a callable that builds one from
        (n_features, n_targets, window). "auto" is an MLP for tables, an LSTM for series. Modules
        map (rows, columns), for a series (windows, steps, channels), to (rows, 1).
    rule : {"normalized", "gauss-newton", "global"}
        Step rule, see `denograd.DenoGrad`; "global" is for series.
    nrr, nr_threshold, max_epochs : float, float, int, optional
        Step size, gate and number of refinement iterations. None stands for the published
        0.01, 0.1 and 150 under `normalized`, for the rule's own default under the others.
        A gate of 0 is none: every sample moves in every iteration.
    denoise_y : bool
        Whether the target is refined too; False is short for ``refine="X"``.
    refine : {"both", "X", "y"}
        What is refined.
    batch_size : int, optional
        Rows (default 1024) or windows (512) whose gradients are taken at once.
    standardize : bool
        Refine standardised values, so that steps and gate are in units of standard deviations
        of the rows given to `fit`. Results are in the caller's units either way.
    cv : int, optional
        With k, `fit_resample` refines each of k folds by a backbone that has not seen it: random
        folds of a table, contiguous folds of a series with a gap of one window on both sides.
        `fit_resample` then also trains a backbone on all rows, for `denoise` of new ones.
    normalization : {"joint", "separate"}, optional
        One norm for the gradient, as published, or one for X and one for y ("normalized" alone).
    consensus : {"mean", "sum", "last"}, optional
        What a time step makes of the windows that cover it; the published default is the mean.
        For series, under "normalized" and "gauss-newton"; see `denograd.DenoGrad.transform`.
    eta_x, eta_y, lam, lr, tol : float, optional
        Further arguments of the rule; one that has no effect under it is an error.
    snapshots : list of int, optional
        Numbers of iterations to be had from one run. It goes on to the largest of them, and another
        denoiser with the same `backbone_cache`, data, seed and settings but for `max_epochs` takes
        its own number from there: bit for bit what a run of its own would give, at no time. The
        backbone has to be one that the cache keeps, a named one with a `random_state`.
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
    backbone_cache : dict, optional
        Trained backbones are kept in it and found again by a digest of data, settings and seed.
    progress : bool
        Show progress bars on a terminal.

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
        "normalization": None,
        "consensus": None,
        "backbone_width": 1.0,
        "early_stopping": True,
    }

    def __init__(
        self,
        backbone: str | nn.Module | Callable[..., nn.Module] = "auto",
        rule: str = "normalized",
        nrr: float | None = None,
        nr_threshold: float | None = None,
        max_epochs: int | None = None,
        denoise_y: bool = True,
        batch_size: int | None = None,
        standardize: bool = True,
        cv: int | None = None,
        eta_x: float | None = None,
        eta_y: float | None = None,
        lam: float | None = None,
        lr: float | None = None,
        tol: float | None = None,
        refine: Literal["both", "X", "y"] = "both",
        normalization: Literal["joint", "separate"] | None = None,
        consensus: Literal["mean", "sum", "last"] | None = None,
        backbone_width: float = 1.0,
        early_stopping: bool = True,
        snapshots: list[int] | None = None,
        backbone_epochs: int = 100,
        patience: int = 15,
        learning_rate: float = 1e-3,
        backbone_batch_size: int | None = None,
        validation_fraction: float = 0.125,
        domain: Domain = "tabular",
        window_size: int = 24,
        horizon: int = 1,
        device: str | None = None,
        random_state: int | None = None,
        backbone_cache: dict | None = None,
        progress: bool = False,
    ) -> None:
        self.backbone = backbone
        self.rule = rule
        self.nrr = nrr
        self.nr_threshold = nr_threshold
        self.max_epochs = max_epochs
        self.denoise_y = denoise_y
        self.batch_size = batch_size
        self.standardize = standardize
        self.cv = cv
        self.eta_x = eta_x
        self.eta_y = eta_y
        self.lam = lam
        self.lr = lr
        self.tol = tol
        self.refine = refine
        self.normalization = normalization
        self.consensus = consensus
        self.backbone_width = backbone_width
        self.early_stopping = early_stopping
        self.snapshots = snapshots
        self.backbone_epochs = backbone_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.backbone_batch_size = backbone_batch_size
        self.validation_fraction = validation_fraction
        self.domain = domain
        self.window_size = window_size
        self.horizon = horizon
        self.device = device
        self.random_state = random_state
        self.backbone_cache = backbone_cache
        self.progress = progress

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None when method, backbone and rule accept this dataset, else a sentence."""
        reason = super().why_skip(dataset)
        if reason is None and _rule_domain(dataset.domain) not in rule_class(self.rule).domains:
            reason = f"The rule {self.rule!r} does not refine {dataset.domain} data."
        if reason is None and self.consensus is not None and dataset.domain == "tabular":
            reason = f"A consensus is one of windows; {dataset.name} is tabular."
        return reason

    def fit_resample(self, X: Table, y: Target) -> tuple[Table, Target]:
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
        if self.cv is None:
            return self.denoise(X, y)
        return self._handed_back(*self._cross_fit(*self._checked(X, y)), X, y)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if _rule_domain(self.domain) not in rule_class(self.rule).domains:
            raise ValueError(f"the rule {self.rule!r} cannot refine {self.domain} data")
        make_rule(self.rule, _rule_domain(self.domain), **self._rule_arguments())
        what_moves(self.refine, self.denoise_y)
        for number in self.snapshots or ():
            check_count("each of snapshots", number)
        if self.snapshots and self.backbone_cache is None:
            raise ValueError("snapshots has an effect with a backbone_cache only")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.cv is not None and self.cv < 2:
            raise ValueError(f"cv must be None or at least 2 folds, got {self.cv}")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._refine(self.backbone_, X, y)

    def _refine(
        self, fitted: FittedBackbone, X: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Refine with a given backbone."""
        scaling, series = fitted.scaling, self.domain == "series"
        inputs, targets = scaling.inputs(X), scaling.targets(y)
        cut: dict[str, Any] = {}
        if series:
            cut = {"window_size": self.window_size, "future": self.horizon, "channels_first": False}
        denograd = DenoGrad(fitted.network, nn.MSELoss(), self.device, rule=self.rule)
        moved_inputs, moved_targets = self._transform(
            denograd.fit(inputs, targets, is_ts=series, copy=False, **cut), fitted, inputs, targets
        )
        # Adding what has moved, rather than scaling back, leaves rows at rest exactly as they are.
        return (
            X + scaling.x_scale * (moved_inputs - inputs).astype(np.float64),
            y + scaling.y_scale * (moved_targets - targets).astype(np.float64),
        )

    def _transform(
        self, denograd: DenoGrad, fitted: FittedBackbone, inputs: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the data, or find them among the snapshots of a run that others share."""
        arguments = self._rule_arguments() | {
            "denoise_y": self.denoise_y,
            "refine": self.refine,
            "batch_size": self.batch_size or (512 if self.domain == "series" else 1024),
            "save_gradients": False,
        }
        progress = None if self.progress else False
        if not self.snapshots or self.backbone_cache is None:
            moved_inputs, moved_targets, _, _ = denograd.transform(**arguments, progress=progress)
            return moved_inputs, moved_targets
        own = make_rule(self.rule, **self._rule_arguments()).max_epochs
        # The backbone is kept beside its snapshots, so that its id is nobody else's.
        key = digest((id(fitted), self.rule, arguments | {"max_epochs": None}), inputs, targets)
        _, taken = self.backbone_cache.get(key, (fitted, {}))
        if own not in taken:
            numbers = {own, *self.snapshots}
            arguments["max_epochs"] = max(numbers)
            denograd.transform(**arguments, snapshots=numbers, progress=progress)
            taken = denograd.snapshots_
            self.backbone_cache[key] = fitted, taken
        moved_inputs, moved_targets = taken[own]
        return moved_inputs, moved_targets

    def _rule_arguments(self) -> dict[str, Any]:
        """Return what the rule is told; what is absent has the rule's own default."""
        published = _PUBLISHED if self.rule == "normalized" else {}
        given = {name: getattr(self, name) for name in _RULE_ARGUMENTS}
        return published | {name: value for name, value in given.items() if value is not None}

    def _cross_fit(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Refine each fold by a backbone trained without it."""
        plan = self._plan()
        refined_X, refined_y = X.copy(), y.copy()
        for number, fold in enumerate(self._folds(len(y)), start=1):
            # A series is refined together with its gap: all that no window of the training touched.
            first, stop = max(fold[0] - plan.context, 0), fold[-1] + 1 + plan.context
            unseen = np.arange(first, min(stop, len(y))) if self.domain == "series" else fold
            seen = np.ones(len(y), dtype=bool)
            seen[unseen] = False
            seed = None if self.random_state is None else _fold_seed(self.random_state, number)
            fitted = self._train(replace(plan, random_state=seed), X, y, rows=seen)
            part_X, part_y = self._refine(fitted, X[unseen], y[unseen])
            own = np.isin(unseen, fold)
            refined_X[fold], refined_y[fold] = part_X[own], part_y[own]
        return refined_X, refined_y

    def _folds(self, n_rows: int) -> list[np.ndarray]:
        """Cut the rows into `cv` folds: at random in a table, contiguous in a series."""
        assert self.cv is not None
        if n_rows < self.cv:
            raise ValueError(f"cv={self.cv} folds need at least {self.cv} rows, got {n_rows}")
        rows = np.arange(n_rows)
        if self.domain == "tabular":
            rows = np.random.default_rng(self.random_state).permutation(rows)
        return [np.sort(fold) for fold in np.array_split(rows, self.cv)]


def _rule_domain(domain: str) -> str:
    return "table" if domain == "tabular" else domain


def _fold_seed(random_state: int, number: int) -> int:
    return int(np.random.SeedSequence([random_state, number]).generate_state(1)[0])
