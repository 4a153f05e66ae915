"""Progress is told in lines where there is no terminal."""

import io
import json

import pytest

from experiments.progress import VARIABLE, Monitor, append, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[io.StringIO, Terminal])
def monitor(request, tmp_path):
    return Monitor(tmp_path / "journal.jsonl", total=2, stream=request.param())


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
    monitor.start()
    append({"event": "record", "status": "ok", "what": "friedman held_out pca ridge"})
    append(corruption("friedman"))
    append(corruption("parkinsons", error="file.csv is missing: get it"))
    monitor.stop()

    text = monitor.stream.getvalue()
    assert "[1/2] friedman: 1 computed, 1 min 01 s; about 0 s left" in text
    assert "[2/2] parkinsons: file.csv is missing: get it" in text
    assert "2 corruptions in 0 s: 1 computed, 1 failed" in text
    assert monitor.counts["failed"] == 1


def test_the_time_left_counts_on_corruptions_that_needed_work(tmp_path):
    monitor = Monitor(tmp_path / "journal.jsonl", total=3, stream=io.StringIO())
    monitor.start()
    append(corruption("already there", worked=False))
    append(corruption("computed"))
    monitor.stop()

    first, second, _ = monitor.stream.getvalue().splitlines()
    assert "left" not in first
    assert second.endswith("about 0 s left")


def test_a_line_that_is_not_written_to_its_end_is_read_later(monitor):
    monitor.start()
    event = json.dumps(corruption("friedman"))
    with open(monitor.journal, "a") as journal:
        journal.write(event[:10])
        journal.flush()
        monitor._read()
        journal.write(event[10:] + "\n")
    monitor.stop()

    assert monitor.done == 1


def test_without_a_run_to_follow_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)

    append({"event": "record"})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3900, "1 h 05 min")],
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text
