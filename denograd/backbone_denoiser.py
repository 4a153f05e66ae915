"""What denoisers share that train a network to predict the target."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, get_args

import numpy as np
from torch import nn

from denograd.base import BaseDenoiser, DescribesData, Domain
from denograd.checks import check_choice, check_count, check_number
from denograd.networks import available, network_class
from denograd.rules import rule_class
from denograd.training.backbone import (
    FittedBackbone,
    held_back_skill,
    predict_target,
    train_backbone,
)
from denograd.training.building import scaled_widths
from denograd.training.plan import TrainingPlan


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
    training_seconds_, training_epochs_ : float, int
        Seconds and epochs spent on training in `fit`.
    reused_seconds_, reused_epochs_ : float, int
        Those that training of a backbone found in the cache had taken, else 0.
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
        rule = params.get("rule")
        named = {f"denograd.networks.{name}" for name in _networks(params)}
        if isinstance(rule, Mapping):
            rule = rule["name"]
        return named if rule is None else named | {rule_class(rule).__module__}

    @classmethod
    def revision_of(cls, params: Mapping[str, Any]) -> int:
        """The revision of these results: that of the class, raised with those of its networks."""
        return cls.revision + sum(network_class(name).revision - 1 for name in _networks(params))

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
        """Return None when the method and its parts accept this dataset, else a sentence."""
        reason = super().why_skip(dataset)
        unfit = self._why_not(dataset.domain)
        if reason is None and unfit is not None:
            reason = f"{unfit}; {dataset.name} is {dataset.domain}."
        return reason

    def _why_not(self, domain: str) -> str | None:
        """Say which parameter is not for data of this domain, if one is not."""
        if not isinstance(self.backbone, str) or self.backbone == "auto":
            return None
        accepted = network_class(self.backbone).domains
        if domain in accepted:
            return None
        return f"The backbone {self.backbone!r} is for {' and '.join(sorted(accepted))} data"

    def _fit(
        self, X: np.ndarray, y: np.ndarray, X_val: np.ndarray | None, y_val: np.ndarray | None
    ) -> None:
        # What could only fail, or mislead, after minutes of training is refused before.
        self.check_config()
        unfit = self._why_not(self.domain)
        if unfit is not None:
            raise ValueError(f"{unfit}, and domain is {self.domain!r}.")
        self.training_seconds_ = self.reused_seconds_ = 0.0
        self.training_epochs_ = self.reused_epochs_ = 0
        plan = self._plan()
        self.backbone_ = self._train(plan, X, y, X_val, y_val)
        self.skill_ = held_back_skill(plan, self.backbone_, y if y_val is None else y_val)

    def _train(self, plan: TrainingPlan, *data: Any, **options: Any) -> FittedBackbone:
        fitted, reused = train_backbone(
            plan, *data, cache=self._cache, progress=self.progress, **options
        )
        if reused:
            self.reused_seconds_ += fitted.seconds
            self.reused_epochs_ += fitted.history.n_epochs
        else:
            self.training_seconds_ += fitted.seconds
            self.training_epochs_ += fitted.history.n_epochs
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
        backbone = self.backbone
        if isinstance(backbone, str) and backbone == "auto":
            backbone = "lstm" if series else "mlp"
        scaled_widths(backbone, self.backbone_width)
        return TrainingPlan(
            backbone=backbone,
            standardize=self.standardize,
            epochs=self.backbone_epochs,
            patience=self.patience,
            batch_size=self.backbone_batch_size or (64 if series else 128),
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

    def __getstate__(self) -> dict[str, Any]:
        # The cache belongs to the process that fills it, and may hold many networks.
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key not in ("_cache", "_epochs")}


def _networks(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the networks that parameters ask for."""
    backbone = params.get("backbone", "auto")
    if backbone == "auto":
        return "mlp", "lstm"
    return (backbone,) if isinstance(backbone, str) else ()
