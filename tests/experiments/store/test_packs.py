"""Many records of a folder become lines of one file, and none is lost or taken for another."""

import os

import pytest

from experiments.files import write_bytes
from experiments.store import packs
from experiments.store.records import Key
from experiments.store.store import Store
from tests.support.following import enlist
from tests.support.records import METRICS, SCORE, outcome

N = 300


def key(number: int) -> Key:
    return Key(SCORE.config | {"seed": number}, SCORE.labels | {"seed": number})


def written(tmp_path, n=N):
    store = Store(tmp_path)
    for number in range(n):
        store.write(key(number), outcome(metrics=METRICS))
    return Store(tmp_path)


@pytest.fixture(autouse=True)
def _no_flush(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def contents(store):
    return {record["identity"]: record for record in store.records()}


def files(tmp_path):
    found = [path for path in (tmp_path / "runs" / "records").rglob("*") if path.is_file()]
    return [p for p in found if p.suffix == ".json"], [p for p in found if p.suffix == ".jsonl"]


def test_a_folder_is_packed_as_it_grows_and_reads_as_before(tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "LEAST_FILES", 10**9)
    plain = contents(written(tmp_path / "plain"))
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    store = written(tmp_path / "packed")
    loose, packed = files(tmp_path / "packed")

    assert len(packed) >= 1
    assert len(loose) <= packs.LEAST_FILES + 64 * 6
    assert contents(store) == plain
    assert all(store.status(key(number)) == "ok" for number in range(N))
    assert store.read(key(7)) == plain[key(7).identity]
    assert store.status(key(N)) is None
    assert store.damage == {}


def test_flat_folders_of_before_are_packed_when_a_run_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "LEAST_FILES", 10**9)
    store = written(tmp_path)
    before = contents(store)
    monkeypatch.undo()
    store.tidy()
    assert (len(files(tmp_path)[0]), len(files(tmp_path)[1])) == (0, 1)
    assert contents(Store(tmp_path)) == before


def test_of_many_packs_only_those_that_have_a_record_are_looked_at(tmp_path, monkeypatch):
    store = written(tmp_path, n=4 * N)
    store.tidy()
    assert len(files(tmp_path)[1]) > 3
    assert store.status(key(0)) == "ok"
    looked_at, read = [], packs.read
    monkeypatch.setattr(packs, "read", lambda path: looked_at.append(path) or read(path))

    assert [store.status(key(number)) for number in range(5)] == ["ok"] * 5

    assert len(looked_at) == 5


def test_a_listing_reads_a_pack_once_and_finds_what_each_path_has(tmp_path, monkeypatch):
    store = written(tmp_path)
    store.tidy()
    store.write(key(3), outcome(metrics=METRICS, finished="2027-01-01T00:00:00Z"))
    keys = [key(number) for number in (*range(N - 5), N)]
    enlist(store, "mine", keys)
    calls, records = [], packs.Pack.records
    monkeypatch.setattr(
        packs.Pack, "records", lambda pack, *names: calls.append(1) or records(pack, *names)
    )

    found = Store(tmp_path).listed("mine")

    assert len(calls) == len(files(tmp_path)[1])
    there = filter(None, map(store.read, sorted(keys, key=lambda of: of.path)))
    assert found == list(there)
    assert len(found) == N - 5


def test_a_file_wins_over_a_line_and_of_lines_one_that_is_ok(tmp_path):
    store = written(tmp_path)
    store.tidy()
    for status in ({"status": "failed", "reason": "x", "traceback": ""}, {"metrics": METRICS}):
        record = outcome(**{"metrics": METRICS} | status)
        if "traceback" in record:
            del record["metrics"]
        store.write(key(0), record)
        assert store.status(key(0)) == record["status"]
        assert contents(store)[key(0).identity]["status"] == record["status"]
        packs.LEAST_FILES, least = 1, packs.LEAST_FILES
        store.tidy()
        packs.LEAST_FILES = least
        assert store.status(key(0)) == "ok"
        assert len(contents(store)) == N


@pytest.mark.parametrize(
    "harm", [lambda c: c.replace(b'"seed":3', b'"seed":4', 1), lambda c: c[:-9]]
)
def test_a_line_that_was_changed_is_named_left_out_and_computed_anew(tmp_path, harm):
    written(tmp_path).tidy()
    (path,) = files(tmp_path)[1][:1]
    path.write_bytes(harm(path.read_bytes()))
    store = Store(tmp_path)
    assert len(contents(store)) < N
    assert len(store.damage) == 1
    (damage,) = store.damage.values()
    assert "line" in str(damage)
    assert "it was changed after it was written" in str(damage)

    Store(tmp_path).tidy()
    mended = Store(tmp_path)
    assert len(contents(mended)) == N - 1
    assert mended.damage == {}


def test_killed_between_the_pack_and_the_removal_of_files_nothing_is_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "LEAST_FILES", 10**9)
    store = written(tmp_path)
    before = contents(store)
    kept = {path: path.read_bytes() for path in files(tmp_path)[0]}
    monkeypatch.setattr(packs, "LEAST_FILES", 1)
    store.tidy()
    for path, content in list(kept.items())[:50]:
        write_bytes(path, content)
    assert list(contents(store)) != []
    assert contents(store) == before
    assert sum(1 for _ in store.records()) == N
