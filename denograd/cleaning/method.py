"""The denoiser that the options ask for, and what can go wrong with it in their words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Literal

import pandas as pd
import torch

from denograd.calibrated import CalibratedDenoiser
from denograd.cleaning.cleaned import Denoiser
from denograd.cleaning.files import CleaningError
from denograd.cleaning.options import FLAGS, in_flags
from denograd.estimator import DenoGradDenoiser
from denograd.rules import rule_class


def denoiser_of(options: argparse.Namespace, values: pd.DataFrame) -> Denoiser:
    """Return the denoiser that the options describe for these columns, the target first.

    Raises
    ------
    CleaningError
        For options that do not go together, or not with these columns.
    """
    if options.method == "published":
        return _published(options, len(values))
    return CalibratedDenoiser(
        noise=noise_of(options.noise or (), values, every=options.columns is not None),
        gross_errors=options.gross_errors,
        domain="series" if options.series else "tabular",
        random_state=options.seed,
    )


def noise_of(
    given: Iterable[tuple[str, float]], values: pd.DataFrame, *, every: bool = False
) -> float | dict[str, float] | None:
    """Return what the command line says of the noise as `CalibratedDenoiser` takes it.

    Parameters
    ----------
    given : iterable of (str, float)
        Levels by column; a share of each column's standard deviation has no name.
    values : DataFrame
        The refined columns.
    every : bool
        Whether a share is that of codes too.

    Raises
    ------
    CleaningError
        For a column that is not refined, two levels of one, and a share beside the level of a
        column.
    """
    given = list(given)
    levels = dict(given)
    if len(levels) < len(given):
        raise CleaningError("--noise: give each column one level, or one share for all")
    share = levels.pop("", None)
    for name in levels:
        if name not in values:
            raise CleaningError(f"--noise: the column {name!r} is not refined")
    if share is None:
        return levels or None
    if levels:
        raise CleaningError(
            f"--noise gives {share:.3g} of each column's standard deviation, and a level of "
            f"{', '.join(map(repr, levels))}: give one share for all, or every level by its column"
        )
    spread = values.std(ddof=0)
    return {str(name): share * sd for name, sd in spread.items()} if every else share


def _published(options: argparse.Namespace, n_rows: int) -> DenoGradDenoiser:
    rule = options.rule or "normalized"
    steps = {
        "nrr": options.nrr,
        "nr_threshold": options.threshold,
        "max_epochs": options.iterations,
    }
    for parameter, value in steps.items():
        if value is not None and parameter not in rule_class(rule).arguments():
            flag = FLAGS[parameter]
            raise CleaningError(f"{flag} has no effect under the rule {rule}")
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
        rule=rule,
        refine="X" if options.keep_target else "both",
        cv=options.cv,
        backbone_epochs=options.epochs or 100,
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


@contextmanager
def said_in_flags(denoiser: Denoiser) -> Iterator[None]:
    """Say what can go wrong in refining in the words of the command line."""
    try:
        yield
    except CleaningError:
        raise
    except FloatingPointError as error:
        # What the library advises is done already, or has no flag.
        what = re.split("[:;]", str(error))[0]
        raise CleaningError(
            f"{what}: lower --nrr, or --exclude columns with values far out of range"
        ) from None
    except (ValueError, ImportError, FileNotFoundError) as error:
        said = in_flags(str(error))
        if denoiser.domain == "series" and isinstance(denoiser, CalibratedDenoiser):
            said = f"{said.rstrip('.')}: --method published takes shorter ones"
        elif denoiser.domain == "series" and denoiser.cv is not None:
            said += ": shorten --window, or take fewer folds"
        raise CleaningError(said) from None
    except torch.OutOfMemoryError:
        raise CleaningError("the device has too little memory: try --device cpu") from None


def _require_device(name: str) -> None:
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        raise CleaningError(f"there is no device {name!r} here: leave --device out") from None
