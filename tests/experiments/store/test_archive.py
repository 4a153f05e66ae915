"""The long table in git counts as records, and every published table is made again from it."""

import gzip
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.commands import archive, report, status
from experiments.files import StoreError
from experiments.report import writing
from experiments.report.figures import _drawing as drawing
from experiments.store.archive import Archive, to_bytes
from experiments.store.listing import read_listing, write_listing
from experiments.store.long_table import long_table, read_long_table
from experiments.store.records import Key, path_of, rounded, seal
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, compose_settings, double
from tests.support.following import run_noted

RESULTS = Path(__file__).parents[3] / "results"
COMMITTED = RESULTS / "records.jsonl.gz"
# What a report writes besides, and git ignores.
NOT_IN_GIT = re.compile(r".*\.(csv|tex|pdf|html)|cd_.*_(tabular|series)_.*\.png")
TINY = (*SMALL, "denoiser=[identity,moving_average]", "noise.on=both", "name=mine")


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def run(results):
    """Run the tiny experiment and count what became of its pieces of work."""
    return lambda *overrides: run_tiny(results, *overrides)


def run_tiny(results, *overrides):
    return Counter(run_noted(compose_settings(results, *TINY, *overrides)).statuses)


@pytest.fixture(scope="module")
def flag(tmp_path_factory):
    """The file as long as which a method fails."""
    return tmp_path_factory.mktemp("flag") / "broken"


@pytest.fixture(scope="module")
def more(flag):
    """Overrides that add a method that fails and one that does not apply."""
    return (*double("denoiser", "Broken", log=flag), *double("denoiser", "SeriesOnly"))


@pytest.fixture(scope="module")
def made(tmp_path_factory, flag, more):
    flag.touch()
    folder = tmp_path_factory.mktemp("made") / "results"
    run_tiny(folder, *more)
    return folder


@pytest.fixture
def recorded(made, results, flag):
    """The tiny experiment with both of them, in files."""
    flag.touch()
    return shutil.copytree(made, results)


@pytest.fixture
def archived(recorded, results):
    """The same in the archive too."""
    assert add("mine", results) == 0
    return results


def add(name: str, results: Path, *more: str, allow_dirty: bool = True) -> int:
    allowed = ["--allow-dirty"] if allow_dirty else []
    return archive.main(["--experiment", name, "--results", str(results), *allowed, *more])


def write_changed(path: Path, content: str, **changes: object) -> dict:
    """Write a record as a run with these other values would have."""
    record = seal(json.loads(content) | changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return record


def drop_files(results: Path) -> None:
    shutil.rmtree(results / "runs")


def rewrite(path: Path, change) -> None:
    """Change the lines of an archive by hand."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    change(lines)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))


def test_the_records_in_the_archive_make_the_same_long_table(archived, results):
    of_files = read_long_table(results, "mine")
    everything = read_long_table(results)
    drop_files(results)

    assert set(of_files.status) == {"ok", "failed", "skipped"}
    pd.testing.assert_frame_equal(read_long_table(results, "mine"), of_files, check_exact=True)
    pd.testing.assert_frame_equal(read_long_table(results), everything, check_exact=True)


def test_a_record_of_the_archive_says_what_it_said(archived, results):
    files = {record["identity"]: record for record in Store(results).records()}
    drop_files(results)
    again = {record["identity"]: record for record in Store(results).records()}

    assert again.keys() == files.keys()
    for name, record in again.items():
        file = rounded(files[name])
        assert record.pop("archived")
        differing = {key for key in record if record[key] != file[key]}
        assert differing <= {"checksum", "traceback"}
    failed = [record for record in again.values() if record["status"] == "failed"]
    assert failed
    assert {record["traceback"] for record in failed} == {""}, "it names folders of this machine"


def test_what_is_archived_is_not_computed_again(archived, run, more, results):
    drop_files(results)

    found = run(*more)

    # The method that failed is tried again; what was skipped is skipped.
    assert found == {"cached": 4, "skipped": 2, "failed": 2}
    assert all("broken" in p.name for p in results.glob("runs/records/**/*.json"))


def test_a_new_regressor_adds_only_its_own_records(archived, run, results):
    drop_files(results)

    assert run("regressor=[ridge,knn]") == {"cached": 4, "ok": 4}
    files = [json.loads(path.read_text()) for path in results.glob("runs/records/**/*.json")]
    assert {record["labels"].get("regressor") for record in files} == {"knn"}
    table = read_long_table(results, "mine")
    assert len(table) == 8
    assert table.swd.notna().all(), "cells come from the archive"


def test_a_failure_that_is_gone_replaces_the_archived_one(
    archived, run, more, flag, results, capsys
):
    drop_files(results)
    flag.unlink()

    assert run(*more) == {"cached": 4, "skipped": 2, "ok": 2}
    assert add("mine", results) == 0

    assert "16 records" in capsys.readouterr().out.splitlines()[-1]
    assert Counter(read_long_table(results, "mine").status) == {"ok": 6, "skipped": 2}
    kept = long_table(Archive.read(results / "records.jsonl.gz").records())
    assert Counter(kept.status) == {"ok": 6, "skipped": 2}


@pytest.mark.parametrize("gone", ["runs", "runs/records"], ids=["unlisted", "listed"])
def test_a_file_wins_over_the_archive(archived, results, gone):
    store = Store(results)
    (path,) = results.glob("runs/records/*/held_out/identity-ridge-*.json")
    content = path.read_text()
    shutil.rmtree(results / gone)
    record = write_changed(path, content, source="0123")

    for records in (list(store.records()), store.listed("mine")):
        assert len(records) == 16
        assert [found for found in records if "archived" not in found] == [record]


def test_a_key_of_the_archive_is_found_by_its_path(archived, results):
    record = next(r for r in Store(results).records() if "regressor" not in r["config"])
    drop_files(results)
    key = Key(record["config"], record["labels"])
    other = replace(key, config=record["config"] | {"seed": 12345})
    store = Store(results)

    assert store.status(key) == record["status"]
    assert store.read(key)["identity"] == key.identity
    assert store.status(other) is store.read(other) is None


def test_experiments_share_records(archived, run, results, capsys):
    run("name=other", "denoiser=identity")
    assert add("other", results) == 0

    found = Archive.read(results / "records.jsonl.gz")
    shared = found.members("mine").keys() & found.members("other").keys()
    assert (len(found.members("mine")), len(found.members("other")), len(shared)) == (16, 4, 4)
    assert "16 records" in capsys.readouterr().out.splitlines()[-1]
    drop_files(results)
    assert set(read_long_table(results, "other").denoiser) == {"identity"}
    assert len(read_long_table(results, "mine")) == len(read_long_table(results)) == 8


def test_labels_are_those_of_the_experiment(archived, run, results):
    run("name=other", "denoiser=identity", "dataset.name=called_otherwise")
    assert add("other", results) == 0
    drop_files(results)

    assert set(read_long_table(results, "mine").dataset) == {"friedman"}
    assert set(read_long_table(results, "other").dataset) == {"called_otherwise"}
    assert len(Archive.read(results / "records.jsonl.gz")) == 16
    assert len(read_long_table(results)) == 8, "the same work counts once"


def test_the_command_says_what_changed(run, results, capsys):
    run("regressor=[ridge,knn]")
    add("mine", results)
    assert "12 added, 0 replaced, 0 kept, 0 dropped" in capsys.readouterr().out
    before = (results / "records.jsonl.gz").read_bytes()

    add("mine", results)
    assert "0 added, 0 replaced, 12 kept, 0 dropped" in capsys.readouterr().out
    assert (results / "records.jsonl.gz").read_bytes() == before

    shutil.rmtree(results / "runs" / "experiments")
    path = next(p for p in results.glob("runs/records/**/*.json") if "ridge" in p.name)
    write_changed(path, path.read_text(), source="0123")
    run("regressor=ridge", "seed=0")
    run("regressor=ridge", "seed=1")
    next(p for p in results.glob("runs/records/**/*.json") if '"seed": 1' in p.read_text()).unlink()
    add("mine", results)
    out = capsys.readouterr().out
    assert "7 added, 1 replaced, 7 kept, 4 dropped" in out


def test_a_run_that_was_killed_lacks_records(recorded, results, capsys):
    (path,) = results.glob("runs/records/*/held_out/identity-ridge-*.json")
    path.unlink()

    assert add("mine", results) == 0
    assert "mine: 3 ok, 2 failed, 2 skipped, 1 not run yet" in capsys.readouterr().out


def test_runs_in_several_folders_are_one_experiment(run, results, tmp_path, capsys):
    run("seed=0")
    results.rename(tmp_path / "elsewhere")
    run("seed=1")

    assert add("mine", results, "--from", str(tmp_path / "elsewhere")) == 0

    assert "mine: 8 ok" in capsys.readouterr().out
    drop_files(results)
    assert set(read_long_table(results, "mine").seed) == {0, 1}


def test_a_success_elsewhere_wins_over_a_failure_here(
    archived, run, more, flag, results, made, tmp_path
):
    flag.unlink()
    run(*more)
    shutil.move(results, tmp_path / "good")
    shutil.copytree(made, results)

    assert add("mine", results, "--from", str(tmp_path / "good")) == 0

    records = Archive.read(results / "records.jsonl.gz").records()
    assert {r["status"] for r in records} == {"ok", "skipped"}


def test_an_experiment_that_was_never_run_is_refused(recorded, results, capsys):

    assert add("yours", results) == 2

    message = capsys.readouterr().err
    assert "experiment 'yours' was never run" in message
    assert "there is mine" in message
    assert not (results / "records.jsonl.gz").exists()


def test_two_rows_of_the_same_work_are_refused(recorded, results, monkeypatch, capsys):
    listing = results / "runs" / "experiments" / "mine.jsonl"
    entries = read_listing(listing, pytest.fail)
    write_listing(listing, {path: of | {"denoiser": "one name"} for path, of in entries.items()})
    # Without the settings that tell them apart.
    monkeypatch.setattr("experiments.store.rows._of_component", lambda *_: {})

    assert add("mine", results) == 2

    message = capsys.readouterr().err
    assert "experiment 'mine'" in message
    assert "repeat another one's work" in message
    assert not (results / "records.jsonl.gz").exists()


def test_the_bytes_depend_on_the_records_alone(archived, results):
    path = results / "records.jsonl.gz"
    found = Archive.read(path)

    content = path.read_bytes()
    assert content[4:8] == bytes(4), "no time in the header"
    assert content[3] == 0, "no name either"
    members = {"mine": dict(reversed(found.members("mine").items()))}
    assert to_bytes(reversed(list(found.records())), members) == content
    lines = gzip.decompress(content).decode().splitlines()
    paths = [path_of(json.loads(line)["config"]) for line in lines]
    assert paths == sorted(paths)


def test_an_archive_cut_short_is_named(archived, results):
    path = results / "records.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-100])
    store = Store(results)

    assert len(list(store.records())) == 16, "the files are there"
    (damage,) = store.damage.values()
    assert re.search(r"records\.jsonl\.gz: .*cannot be read .*restore it with git", str(damage))
    with pytest.raises(StoreError, match=r"jsonl\.gz: cannot be read .*restore it with git"):
        store.check_archive()


LINES = {
    "an identity": (lambda r: r.update(identity="0123456789abcdef"), "is not the identity"),
    "a config": (lambda r: r.update(config={}), "is not the identity"),
    "no config": (lambda r: r.update(config=5), "config must be dict, not int"),
    "a seed": (lambda r: r["config"].update(seed=1), "is not the identity"),
    "a metric": (lambda r: r["metrics"].update(swd=0.123), "changed after it was written"),
    "a label": (lambda r: r["labels"].update(denoiser="best"), "changed after it was written"),
    "a membership": (lambda r: r.update(experiments={}), "changed after it was written"),
    "a name": (lambda r: r.update(experiments={"../x": {}}), "is no name of an experiment"),
    "a checksum": (lambda r: r.update(checksum=""), "changed after it was written"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_damaged_line_is_left_out_and_computed_anew(archived, run, more, results, capsys, kind):
    path = results / "records.jsonl.gz"
    change, message = LINES[kind]

    def damage(lines):
        number = next(i for i, line in enumerate(lines) if '"status":"ok"' in line)
        record = json.loads(lines[number])
        change(record)
        lines[number] = json.dumps(record)

    drop_files(results)
    rewrite(path, damage)
    store = Store(results)
    assert len(list(store.records())) == 15
    (noted,) = store.damage.values()
    assert re.match(rf"{path}, line \d+: damaged and left out: ", str(noted))
    assert message in str(noted)
    assert status.main(["--results", str(results)]) == 1
    assert "1 damaged" in capsys.readouterr().out

    run(*more)
    add("mine", results)
    assert Archive.read(path).damage == []
    assert len(Archive.read(path)) == 16


@pytest.mark.parametrize("line", ["5", "[]", "", "{}", "[" * 100_000])
def test_a_line_that_is_no_record_is_named(archived, results, line):
    rewrite(results / "records.jsonl.gz", lambda lines: lines.insert(0, line))

    (damage,) = Archive.read(results / "records.jsonl.gz").damage
    assert "line 1: damaged and left out: " in str(damage)


def test_code_that_differs_from_its_commit_is_refused(recorded, results, capsys):
    path = results / "runs" / "records"
    for file in path.rglob("*.json"):
        environment = json.loads(file.read_text())["environment"] | {"git": "0123456789ab-dirty"}
        write_changed(file, file.read_text(), environment=environment)

    assert add("mine", results, allow_dirty=False) == 2
    err = capsys.readouterr().err
    assert "16 records were computed by code that differs from its commit" in err
    assert "--allow-dirty" in err
    assert not (results / "records.jsonl.gz").exists()
    assert add("mine", results) == 0
    # What is in the archive stays there.
    assert add("mine", results, allow_dirty=False) == 0


def test_an_archive_that_changes_is_read_again(run, results):
    run()
    add("mine", results)
    path = results / "records.jsonl.gz"
    assert len(Archive.read(path)) == 8
    assert Archive.read(path) is Archive.read(path)

    run("regressor=[ridge,knn]")
    add("mine", results)
    assert len(Archive.read(path)) == 12


def test_status_tells_what_comes_from_the_archive(archived, results, capsys):
    drop_files(results)

    assert status.main(["--results", str(results)]) == 1

    out = capsys.readouterr().out
    assert f"16 records, 16 of them from {results / 'records.jsonl.gz'}" in out
    assert "failed: friedman published broken ridge: the denoiser failed: Arith" in out


def test_tables_from_the_archive_are_those_of_the_records(archived, results, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_write_pictures", lambda *_: [])
    assert report.main(["--results", str(results), "--experiment", "mine"]) == 0
    drop_files(results)

    for folder in ("one", "two"):
        options = ["--archive", "--results", str(results), "--out", str(tmp_path / folder)]
        assert report.main(options) == 0

    pages = [(tmp_path / folder / "report.html").read_bytes() for folder in ("one", "two")]
    assert pages[0] == pages[1]
    names = {path.name for path in (results / "mine").iterdir()} - {"report.html"}
    assert {"README.md", "imp.csv", "imp.md", "imp.tex"} <= names
    assert "long.csv" not in names, "the archive has these rows"
    command = f"--results {results} --experiment mine"
    for name in names:
        first, second = ((tmp_path / folder / "mine" / name) for folder in ("one", "two"))
        assert first.read_bytes() == second.read_bytes(), name
        of_files = (results / "mine" / name).read_text().replace(command, "--experiment mine")
        assert first.read_text() == of_files, name


def test_the_report_of_newer_records_writes_its_own_long_table(
    archived, run, more, results, monkeypatch
):
    monkeypatch.setattr(writing, "_write_pictures", lambda *_: [])
    run("regressor=[ridge,knn]", *more)

    assert report.main(["--results", str(results), "--experiment", "mine"]) == 0
    written = pd.read_csv(results / "mine" / "long.csv")
    assert set(written.regressor) == {"ridge", "knn"}

    add("mine", results)
    assert report.main(["--results", str(results), "--experiment", "mine"]) == 0
    assert not (results / "mine" / "long.csv").exists()


def test_a_report_on_an_archive_that_is_not_there(results, capsys):
    assert report.main(["--archive", "--results", str(results)]) == 2
    assert "python -m experiments archive" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_tables_are_made_from_the_published_archive(tmp_path, monkeypatch):
    # Of figures the names are compared alone: rendering them would take most of the time.
    def published(figure, stem):
        png = stem.with_name(f"{stem.name}.png")
        if not NOT_IN_GIT.fullmatch(png.name):
            there = RESULTS / png.relative_to(tmp_path)
            assert there.exists(), f"{there} is not published: run `make tables`"
            shutil.copyfile(there, png)
        return [png, stem.with_name(f"{stem.name}.pdf")]

    monkeypatch.setattr(drawing, "save", published)
    found = Archive.read(COMMITTED)
    assert found.damage == []

    assert report.main(["--archive", "--results", str(RESULTS), "--out", str(tmp_path)]) == 0

    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    files = (path for path in tmp_path.rglob("*") if path.is_file())
    made = {path.relative_to(tmp_path) for path in files if not NOT_IN_GIT.fullmatch(path.name)}
    for folder in map(writing.folder_of, found.experiments):
        files = {path.relative_to(RESULTS) for path in (RESULTS / folder).iterdir()}
        published = {path for path in files if not NOT_IN_GIT.fullmatch(path.name)}
        assert published == {path for path in made if path.parent == folder}
    for path in sorted(made):
        content = (RESULTS / path).read_bytes()
        assert (tmp_path / path).read_bytes() == content, f"{path}: run `make tables`"


def test_the_page_of_results_has_the_verdicts_of_the_published_tables():
    """What the page says of the claims is copied there: it must not grow old."""
    made = (RESULTS / "published" / "published.md").read_text()
    page = (RESULTS / "README.md").read_text()

    def verdicts(text):
        lines = text[text.index("| claim") :].split("\n\n")[0].splitlines()
        return [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in lines
            if "---" not in line
        ]

    assert verdicts(page) == verdicts(made)
    assert len(verdicts(page)) > 15


def test_every_ablation_has_a_sentence_whose_figures_stand_in_its_tables():
    page = (RESULTS / "README.md").read_text()
    row = r"^\| \[(\w+)\]\(ablations/\1/README\.md\) \| (.+) \|$"
    told = dict(re.findall(row, page, re.MULTILINE))

    names = Archive.read(COMMITTED).experiments
    assert set(told) == {writing.folder_of(name).name for name in names if "ablation_" in name}
    for study, sentence in told.items():
        tables = (RESULTS / "ablations" / study / "ablation.md").read_text()
        for figure in re.findall(r"-?\d+\.\d+", sentence):
            assert re.search(rf"(?<![\d.-]){figure}(?!\d)", tables), f"{study}: {figure}"
