"""A name of an experiment leads nowhere but to its own listing and report."""

import pytest

from experiments.commands import archive, report, status
from experiments.files import StoreError
from experiments.settings.values import ConfigError
from experiments.store.store import Store
from experiments.words import why_no_name
from tests.experiments.conftest import SMALL
from tests.support.following import enlist

NAMES = ["..", ".", "", "../records", "a/b", "/abs/path", ".hidden", "a b", "ü", "a\n", "a\\b", "~"]
RESERVED = ["runs", "all"]


@pytest.fixture
def results(tmp_path):
    """A results folder with something to lose, and something beside it."""
    for name in ("results/runs/records/a.json", "results/runs/experiments/x.jsonl", "beside/b"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    return tmp_path / "results"


def contents(folder):
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("name", ["quick", "paper_series", "a", "v1.2+x-y", "_", "-", "+", "0"])
def test_words_are_names(name):
    assert why_no_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("ablation_", "ablation_..", "ablation_.x", "ablations"),
        *("records.jsonl.gz", "README.md", "long.csv", "report.html"),
    ],
)
def test_a_report_stays_in_its_place_and_takes_that_of_no_other(name):
    assert why_no_name(name) is not None


@pytest.mark.parametrize("name", [*NAMES, *RESERVED, "x" * 101])
def test_other_names_are_refused_everywhere(name, settings_of, results, tmp_path, capsys):
    before = contents(tmp_path)

    with pytest.raises(ConfigError, match=r"^name: .* is no name of an experiment"):
        settings_of(*SMALL, f"name='{name}'")
    for command in (report, archive, status):
        assert command.main(["--results", str(results), f"--experiment={name}"]) == 2
        assert "is no name of an experiment" in capsys.readouterr().err
    for access in (Store(results).labels, Store(results).listed):
        with pytest.raises(StoreError, match="is no name of an experiment"):
            access(name)
    with pytest.raises(StoreError, match="is no name of an experiment"):
        enlist(Store(results), name, [])

    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "flags"),
    [("..", ()), (f"'{'/'}tmp'", ()), ("''", ()), ("..", ("--config-name", "config"))],
)
def test_the_command_refuses_them_before_it_touches_a_file(command, results, name, flags):
    before = contents(command.folder)

    code, _, err = command.run(*flags, *SMALL, f"name={name}")

    assert code == 2
    assert "is no name of an experiment" in err
    assert len(err.strip().splitlines()) == 1
    assert contents(command.folder) == before
