"""What one job computed is found by the next, bit for bit, and told as reused."""

import fcntl
import os
import threading
from dataclasses import replace

import pytest

from experiments.runner import run as run_module
from experiments.runner.scoring import Scorer
from experiments.store.cache import BusyError, Cache, Kept
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, double
from tests.support.following import run_noted


@pytest.fixture
def done(settings_of, monkeypatch):
    """Run overrides; the records by what they are of, the refinements and reference fits done."""
    counted = []

    def counting(name, function):
        def call(*arguments):
            counted.append(name)
            return function(*arguments)

        return call

    monkeypatch.setattr(run_module, "denoise", counting("denoise", run_module.denoise))
    monkeypatch.setattr(Scorer, "reference", counting("reference", Scorer.reference))

    def run(*overrides, **changed):
        counted.clear()
        overrides = (*SMALL[:2], "denoiser=[identity,pca]", *overrides)
        settings = replace(settings_of(*overrides), **changed)
        run_noted(settings)
        labels = ("protocol", "denoiser", "regressor")
        records = {
            tuple(record["labels"].get(label) for label in labels): record
            for record in Store(settings.results).records()
        }
        return records, counted.count("denoise"), counted.count("reference")

    return run


def metrics(records):
    return {place: record["metrics"] for place, record in records.items()}


def scores(results):
    return list((results / "runs" / "records").rglob("*-ridge-*.json"))


def test_one_more_regressor_and_denoiser_refit_nothing(done, tmp_path):
    assert done("regressor=ridge")[1:] == (4, 2)
    assert done("regressor=[ridge,knn]")[1:] == (0, 2)
    records, *counts = done("regressor=[ridge,knn]", "denoiser=[identity,pca,ppca]")
    assert counts == [2, 0]

    anew, *counts = done(
        "regressor=[ridge,knn]", "denoiser=[identity,pca,ppca]", cache_gb=0.0, results=tmp_path
    )
    assert counts == [6, 4]
    assert metrics(records) == metrics(anew)


def test_what_was_found_is_told_as_reused(done, tmp_path):
    before, *_ = done("regressor=ridge")
    for path in (tmp_path / "results" / "runs" / "records").rglob("*.json"):
        path.unlink()

    after, *counts = done("regressor=ridge")

    assert counts == [0, 0]
    assert metrics(before) == metrics(after)
    was, now = (records["held_out", "pca", None] for records in (before, after))
    assert now["seconds"] == now["cpu_seconds"] == {}
    assert now["reused"]["seconds"] == pytest.approx(sum(was["seconds"].values()))
    booked = {place for place, record in before.items() if "reference" in record["seconds"]}
    assert booked == {(protocol, "identity", "ridge") for protocol in ("published", "held_out")}
    assert not any("reference" in record["seconds"] for record in after.values())
    # The fit on noisy rows is that on refined ones, where nothing was changed.
    assert before["held_out", "identity", "ridge"]["reused"]["seconds"] > 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:200] + b"x" + path.read_bytes()[201:]),
        lambda path: path.unlink(),
    ],
)
def test_what_is_damaged_is_computed_anew_and_replaced(done, tmp_path, damage):
    before, *_ = done("regressor=ridge")
    entries = sorted((tmp_path / "results" / "runs" / "cache").iterdir())
    assert len(entries) == 4 + 2
    contents = [entry.read_bytes() for entry in entries]
    for entry in entries:
        damage(entry)
    for path in scores(tmp_path / "results"):
        path.unlink()

    after, *counts = done("regressor=ridge")

    assert counts == [4, 2]
    assert metrics(before) == metrics(after)
    assert [len(entry.read_bytes()) for entry in entries] == pytest.approx(
        [len(content) for content in contents], abs=500
    )


@pytest.mark.parametrize("what", ["source_of", "computing"])
def test_other_source_or_libraries_find_nothing(done, monkeypatch, tmp_path, what):
    done("regressor=ridge")
    for path in scores(tmp_path / "results"):
        path.unlink()
    other = {"source_of": lambda config: "other", "computing": lambda: {"python": "other"}}
    monkeypatch.setattr(f"experiments.store.cache.{what}", other[what])

    assert done("regressor=ridge")[1:] == (4, 2)


def test_a_failure_is_kept_by_nobody(done, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    overrides = ("protocol=held_out", "regressor=ridge", *double("denoiser", "Broken", log=flag))
    records, *_ = done(*overrides)
    assert records["held_out", "broken", "ridge"]["status"] == "failed"
    flag.unlink()

    records, *counts = done(*overrides)

    assert counts == [1, 0]
    assert records["held_out", "broken", "ridge"]["status"] == "ok"


def kept(size=1000):
    return Kept({}, {"text": "x" * size})


def test_what_was_used_least_recently_goes_first(tmp_path):
    cache = Cache(tmp_path, 10**9)
    for number in range(4):
        cache.obtain({"number": number}, None, kept, wait=True)
    paths = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for age, path in enumerate(reversed(paths)):
        os.utime(path, (1e9 - age, 1e9 - age))
    foreign = tmp_path / "thesis.npz"
    foreign.touch()
    os.utime(foreign, (0, 0))
    assert cache.obtain({"number": 0}, None, kept, wait=True)[1], "used last"

    Cache(tmp_path, 3.5 * paths[0].stat().st_size).obtain({"number": 4}, None, kept, wait=True)

    left = [cache.obtain({"number": n}, None, kept, wait=True)[1] for n in (4, 0, 3, 2, 1)]
    assert left == [True, True, True, False, False]
    assert foreign.exists()


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(tmp_path):
    (tmp_path / "cache").touch()

    for _ in range(2):
        assert Cache(tmp_path / "cache", 1).obtain({}, None, kept, wait=True) == (kept(), False)


def test_two_that_need_the_same_at_once_compute_it_once(tmp_path):
    cache, computed = Cache(tmp_path, 10**9), []
    begun, finish = threading.Event(), threading.Event()

    def slow():
        begun.set()
        finish.wait(10)
        computed.append(1)
        return kept()

    first = threading.Thread(target=cache.obtain, args=({}, None, slow, True))
    first.start()
    begun.wait(10)
    with pytest.raises(BusyError):
        cache.obtain({}, None, slow, wait=False)
    second = threading.Thread(target=cache.obtain, args=({}, None, slow, True))
    second.start()
    finish.set()
    first.join()
    second.join()

    assert computed == [1]
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_a_disk_without_locks_computes_twice(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    assert Cache(tmp_path, 10**9).obtain({}, None, kept, wait=False) == (kept(), False)
    assert Cache(tmp_path, 10**9).obtain({}, None, kept, wait=False) == (kept(), True)


def test_what_others_compute_is_waited_for_last(monkeypatch):
    done, busy = [], {"a"}

    def do(piece, wait):
        if piece in busy and not wait:
            raise BusyError
        done.append(piece)

    run_module._in_turn(["a", "b"], do)

    assert done == ["b", "a"]
