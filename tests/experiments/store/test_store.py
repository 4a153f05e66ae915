"""Records are written whole or not at all."""

import json
import os
from dataclasses import replace

import pytest

from experiments.files import StoreError, write_json
from experiments.store.records import Key, identity
from experiments.store.store import Store
from tests.support.following import enlist
from tests.support.records import KEY, SCORE, outcome


def test_a_record_comes_back_with_its_identity_config_and_labels(tmp_path):
    store = Store(tmp_path)
    assert store.read(KEY) is None
    assert store.status(KEY) is None

    store.write(KEY, outcome())

    record = store.read(KEY)
    assert record["identity"] == KEY.identity
    assert record["config"] == KEY.config
    assert record["labels"] == KEY.labels
    assert store.status(KEY) == "ok"
    assert list(store.records()) == [record]
    assert store.damage == {}


LATER = {
    "cpu_seconds": {"fit": 0.2},
    "epochs": {"fit": 3},
    "reused": {"seconds": 0.1},
    "size": {"rows": 300, "columns": 11},
}


@pytest.mark.parametrize("later", [{}, *({name: costs} for name, costs in LATER.items()), LATER])
def test_a_record_may_lack_costs_that_were_not_always_measured(tmp_path, later):
    store = Store(tmp_path)
    store.write(KEY, outcome(**later))
    assert store.read(KEY).items() >= later.items()
    assert store.damage == {}


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("costs", [3.0, {"fit": "3"}, {"fit": None}], ids=str)
def test_costs_that_are_no_numbers_are_damage(tmp_path, name, costs):
    store = Store(tmp_path)
    store.write(KEY, outcome(**{name: costs}))
    assert store.read(KEY) is None
    (damage,) = store.damage.values()
    assert name in str(damage)


def test_identity_does_not_depend_on_order_but_on_every_value():
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    assert identity({"a": 1, "b": 2}) != identity({"a": 1, "b": 3})
    assert identity({"a": 1}) != identity({"a": 1.5})


def test_a_write_that_breaks_leaves_the_old_record_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    write_json(path, {"status": "ok"})

    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"mse": float("nan")})
    monkeypatch.setattr(os, "replace", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, {"status": "failed"})

    assert json.loads(path.read_text()) == {"status": "ok"}
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_listing_holds_what_was_enlisted_and_is_there_under_its_labels(tmp_path):
    store = Store(tmp_path)
    other = replace(KEY, labels=KEY.labels | {"denoiser": "as it was called when it was computed"})
    enlist(store, "mine", [KEY, SCORE])
    store.write(other, outcome())

    (record,) = store.listed("mine")
    assert record["identity"] == KEY.identity
    assert record["labels"] == KEY.labels
    with pytest.raises(StoreError, match=r"called 'yours'.* there is mine"):
        store.listed("yours")


def test_what_is_enlisted_is_added(tmp_path):
    store = Store(tmp_path)
    enlist(store, "mine", [KEY])
    enlist(store, "mine", [SCORE])

    assert store.labels("mine") == {KEY.path: KEY.labels, SCORE.path: SCORE.labels}
    assert store.experiments() == ["mine"]


def test_a_key_says_where_its_record_lies():
    assert isinstance(KEY, Key)
    assert KEY.path == f"data/held_out/identity-{KEY.identity}.json"
