"""DenoGrad as a scikit-learn estimator: trains its backbone, then refines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from torch import nn

from denograd.base import BaseDenoiser, DescribesData, Domain, Table, Target
from denograd.checks import check_choice, check_count, check_number
from denograd.denoiser import DenoGrad, what_moves
from denograd.networks import available, network_class
from denograd.published import STEPS
from denograd.rules import Normalized, Rule, given_arguments, make_rule, rule_class
from denograd.training.backbone import (
    FittedBackbone,
    TrainingPlan,
    digest,
    held_back_skill,
    predict_target,
    scaled_widths,
    train_backbone,
)


class BackboneDenoiser(BaseDenoiser):
    """A denoiser that learns by training a network to predict the target.

    Subclasses take the parameters below and implement `_denoise` with the trained network.
    Two of them with equal settings, data and seed that `share` a cache train one network together.

    Attributes
    ----------
    backbone_ : FittedBackbone
        The trained network, its units and its training history.
    skill_ : Skill or None
        Its error on the rows that decided when to stop, beside that of the mean and, for a series,
        of the last value; None where it was not trained.
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
    progress: bool
    _cache: dict | None = None
    _epochs: tuple[int, ...] = ()

    @classmethod
    def modules_by_name(cls, params: Mapping[str, Any]) -> set[str]:
        """The modules that these parameters call by name: part of the source of a result."""
        backbone, rule = params.get("backbone", "auto"), params.get("rule")
        networks = ("mlp", "lstm") if backbone == "auto" else (backbone,)
        named = {f"denograd.networks.{name}" for name in networks if isinstance(name, str)}
        if isinstance(rule, Mapping):
            rule = rule["name"]
        return named if rule is None else named | {rule_class(rule).__module__}

    def share(self, cache: dict, epochs: Iterable[int] = ()) -> Self:
        """Share work with other denoisers of one job; the results are bit for bit the same.

        It belongs to this object: neither a clone nor a pickle of it shares.

        Parameters
        ----------
        cache : dict
            Trained backbones of named networks with a `random_state` are kept in it and found
            again by a digest of data, settings and seed.
        epochs : iterable of int
            Numbers of iterations that others will ask for which differ in `max_epochs` alone: one
            refinement goes on to the largest of them, and the others take theirs from it.

        Returns
        -------
        self
        """
        self._cache, self._epochs = cache, tuple(epochs)
        for number in self._epochs:
            check_count("each of epochs", number)
        return self

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
        # What could only fail, or mislead, after minutes of training is refused before.
        self.check_config()
        self._check_domain()
        self.training_seconds_ = self.reused_seconds_ = 0.0
        plan = self._plan()
        self.backbone_ = self._train(plan, X, y, X_val, y_val)
        self.skill_ = held_back_skill(plan, self.backbone_, y if y_val is None else y_val)

    def _train(self, plan: TrainingPlan, *data: Any, **options: Any) -> FittedBackbone:
        fitted, reused = train_backbone(
            plan, *data, cache=self._cache, progress=self.progress, **options
        )
        if reused:
            self.reused_seconds_ += fitted.seconds
        else:
            self.training_seconds_ += fitted.seconds
        return fitted

    def predict_target(self, X: np.ndarray) -> np.ndarray:
        """Return what the backbone predicts, in the units of the target.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            Finite numbers, in the columns seen in `fit`.

        Returns
        -------
        ndarray of shape (n_rows,)
            NaN for the first rows of a series, which no window predicts.
        """
        plan = self._plan()
        predicted = np.full(len(X), np.nan)
        predicted[plan.context :] = predict_target(plan, self.backbone_, X)
        return predicted

    def _plan(self) -> TrainingPlan:
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

    def check_config(self) -> None:
        """Refuse parameters that are wrong whatever the data are.

        Raises
        ------
        TypeError, ValueError
            With the name of the parameter, and what it may be.
        """
        if isinstance(self.backbone, str):
            check_choice("backbone", self.backbone, ("auto", *available()))
        check_choice("domain", self.domain, get_args(Domain))
        check_number("validation_fraction", self.validation_fraction, positive=True, below=1.0)
        check_number("backbone_width", self.backbone_width, positive=True)
        check_number("learning_rate", self.learning_rate, positive=True)
        check_count("backbone_epochs", self.backbone_epochs, least=0)
        for name in ("patience", "window_size", "horizon"):
            check_count(name, getattr(self, name))
        if self.backbone_batch_size is not None:
            check_count("backbone_batch_size", self.backbone_batch_size)

    def _check_domain(self) -> None:
        """Refuse what cannot work with data of this domain."""

    def __getstate__(self) -> dict[str, Any]:
        # The cache belongs to the process that fills it, and may hold many networks.
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key not in ("_cache", "_epochs")}


class DenoGradDenoiser(BackboneDenoiser):
    """Train a network on the rows, then move the rows towards what it predicts.

    Parameters
    ----------
    backbone : str, nn.Module or callable, default "auto"
        Name of a network of `denograd.networks`, a torch module (a copy of it is trained; with
        `backbone_epochs=0` it is used as it is), or a callable that builds one from
        (n_features, n_targets, window). "auto" is an MLP for tables, an LSTM for series. Modules
        map (rows, columns), for a series (windows, steps, channels), to (rows, 1).
    rule : {"normalized", "gauss-newton", "global"}, mapping or Rule
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
        of the rows given to `fit`. Results are in the caller's units either way.
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

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None when method, backbone and rule accept this dataset, else a sentence."""
        reason = super().why_skip(dataset)
        if reason is not None:
            return reason
        cls = rule_class(self.rule)
        if _rule_domain(dataset.domain) not in cls.domains:
            return f"The rule {cls.name!r} does not refine {dataset.domain} data."
        idle = cls.series_arguments & given_arguments(self.rule).keys()
        if idle and dataset.domain == "tabular":
            return f"{', '.join(sorted(idle))} is for series; {dataset.name} is tabular."
        return None

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

    def _check_domain(self) -> None:
        rule = self._made_rule(_rule_domain(self.domain))
        if _rule_domain(self.domain) not in rule.domains:
            raise ValueError(f"the rule {rule.name!r} cannot refine {self.domain} data")

    def _denoise(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._refine(self.backbone_, X, y)

    def _refine(
        self, fitted: FittedBackbone, X: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Refine with a given backbone."""
        scaling = fitted.scaling
        inputs, targets = scaling.inputs(X), scaling.targets(y)
        moved_inputs, moved_targets = self._moved(fitted, inputs, targets)
        # Adding what has moved, rather than scaling back, leaves rows at rest exactly as they are.
        return (
            X + scaling.x_scale * (moved_inputs - inputs).astype(np.float64),
            y + scaling.y_scale * (moved_targets - targets).astype(np.float64),
        )

    def _moved(
        self, fitted: FittedBackbone, inputs: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the data, or find them among the snapshots of a run that others share."""
        rule = self._made_rule(_rule_domain(self.domain))
        if self._cache is None or not self._epochs:
            return self._run(rule, fitted, inputs, targets)[0]
        setting = (id(fitted), replace(rule, max_epochs=1), self.refine, self.batch_size)
        key = digest(setting, inputs, targets)
        # The backbone is kept beside its snapshots, so that its id is nobody else's.
        _, taken = self._cache.get(key, (fitted, {}))
        if rule.max_epochs not in taken:
            numbers = {rule.max_epochs, *self._epochs}
            longest = replace(rule, max_epochs=max(numbers))
            _, taken = self._run(longest, fitted, inputs, targets, numbers)
            self._cache[key] = fitted, taken
        return taken[rule.max_epochs]

    def _run(
        self,
        rule: Rule,
        fitted: FittedBackbone,
        inputs: np.ndarray,
        targets: np.ndarray,
        snapshots: Iterable[int] = (),
    ) -> tuple[tuple[np.ndarray, np.ndarray], dict[int, tuple[np.ndarray, np.ndarray]]]:
        """Return the data after a whole run, and by epoch what they were on the way."""
        series = self.domain == "series"
        cut: dict[str, Any] = {}
        if series:
            cut = {"window_size": self.window_size, "future": self.horizon, "channels_first": False}
        denograd = DenoGrad(fitted.network, nn.MSELoss(), self.device, rule=rule)
        denograd.fit(inputs, targets, is_ts=series, copy=False, **cut)
        moved_inputs, moved_targets, _, _ = denograd.transform(
            refine=self.refine,
            batch_size=self.batch_size or (512 if series else 1024),
            save_gradients=False,
            snapshots=snapshots,
            progress=None if self.progress else False,
        )
        return (moved_inputs, moved_targets), denograd.snapshots_

    def _made_rule(self, domain: str | None = None) -> Rule:
        """Return the step rule; what nobody gave is as published, or the rule's own default."""
        given = {name: getattr(self, name) for name in STEPS}
        if rule_class(self.rule) is Normalized and not isinstance(self.rule, Rule):
            inside = given_arguments(self.rule)
            for name, value in STEPS.items():
                if given[name] is None and name not in inside:
                    given[name] = value
        return make_rule(self.rule, domain, **given)

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
