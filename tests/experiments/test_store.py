"""Records are written whole or not at all."""

import json
import os
from dataclasses import replace

import pytest

from experiments.cell import Key, identity
from experiments.records import write_json
from experiments.store import Store, StoreError

KEY = Key({"a": 1, "b": [2]}, "data/held_out", "identity", {"denoiser": "identity"})


def test_a_record_comes_back_with_its_identity_config_and_labels(tmp_path):
    store = Store(tmp_path)
    assert store.read(KEY) is None
    assert store.status(KEY) is None

    store.write(KEY, {"status": "ok", "metrics": {"mse": 0.1}})

    record = store.read(KEY)
    assert record["identity"] == KEY.identity
    assert record["config"] == KEY.config
    assert record["labels"] == KEY.labels
    assert store.status(KEY) == "ok"
    assert list(store.records()) == [record]


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


def test_a_damaged_record_is_named(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, {"status": "ok"})
    path = tmp_path / "runs" / "records" / KEY.path
    path.write_text("{")

    with pytest.raises(StoreError, match=f"{path.name}: cannot be read .* delete it"):
        store.read(KEY)


def test_a_listing_holds_what_was_enlisted_and_is_there_under_its_labels(tmp_path):
    store = Store(tmp_path)
    other = replace(KEY, labels={"denoiser": "as it was called when it was computed"})
    score = Key({"a": 1, "regressor": "ridge"}, KEY.folder, "identity-ridge", {})
    store.enlist("mine", KEY, [score])
    store.write(other, {"status": "ok"})

    (record,) = store.listed("mine")
    assert record["identity"] == KEY.identity
    assert record["labels"] == KEY.labels
    with pytest.raises(StoreError, match=r"called 'yours'.* there is mine"):
        store.listed("yours")
