"""The registry of outputs, and how an experiment picks from it."""

import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.analysis.view import views
from experiments.commands import report
from experiments.report import figures, tables, writing
from experiments.report.outputs import chosen, outputs
from experiments.settings.command_line import check_command_line
from experiments.settings.compose import report_names, stand_ins
from experiments.settings.schema import config_dir
from experiments.settings.values import ConfigError
from tests.support.long_tables import benchmark, gated

PAPER = ("paper_tabular", "paper_series", "ranks", "pareto", "published")
STANDARD = [name for name, output in outputs().items() if output.standard]


def test_without_a_choice_a_report_writes_the_standard_outputs() -> None:
    assert list(chosen()) == STANDARD
    assert "published" not in STANDARD


def test_what_is_chosen_comes_in_the_order_of_the_registry() -> None:
    assert list(chosen(["swd", "imp"])) == ["imp", "swd"]
    assert chosen([]) == {}
    with pytest.raises(ValueError, match="no such output 'nope'; there are ablation, "):
        chosen(["nope"])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (["paretto"], "report: no such output 'paretto'; did you mean 'pareto'?"),
        ("imp", "report: must be"),
        ([1], "report: must be"),
    ],
)
def test_a_slip_names_the_key(raw: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        report_names(raw)
    assert message in str(caught.value)


def test_runs_that_stand_in_are_of_an_experiment() -> None:
    with pytest.raises(ConfigError, match=r"stand_ins: no experiment 'full_table'; .*full_tables"):
        stand_ins(["full_table"])


def test_a_slip_on_the_command_line_is_found_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="missing_data: must be one of 'fail', 'leave_out'"):
        check_command_line(["missing_data=ignore"], multirun=False)


@pytest.mark.parametrize("override", ["report=[ranks]", "++report=[ranks]", "report=[imp],[swd]"])
def test_a_choice_that_no_report_would_know_of_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match="report: a run writes no report; say it in conf/ex"):
        check_command_line([override], multirun=True)


@pytest.mark.parametrize("name", PAPER)
def test_the_experiments_of_the_paper_say_what_they_report(name: str) -> None:
    names, stand_ins = report._wanted_by(name)
    assert names
    assert set(names) <= set(outputs())
    views = name in ("ranks", "pareto", "published")
    assert name in names or not views
    assert bool(stand_ins) == views


def test_an_experiment_without_a_file_gets_the_standard_outputs() -> None:
    assert report._wanted_by("an_experiment_named_on_the_command_line") == (None, ())
    assert report._wanted_by(None) == (None, ())


def test_ranks_and_fronts_comprise_what_the_tables_of_the_paper_do() -> None:
    def file(name: str) -> dict[str, set[str]]:
        config = OmegaConf.load(config_dir() / "experiment" / f"{name}.yaml")
        overrides = {key: value for entry in config.defaults for key, value in entry.items()}
        found = {key.split("/")[-1]: set(value) for key, value in overrides.items()}
        found["dataset"] = set(config.hydra.sweeper.params.dataset.split(","))
        return found

    tables, series, ranks = file("paper_tabular"), file("paper_series"), file("ranks")
    for kind in ("denoiser", "regressor", "dataset"):
        assert ranks[kind] == tables[kind] | series[kind], kind


def test_a_report_writes_what_it_is_told(tmp_path: Path) -> None:
    written = writing.write_report(benchmark(), tmp_path, names=["ranks"])
    tables = {path.name for path in written if path.suffix in (".csv", ".md", ".tex")}
    assert tables == {"README.md", "long.csv", "ranks.csv", "ranks.md", "ranks.tex"}
    assert not [path for path in written if path.suffix == ".png"]
    # The index leads with the first of them.
    assert "## Average ranks" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.fixture(params=[tables, figures], ids=["tables", "figures"])
def folder(request, monkeypatch, tmp_path):
    """A folder of outputs in which tests put one more file."""
    monkeypatch.setattr(request.param, "__path__", [*request.param.__path__, str(tmp_path)])
    yield request.param
    sys.modules.pop(f"{request.param.__name__}.newcomer", None)


NEEDED = {tables: ("TITLE", "ORDER", "tables"), figures: ("ORDER", "pictures")}
LINES = {name: f"{name} = print" for name in ("tables", "pictures")}
LINES |= {"TITLE": "TITLE = ''", "ORDER": "ORDER = 125"}


def put(tmp_path: Path, *lines: str) -> None:
    (tmp_path / "newcomer.py").write_text("\n".join(lines))


@pytest.mark.parametrize("lacking", LINES)
def test_a_module_that_lacks_something_is_refused_by_its_file(folder, tmp_path, lacking) -> None:
    put(tmp_path, *(LINES[name] for name in NEEDED[folder] if name != lacking))
    if lacking not in NEEDED[folder]:
        assert "newcomer" in outputs.__wrapped__()
        return
    with pytest.raises(ValueError, match=rf"newcomer\.py lacks `{lacking}` \(.*are what a module"):
        outputs.__wrapped__()


def test_two_outputs_of_one_place_are_refused(folder, tmp_path) -> None:
    put(tmp_path, *(LINES | {"ORDER": "ORDER = 130"}).values())
    with pytest.raises(ValueError, match=r"/cd\.py and .*/newcomer\.py both have ORDER = 130: "):
        outputs.__wrapped__()


def test_every_output_gives_tables_or_figures_of_a_benchmark() -> None:
    long = gated(benchmark(datasets={"a": "tabular", "b": "tabular", "c": "series"}))
    found = views(long.assign(readings="plain"))
    for name, output in outputs().items():
        tables = output.tables(found)
        headers = {tuple(table.csv_rows()[0]) for table in tables}
        assert len(headers) <= 1, f"the tables of {name} do not fit in one CSV"
        assert tables or next(iter(output.pictures(found)), None) is not None, name
