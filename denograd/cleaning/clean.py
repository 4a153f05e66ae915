"""Cleaning a frame in Python, as ``denograd clean`` does a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from denograd.base import Domain
from denograd.calibrated import CalibratedDenoiser
from denograd.checks import check_choice, check_count
from denograd.cleaning import levels, timeline
from denograd.cleaning.cleaned import Cleaned, Denoiser
from denograd.cleaning.columns import require_known, sample_rows, select
from denograd.cleaning.engine import Engine
from denograd.cleaning.files import CleaningError
from denograd.cleaning.frames import FrameTable
from denograd.cleaning.limits import limits_of
from denograd.cleaning.method import noise_of
from denograd.cleaning.summary import in_arguments


def clean(
    frame: Any,
    target: str | Sequence[str],
    *,
    domain: Domain = "tabular",
    noise: float | Mapping[str, float] | None = None,
    gross_errors: bool = False,
    denoiser: Denoiser | None = None,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    keep_target: bool = False,
    drop_missing: bool = False,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    round_integers: bool = False,
    sample: int | None = None,
    random_state: int | None = 0,
) -> Cleaned:
    """Refine the columns of numbers of a frame, and tell what has changed and why.

    Columns that hold no measurements, such as text, dates, categories, identifiers and codes, stay
    as they are and are listed with the reason.

    Parameters
    ----------
    frame : DataFrame
        Of pandas, polars or the like; never changed.
    target : str or sequence of str
        Column to predict, or several: each of them from the columns that are no targets.
    domain : {"tabular", "series"}
        Rows that stand for themselves, or a series in time order.
    noise : float or mapping, optional
        How noisy the data are, as a standard deviation: a number is a share of each column's, a
        mapping names columns and is in their units; the others hold none. A series without is
        estimated; a table needs it.
    gross_errors : bool
        Of a series: replace values far from what the steps around them say, spikes too.
    denoiser : DenoGradDenoiser or CalibratedDenoiser, optional
        Another way to move the values, such as the published rule; then `domain`, `noise` and
        `gross_errors` are its business. A copy of it is fitted.
    columns, exclude : sequence of str
        Only these columns and the target, whatever they look like; or all but these.
    keep_target : bool
        Refine the other columns only.
    drop_missing : bool
        Leave out rows that lack a number in a refined column.
    bounds : mapping, optional
        Least and largest value by column, infinite for none. Default: 0 or more where a column has
        no negative value.
    round_integers : bool
        Columns of integers stay integers.
    sample : int, optional
        Learn from so many random rows of a table, and refine all by that.
    random_state : int, optional
        Equal numbers, equal results.

    Returns
    -------
    Cleaned
        With `frame`, `changes`, `noise`, `skill`, `left`, `warnings`, `summary()` and `plot()`.

    Raises
    ------
    CleaningError
        A ValueError that says what stands in the way; for a table of unknown noise also how noisy
        its columns can be at most.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import denograd
    >>> rng = np.random.default_rng(0)
    >>> size = rng.uniform(-2, 2, 300)
    >>> price = np.sin(2 * size) + rng.normal(scale=0.2, size=300)
    >>> frame = pd.DataFrame({"town": "x", "size": size, "price": price})
    >>> cleaned = denograd.clean(frame, "price", noise={"price": 0.2})
    >>> cleaned.left
    {'town': "not numbers ('x' on row 0)"}
    >>> bool(np.std(cleaned.frame["price"] - np.sin(2 * size)) < 0.15)
    True
    """
    try:
        table = FrameTable.of(frame)
        targets = [target] if isinstance(target, str) else list(target)
        for name in (*(noise if isinstance(noise, Mapping) else ()), *(bounds or ())):
            require_known(name, table.names)
        if sample is not None:
            check_count("sample", sample, least=2)
        domain = _domain(denoiser, domain, noise, gross_errors, sample)
        series = domain == "series"
        rows = sample_rows(table.n_rows, sample, random_state)
        learnt = table if rows is None else table.take(rows)
        selection = select(
            learnt, targets, columns, exclude, series=series, drop_missing=drop_missing
        )
        limits = limits_of(selection, bounds or {}, round_integers, keep_target)
        if denoiser is None:
            given = noise.items() if isinstance(noise, Mapping) else [("", noise)]
            denoiser = CalibratedDenoiser(
                None if noise is None else noise_of(given, selection.values, every=bool(columns)),  # type: ignore[arg-type]
                gross_errors,
                domain,
                random_state=random_state,
            )
        levels.require(denoiser, selection)
        engine = Engine.learn(selection, limits, denoiser, keep_target)
    except CleaningError as error:
        raise CleaningError(in_arguments(str(error))) from None
    refined, changes = engine.refined(), engine.changes
    if rows is not None:
        refined, changes = engine.refine(table)
    times = timeline.time_column(selection.table, selection.left) if series else None
    irregular = () if times is None else timeline.irregular(selection.table, times)
    notes = tuple(map(in_arguments, (*selection.remarks, *irregular)))
    assert isinstance(refined, FrameTable)
    return engine.cleaned(changes.tally, changes, refined.frame, times, notes)


def _domain(
    denoiser: Denoiser | None, domain: Domain, noise: Any, gross_errors: bool, sample: int | None
) -> Domain:
    """Return what the rows are, or refuse what does not go together."""
    check_choice("domain", domain, get_args(Domain))
    if denoiser is not None:
        if noise is not None or gross_errors:
            raise CleaningError("noise and gross_errors are the business of the denoiser given")
        domain = denoiser.domain
    if sample is not None and domain == "series":
        raise CleaningError("a sample is for a table: the steps of a series explain each other")
    if gross_errors and domain == "tabular":
        raise CleaningError("gross_errors has an effect on a series only")
    return domain
