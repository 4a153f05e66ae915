"""The denoiser that the options ask for, and what can go wrong with it in their words."""

from __future__ import annotations

import argparse
import re
from types import SimpleNamespace
from typing import Literal

import torch

from denograd.clean import cleaning
from denograd.clean.columns import Selection
from denograd.clean.files import CleaningError
from denograd.clean.limits import Limits
from denograd.clean.options import FLAGS, in_flags
from denograd.estimator import DenoGradDenoiser
from denograd.rules import rule_class


def denoiser_of(options: argparse.Namespace, n_rows: int) -> DenoGradDenoiser:
    """Return the denoiser that the options describe.

    Raises
    ------
    CleaningError
        For options that do not go together, or not with a file of so many rows.
    """
    steps = {
        "nrr": options.nrr,
        "nr_threshold": options.threshold,
        "max_epochs": options.iterations,
    }
    for parameter, value in steps.items():
        if value is not None and parameter not in rule_class(options.rule).arguments():
            flag = FLAGS[parameter]
            raise CleaningError(f"{flag} has no effect under the rule {options.rule}")
    window, horizon = options.window or 24, options.horizon or 1
    needed = window + horizon + 1
    if options.series and n_rows < needed:
        raise CleaningError(
            f"windows of {window} steps and horizon {horizon} take a series of at least {needed} "
            f"rows, and this one has {n_rows}: shorten --window"
        )
    if options.device is not None:
        _require_device(options.device)
    domain: Literal["tabular", "series"] = "series" if options.series else "tabular"
    denoiser = DenoGradDenoiser(
        **steps,
        backbone=options.backbone or "auto",
        rule=options.rule,
        refine="X" if options.keep_target else "both",
        cv=options.cv,
        backbone_epochs=options.epochs,
        domain=domain,
        window_size=window,
        horizon=horizon,
        device=options.device,
        random_state=options.seed,
        progress=not options.quiet,
    )
    try:
        denoiser.check_config()
    except (TypeError, ValueError) as error:
        raise CleaningError(in_flags(str(error))) from None
    reason = denoiser.why_skip(SimpleNamespace(name=options.file, domain=domain))
    if reason is not None:
        other = "leave --series out" if options.series else "add --series if rows are time steps"
        raise CleaningError(f"{reason.rstrip('.')}: {other}, or choose another one")
    return denoiser


def refine(denoiser: DenoGradDenoiser, selection: Selection, limits: Limits) -> cleaning.Changes:
    """Refine, with what can go wrong said in the words of the command line."""
    try:
        return cleaning.refine(denoiser, selection.values, limits)
    except FloatingPointError as error:
        # What the library advises is done already, or has no flag.
        what = re.split("[:;]", str(error))[0]
        raise CleaningError(
            f"{what}: lower --nrr, or --exclude columns with values far out of range"
        ) from None
    except (ValueError, ImportError, FileNotFoundError) as error:
        said = in_flags(str(error))
        if denoiser.domain == "series" and denoiser.cv is not None:
            said += ": shorten --window, or take fewer folds"
        raise CleaningError(said) from None
    except torch.OutOfMemoryError:
        raise CleaningError("the device has too little memory: try --device cpu") from None


def _require_device(name: str) -> None:
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise CleaningError(f"there is no device {name!r} here: leave --device out") from None
