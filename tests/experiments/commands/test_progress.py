"""Progress is told in lines where there is no terminal."""

import io
import json
import platform
import time

import pytest

from experiments.commands import progress
from experiments.commands.journal import VARIABLE, append, in_hand, own_part, parts
from experiments.commands.progress import Monitor, duration
from experiments.files import CannotStoreError
from experiments.store.listing import read_listing, write_listing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "journals" / "run.jsonl"
    path.parent.mkdir()
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.fixture(params=[io.StringIO, Terminal])
def monitor(request, journal):
    return Monitor(journal, total=2, stream=request.param())


def corruption(what, error=None, worked=True):
    return {
        "event": "corruption",
        "what": what,
        "summary": "1 computed",
        "seconds": 61,
        "error": error,
        "worked": worked,
    }


def test_lines_counts_and_time_left(monitor):
    append({"event": "record", "status": "ok", "what": "friedman held_out pca ridge"})
    append(corruption("friedman"))
    append(corruption("parkinsons", error="file.csv is missing: get it"))
    monitor.close(complete=True)

    text = monitor.stream.getvalue()
    assert "[1/2] friedman: 1 computed, 1 min 01 s; about 0 s left" in text
    assert "[2/2] parkinsons: file.csv is missing: get it" in text
    assert "2 corruptions in 0 s: 1 computed, 1 failed" in text
    assert monitor.counts["failed"] == 1


def test_what_was_left_out_is_named_and_is_no_failure(monitor):
    for seed in (0, 1):
        append(corruption(f"ecl, seed {seed}", worked=False) | {"missing": "ecl"})
    monitor.close(complete=True)

    told = "nothing to do; left out for want of a file: ecl\n"
    assert told in monitor.stream.getvalue()
    assert monitor.counts["failed"] == 0


def test_the_time_left_counts_on_corruptions_that_needed_work(journal):
    monitor = Monitor(journal, total=3, stream=io.StringIO())
    append(corruption("already there", worked=False))
    append({"event": "record", "status": "ok", "what": "friedman held_out pca ridge"})
    append(corruption("computed"))
    monitor.close(complete=True)

    start, first, second, _ = monitor.stream.getvalue().splitlines()
    assert start == "a line follows for each corruption as it ends, 3 in all"
    assert "left" not in first
    assert second.endswith("about 0 s left")


def test_the_time_left_knows_what_others_have_in_hand(journal, monkeypatch):
    """Four jobs share a core: the first ends when the others have a sixteenth to go."""
    monitor = Monitor(journal, total=4, stream=io.StringIO())
    clock = monitor._begin
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock + 64.0)
    for host in "abcd":
        monkeypatch.setattr(platform, "node", lambda host=host: host)
        entries = {f"{host}{n}": {"regressor": "ridge"} for n in range(16)}
        append({"event": "planned", "entries": entries})
        for _ in range(16 if host == "d" else 15):
            append({"event": "record", "status": "ok", "what": "ridge"})
    append(corruption("d"))
    monitor.read()

    assert monitor.stream.getvalue().splitlines()[-1].endswith("; about 3 s left")


def test_a_line_that_is_not_written_to_its_end_is_read_later(monitor):
    event = json.dumps(corruption("friedman") | {"process": "here:1"})
    with open(own_part(monitor.journal), "a") as journal:
        journal.write(event[:10])
        journal.flush()
        monitor.read()
        assert monitor.done == 0
        journal.write(event[10:] + "\n")
    monitor.close(complete=True)

    assert monitor.done == 1


def test_what_is_in_hand_is_known_until_it_is_done(journal):
    monitor = Monitor(journal, total=2, stream=io.StringIO())
    append({"event": "begun", "what": "friedman held_out pca"})
    monitor.read()
    assert monitor.in_hand() == "friedman held_out pca"
    append({"event": "begun", "what": "friedman held_out pca ridge"})
    monitor.read()
    assert monitor.in_hand() == "friedman held_out pca ridge"
    append(corruption("friedman"))
    monitor.read()
    assert monitor.in_hand() == ""
    assert monitor.unheard == 1


def test_the_listing_grows_and_is_replaced_at_the_end(journal, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LISTINGS", 0)
    listing = tmp_path / "mine.jsonl"
    write_listing(listing, {"old.json": {"seed": 1}})
    monitor = Monitor(journal, total=2, listing=listing, stream=io.StringIO())

    append({"event": "planned", "entries": {"new.json": {"seed": 2}}})
    append(corruption("friedman"))
    monitor.read()
    assert read_listing(listing, pytest.fail) == {"new.json": {"seed": 2}, "old.json": {"seed": 1}}

    append(corruption("friedman"))
    monitor.close(complete=True)
    assert read_listing(listing, pytest.fail) == {"new.json": {"seed": 2}}
    assert parts(journal) == []


@pytest.mark.parametrize(("complete", "corruptions"), [(False, 2), (True, 1)])
def test_a_run_that_did_not_reach_its_end_takes_nothing_out(
    journal, tmp_path, complete, corruptions
):
    listing = tmp_path / "mine.jsonl"
    write_listing(listing, {"old.json": {}})
    monitor = Monitor(journal, total=2, listing=listing, stream=io.StringIO())
    append({"event": "planned", "entries": {"new.json": {}}})
    for _ in range(corruptions):
        append(corruption("friedman"))
    monitor.close(complete)

    assert read_listing(listing, pytest.fail) == {"new.json": {}, "old.json": {}}


def test_half_a_line_and_a_journal_that_is_gone_end_nothing(journal):
    monitor = Monitor(journal, total=2, stream=io.StringIO())
    own_part(journal).write_text('{"event": "rec{"event": "record"}\n')
    append(corruption("friedman"))
    monitor.read()
    assert monitor.done == 1
    own_part(journal).unlink()
    monitor.close(complete=True)
    assert monitor.unheard == 1


def test_a_journal_that_cannot_be_written_ends_the_run(journal):
    own_part(journal).mkdir()

    with pytest.raises(CannotStoreError, match="cannot write: Is a directory"):
        append({"event": "record"})


def test_without_a_run_to_follow_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)

    append({"event": "record"})

    assert list(tmp_path.iterdir()) == []


def test_failures_are_named_at_the_end_each_reason_once(monitor):
    for number in range(9):
        failure = {"status": "failed", "what": f"pca {number}", "reason": f"E: {number // 2}"}
        append({"event": "record", **failure})
    append(corruption("ecl", error="no file"))
    monitor.close(complete=True)

    *_, tally, first, second, third, fourth, fifth, more = monitor.stream.getvalue().splitlines()
    assert tally.endswith("10 failed")
    assert first == "failed: pca 0: E: 0"
    assert [second, third, fourth, fifth] == [f"failed: pca {2 * n}: E: {n}" for n in range(1, 5)]
    assert more == "failed: and 5 more"


def test_the_bar_tells_results_failures_and_the_time_left(journal, monkeypatch):
    """Planned ahead, by one process, of work that others do."""
    bar, clock = Monitor(journal, total=2, stream=Terminal()), time.monotonic()
    plain = Monitor(journal, total=2, stream=io.StringIO())
    entries = {f"{n}.json": {"regressor": "ridge"} for n in range(10)}
    for half in (range(5), range(5, 10)):
        append({"event": "due", "entries": {f"{n}.json": entries[f"{n}.json"] for n in half}})
    append({"event": "planned", "entries": entries})
    append({"event": "begun", "what": "friedman held_out pca ridge"})
    for status in ("ok", "failed"):
        append({"event": "record", "status": status, "what": "a b", "reason": "E"})
    monkeypatch.setattr(time, "monotonic", lambda: clock + 600)
    bar.read()
    plain.read()

    told = bar.stream.getvalue().rpartition("\r")[2]
    assert told.startswith("0/2 corruptions  20%|")
    assert "2/10 results, 1 failed; about 40 min" in told
    assert told.rstrip().endswith("left; friedman held_out pca ridge")
    assert "2 of 10 results, 1 failed; about 40 min" in plain.stream.getvalue().splitlines()[-1]
    plain.read()
    assert len(plain.stream.getvalue().splitlines()) == 2


def test_what_runs_have_in_hand_is_known_to_all(journal, monkeypatch):
    """Of every process what it has begun last, until it tells of its end."""
    for host, events in {"a": ["begun"], "b": ["begun", "record"], "c": ["begun", "begun"]}.items():
        monkeypatch.setattr(platform, "node", lambda host=host: host)
        for number, event in enumerate(events):
            labels = {"regressor": str(number)}
            append({"event": event, "path": f"{host}.json", "labels": labels, "time": number})
    append({"event": "due", "entries": {"d.json": {}}})

    planned, begun = in_hand(journal.parents[1])

    assert planned == {"d.json": {}}
    assert sorted(begun) == [
        ("a.json", {"regressor": "0"}, "a", 0),
        ("c.json", {"regressor": "1"}, "c", 1),
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3900, "1 h 05 min")],
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text
