"""All records as one long table: a row per cell × regressor.

Tables, tests and figures are pure functions of this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from experiments.settings.schema import OPTIONS
from experiments.store.beside import Beside
from experiments.store.records import Record, identity
from experiments.store.rows import (
    FIRST,
    MEASURES,
    TEXTS,
    flatten,
    of_cell,
    without_regressor,
)
from experiments.store.store import Store, tell_damage
from experiments.words import LABELS, SETTING, setting


def read_long_table(
    results: Path, experiment: str | None = None, command: str | None = None
) -> pd.DataFrame:
    """Read the records of a results folder.

    Parameters
    ----------
    results
        The folder that holds ``runs``.
    experiment
        Only what the last run of the experiment of this name comprises; None takes every record
        but those that were scored on validation rows.
    command
        On whose behalf damaged records are named on the error stream; None names none.

    Returns
    -------
    DataFrame
        The columns of `LABELS`, ``status`` (ok, failed or skipped), ``skip`` (of what was skipped,
        a word of `experiments.words.Skip`) and ``reason``, those of `MEASURES`, the whole
        grid as ``mse_<fit>_<inputs>_<targets>``, costs per stage, every setting as
        ``p_<kind>_<parameter>``, the dataset's size (``n_rows``, ``n_columns``; old records hold
        none), the processor, what to know of the dataset (``note``) and the
        identity. What a cell cost (``seconds_fit``) and measured (``swd``) is repeated in the row
        of each of its regressors: never sum it over rows. ``reused_seconds``, which training of a
        shared backbone took, is in ``seconds_fit`` of the cell that did it alone; old records hold
        no ``cpu_seconds_fit``, ``epochs_fit`` and ``reused_seconds``, and it is in every
        ``seconds_fit`` of theirs. Sorted; empty if there are no records.

    Raises
    ------
    experiments.files.StoreError
        If no experiment of that name was run.
    """
    store = Store(results)
    try:
        records: Iterable[Record]
        if experiment is None:
            # What a search looked at is no result.
            records = (r for r in store.records() if "scored_rows" not in r["config"])
        else:
            records = store.listed(experiment)
        return long_table(records, store.archive.records())
    finally:
        if command is not None:
            tell_damage(store, command)


def long_table(records: Iterable[Record], beside: Iterable[Record] = ()) -> pd.DataFrame:
    """Join the records of cells and scores into one row per score.

    `beside` are further records, of which only what they say of those shown is taken.
    """
    others, cells, scores = Beside(), {}, []
    # One by one: of many records, what is not in the table would fill the memory.
    for record in records:
        others.take(record)
        if "regressor" in record["config"]:
            scores.append((_cell_id(record), others.key(record), flatten(record)))
        else:
            cells[_cell_id(record)] = of_cell(record)
    for record in beside:
        others.take(record)
    if not scores:
        return pd.DataFrame(columns=[*FIRST, "identity"])
    # As objects, so that a setting stays of its type where others lack it.
    rows = pd.DataFrame(
        [row | cells.get(cell, {}) | others.columns(key) for cell, key, row in scores],
        dtype=object,
    )
    # What no row has a value for is no column, whatever the records call it.
    table = rows.dropna(axis="columns", how="all")
    for name, option in OPTIONS.items():
        column = setting("denoiser", name)
        if column in table:
            table[column] = table[column].where(table[column].notna(), option.default)
    for measure in MEASURES:
        if measure not in table:
            table[measure] = float("nan")
    rest = sorted(c for c in table.columns if c not in FIRST and c != "identity")
    table = table[[*FIRST, *rest, "identity"]]
    settings = [c for c in rest if c.startswith(SETTING)]
    numbers = [*MEASURES, *(c for c in rest if c not in (*TEXTS, *settings))]
    texts = [c for c in table.columns if c not in (*numbers, *settings)]
    table = table.astype(dict.fromkeys(numbers, "float64"))
    table[texts] = table[texts].infer_objects()
    return table.sort_values([*LABELS, "identity"], ignore_index=True).copy()


def _cell_id(record: Record) -> str:
    """What a score shares with its cell: the identity of everything but the regressor."""
    return identity(without_regressor(record["config"]))
