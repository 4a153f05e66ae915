"""Cost profiles: bounds on rows, columns and parameters; datasets that differ by protocol."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from experiments.datasets.base import DataTable, SyntheticDataset
from experiments.datasets.friedman import Friedman
from experiments.runner.corruption import corrupt
from experiments.runner.keys import cell_key
from experiments.settings.values import ConfigError
from experiments.store.long_table import read_long_table
from tests.experiments.conftest import SMALL
from tests.support.following import run_noted


def test_rows_may_be_bounded_by_domain(settings_of):
    bounds = "profile.max_rows={tabular:120,series:300}"
    table = corrupt(settings_of(*SMALL, bounds))
    series = corrupt(settings_of("dataset=seasonal", "denoiser=identity", bounds))

    assert len(table.noisy.y) == 120
    assert len(series.noisy.y) == 300
    key = cell_key(table, "held_out", table.settings.denoiser[0])
    same = corrupt(settings_of(*SMALL, "profile.max_rows=120"))
    assert key.identity == cell_key(same, "held_out", same.settings.denoiser[0]).identity


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("profile.max_rows={tables:100}", "profile.max_rows.tables: no such key"),
        ("profile.max_rows={series:3}", "profile.max_rows.series: must be at least 50, not 3"),
        ("profile.max_columns=0", "profile.max_columns: must be at least 1, not 0"),
        (
            "profile.caps_of={lstm:{hidden_size:many}}",
            "profile.caps_of.lstm.hidden_size: must be a number",
        ),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(settings_of, override, message):
    with pytest.raises(ConfigError, match=message):
        settings_of(*SMALL, override)


def test_wide_sets_keep_a_sample_of_columns_in_file_order(settings_of):
    wide = corrupt(settings_of(*SMALL, "noise.sigma=0"))
    narrow = corrupt(settings_of(*SMALL, "noise.sigma=0", "profile.max_columns=4"))
    roomy = corrupt(settings_of(*SMALL, "noise.sigma=0", "profile.max_columns=99"))

    assert narrow.noisy.X.shape[1] == 4
    places = [
        np.flatnonzero((column[:, None] == wide.noisy.X).all(0)) for column in narrow.noisy.X.T
    ]
    assert all(len(place) == 1 for place in places)
    assert (np.diff(np.concatenate(places)) > 0).all()
    assert np.array_equal(narrow.noisy.y, wide.noisy.y)
    assert np.array_equal(roomy.noisy.X, wide.noisy.X)


def test_a_narrowed_series_keeps_its_target_as_channel_0(settings_of):
    narrow = corrupt(settings_of("dataset=seasonal", "dataset.n=300", "profile.max_columns=2"))

    assert narrow.noisy.X.shape[1] == 3
    assert np.array_equal(narrow.noisy.X[:, 0], narrow.noisy.y)


def test_the_cap_of_one_component_counts_more_than_that_of_all(settings_of):
    settings = settings_of(
        "regressor=[dnn,lstm]",
        "profile.caps={epochs:7}",
        "profile.caps_of={dnn:{epochs:30},lstm:{hidden_size:8}}",
    )
    dnn, lstm = settings.regressor

    assert (dnn.params["epochs"], lstm.params["epochs"]) == (30, 7)
    assert lstm.params["hidden_size"] == 8


class TwoForms(SyntheticDataset):
    """Takes the values of its sine from another place under another protocol."""

    name = "two_forms"
    title = "Two forms"
    domain = "tabular"
    target = "y"
    by_protocol: ClassVar = {"shift": {"published": 1.0, "held_out": 2.0}}

    def __init__(self, shift: float | None = None) -> None:
        self.shift = shift

    @property
    def shape(self) -> tuple[int, int]:
        return (200, 11)

    def load(self) -> DataTable:
        table = Friedman(n=200).load()
        assert self.shift is not None, "the runner says which form it wants"
        return DataTable.tabular(
            (table.X + self.shift).assign(y=table.y), "y", fingerprint=self.fingerprint()
        )


def test_a_dataset_takes_the_form_that_the_protocol_wants(settings_of):
    settings = settings_of(
        "denoiser=identity", "regressor=ridge", "dataset.name=two_forms",
        f"dataset._target_={__name__}.TwoForms", "~dataset.n", "~dataset.n_features",
        "+dataset.shift=null",
    )  # fmt: skip

    run_noted(settings)

    table = read_long_table(settings.results)
    assert sorted(table["protocol"]) == ["held_out", "published"]
    # One dataset in print: the forms are never compared with each other.
    assert set(table["dataset"]) == {"two_forms"}
    assert set(table["status"]) == {"ok"}


def test_a_form_that_was_chosen_is_the_same_under_every_protocol(settings_of):
    stock = settings_of("dataset=microsoft_stock", "dataset.fill=forward").dataset
    by_protocol = settings_of("dataset=microsoft_stock").dataset

    def fills(dataset):
        return [dataset.under(p).params["fill"] for p in ("published", "held_out")]

    assert fills(stock) == ["forward", "forward"]
    assert fills(by_protocol) == ["interpolate", "forward"]


def test_what_to_know_of_a_dataset_stands_in_the_long_table(settings_of, monkeypatch):
    monkeypatch.setattr(Friedman, "note", "made up")
    settings = settings_of(*SMALL)

    run_noted(settings)

    assert set(read_long_table(settings.results)["note"]) == {"made up"}
