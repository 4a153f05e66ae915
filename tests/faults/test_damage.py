"""What is damaged is named, left out of every table, counted, and computed anew."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from experiments.commands import archive, report, status
from experiments.files import remove_stale, temporary_files, write_json
from experiments.report import writing
from experiments.store.listing import write_listing
from experiments.store.records import DamagedError, check_metrics, path_of, seal
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, compose_settings
from tests.support.following import run_noted
from tests.support.records import KEY, METRICS, SCORE, outcome

OVERRIDES = (*SMALL, "regressor=[ridge,knn]", "name=mine")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of six records."""
    folder = tmp_path_factory.mktemp("made") / "results"
    run_noted(compose_settings(folder, *OVERRIDES))
    return folder


@pytest.fixture
def results(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


@pytest.fixture
def record(results) -> Path:
    """The file of one score."""
    (path,) = results.glob("runs/records/*/held_out/identity-ridge-*.json")
    return path


def changed(edit, finish=lambda record: record):
    """What edits the content of a record by hand."""

    def change(path):
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(finish(content)))

    return change


def sealed(edit):
    """What edits a record and its checksum."""
    return changed(edit, seal)


def flip_a_digit(path):
    text = path.read_text()
    place = text.index('"mse_before": 0.') + len('"mse_before": 0.')
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])


def put(path, content):
    path.unlink()
    path.write_bytes(content)


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def loop(path):
    path.unlink()
    path.symlink_to(path)


def of(path, other):
    return next(path.parent.glob(f"identity-{other}-*.json"))


DAMAGES = {
    "a number": (lambda p: put(p, b"5"), "it holds '5', not a record"),
    "a list": (lambda p: put(p, b"[]"), "it holds '[]', not a record"),
    "null": (lambda p: put(p, b"null"), "it holds 'None', not a record"),
    "nothing": (lambda p: put(p, b""), "no JSON"),
    "half of it": (lambda p: put(p, p.read_bytes()[:500]), "no JSON"),
    "no text": (lambda p: put(p, b"\xff\xfe\x00"), "no JSON"),
    "nesting": (lambda p: put(p, b"[" * 100_000), "no JSON"),
    "not a number": (
        lambda p: put(p, p.read_bytes().replace(b'"mse_before": 0', b'"mse_before": NaN, "x": 0')),
        "metrics.mse_before is nan, not a finite number",
    ),
    "a pipe": (fifo, "no regular file"),
    "a link to itself": (loop, "symbolic links"),
    "another one's copy": (lambda p: shutil.copy(of(p, "knn"), p), "it is the record of friedman/"),
    "a seed": (changed(lambda r: r["config"].update(seed=1)), "not the identity"),
    "a seed in its labels": (
        sealed(lambda r: r["labels"].update(seed=1)),
        "labels.seed is not that of its config",
    ),
    "a label": (
        changed(lambda r: r["labels"].update(denoiser="best")),
        "changed after it was written",
    ),
    "a digit": (flip_a_digit, "its grid says"),
    "a cost": (changed(lambda r: r["seconds"].update(fit=0.0)), "changed after it was written"),
    "its headline": (
        sealed(lambda r: r["metrics"].update(mse_after=0.0)),
        "metrics.mse_after is 0.0, its grid says",
    ),
    "its ceiling": (
        sealed(lambda r: r["metrics"].pop("mse_ceiling")),
        "metrics.mse_ceiling is None, its grid says",
    ),
    "its grid": (sealed(lambda r: r["metrics"].pop("grid")), "metrics.grid is missing"),
    "its status": (sealed(lambda r: r.update(status="fine")), "status is 'fine'"),
    "a list as status": (sealed(lambda r: r.update(status=[])), "status is []"),
    "a missing field": (sealed(lambda r: r.pop("environment")), "environment is missing"),
    "a field too many": (sealed(lambda r: r.update(comment="")), "comment is no field"),
    "a type": (sealed(lambda r: r.update(labels=[])), "labels must be dict, not list"),
    "a true number": (
        sealed(lambda r: r["metrics"].update(mse_before=True)),
        "metrics.mse_before is True",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_record(results, record, kind, capsys, monkeypatch):
    whole = {path_of(r["config"]): r["metrics"] for r in Store(results).records()}
    damage, message = DAMAGES[kind]
    damage(record)

    monkeypatch.setattr(writing, "_write_pictures", lambda *_: [])
    for named in ((), ("--experiment", "mine")):
        assert report.main(["--results", str(results), *named]) == 0
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1
        assert f"{record}: damaged and left out: " in err
        assert message in err
        folder = results / (named[1] if named else "all")
        assert len((folder / "long.csv").read_text().splitlines()) == 1 + 3
    assert status.main(["--results", str(results)]) == 1
    shown = capsys.readouterr()
    assert "5 records" in shown.out
    assert "1 damaged" in shown.out
    assert message in shown.err

    statuses = run_noted(compose_settings(results, *OVERRIDES)).statuses
    assert sorted(statuses) == ["cached"] * 3 + ["ok"]
    store = Store(results)
    assert {path_of(r["config"]): r["metrics"] for r in store.records()} == whole
    assert store.damage == {}


def test_a_stray_file_and_a_copy_elsewhere_are_named_and_never_counted(results, record, capsys):
    folder = results / "runs" / "records"
    strays = [folder / "notes.txt", folder / "friedman" / "held_out" / "x.json", folder / "a.json~"]
    for stray in strays:
        stray.write_text("{}")
    copy = folder / "quartic" / "held_out" / record.name
    copy.parent.mkdir(parents=True)
    shutil.copy(record, copy)
    (folder / ".DS_Store").touch()

    assert status.main(["--results", str(results)]) == 1

    shown = capsys.readouterr()
    assert "6 records" in shown.out
    assert "4 damaged" in shown.out
    for path in (*strays, copy):
        assert f"{path}: damaged and left out: " in shown.err
    assert ".DS_Store" not in shown.err


def test_all_of_them_at_once_do_not_block_a_report(results, monkeypatch, capsys):
    paths = sorted(results.glob("runs/records/**/*-knn-*.json"))
    paths[0].write_text("5")
    fifo(paths[1])
    monkeypatch.setattr(writing, "_write_pictures", lambda *_: [])

    assert report.main(["--results", str(results)]) == 0
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_damaged_line_of_a_listing_is_named_and_the_others_count(results, capsys):
    listing = results / "runs" / "experiments" / "mine.jsonl"
    lines = listing.read_text().splitlines()
    listing.write_text("\n".join(["{", "5", *lines]))

    assert status.main(["--results", str(results), "--experiment", "mine"]) == 1

    shown = capsys.readouterr()
    assert f"{listing}, line 1: damaged" in shown.err
    assert f"{listing}, line 2: damaged" in shown.err
    assert "6 records" in shown.out


def test_what_is_damaged_is_not_archived(results, record, capsys):
    record.write_text("[]")

    assert archive.main(["--allow-dirty", "--results", str(results), "--experiment", "mine"]) == 0

    shown = capsys.readouterr()
    assert "3 ok, 0 failed, 0 skipped, 1 not run yet" in shown.out
    assert f"{record}: damaged" in shown.err


def test_a_listing_that_is_replaced_is_never_gone(tmp_path, monkeypatch):
    path = tmp_path / "mine.jsonl"
    write_listing(path, {KEY.path: KEY.labels})
    before = path.read_text()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        write_listing(path, {SCORE.path: SCORE.labels})

    assert path.read_text() == before


def test_temporary_files_go_when_they_are_older_than_a_day(tmp_path):
    day = 25 * 3600
    # A clock that was set back makes a file of now look as if it came from the future.
    ages = {".old.tmp": day, ".young.tmp": 0, ".of_the_future.tmp": -1e6, "no_temporary.tmp": day}
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)

    remove_stale(temporary_files(tmp_path))

    assert {path.name for path in tmp_path.iterdir()} == ages.keys() - {".old.tmp"}


def test_a_score_is_held_to_its_grid_when_it_is_written_too():
    check_metrics(METRICS, of_score=True)
    with pytest.raises(DamagedError, match="refined"):
        check_metrics(METRICS | {"grid": {"noisy|noisy|noisy": 0.5}}, of_score=True)


def test_records_of_every_kind_are_whole(tmp_path):
    store = Store(tmp_path)
    store.write(KEY, outcome(status="failed", reason="no", traceback="no", metrics={}) | {})
    assert "metrics is no field" in str(store.read(KEY) or next(iter(store.damage.values())))
    failed = outcome(status="failed", reason="no", traceback="no")
    del failed["metrics"]
    store.write(KEY, failed)
    store.write(SCORE, outcome(metrics=METRICS))
    assert store.status(KEY) == "failed"
    assert store.status(SCORE) == "ok"
    write_json(tmp_path / "x.json", {})
