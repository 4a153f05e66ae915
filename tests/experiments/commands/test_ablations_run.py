"""Studies from the config to the files: variants in one job, their labels, folder and index."""

import pandas as pd
import pytest

from experiments.analysis.labels import labelled
from experiments.commands import archive, report
from experiments.report import writing
from experiments.store.long_table import read_long_table
from tests.experiments.conftest import SMALL, compose_settings
from tests.support.following import run_noted

# A backbone that is trained in no time and a few steps from it.
CHEAP = (
    *SMALL[:2],
    "denoiser=[identity,denograd]",
    "regressor=ridge",
    "denoiser.denograd.backbone_epochs=2",
    "denoiser.denograd.nrr=0.05",
)
MEASURED = ["mse_before", "mse_after", "swd", "rho", "recovery_X"]


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def run(results, vary, name="ablation_toy", *overrides):
    settings = compose_settings(results, *CHEAP, f"+vary={vary}", f"name={name}", *overrides)
    run_noted(settings)
    return read_long_table(results, name)


def by_setting(table, key) -> pd.DataFrame:
    table = table[table["denoiser"] != "identity"]
    key = f"p_denoiser_{key}"
    return table.set_index(["protocol", key])[MEASURED].sort_index()


def test_variants_are_told_apart_by_parameters_that_identity_leaves_out(results):
    table = run(results, "{denograd:{refine:[both,X],max_epochs:[3]}}")

    labels = {"denograd (refine=X)", "denograd (refine=both)", "identity"}
    assert set(labelled(table)["denoiser"]) == labels
    assert (table["status"] == "ok").all()


def test_iterations_from_one_run_equal_those_of_runs_of_their_own(results, tmp_path):
    counts = [1, 4, 9]
    shared = run(results, f"{{denograd:{{max_epochs:{counts}}}}}")
    for count in counts:
        run(tmp_path / "apart", f"{{denograd:{{max_epochs:[{count}]}}}}")
    separate = read_long_table(tmp_path / "apart")

    assert set(shared["identity"]) == set(separate["identity"])
    one, other = by_setting(shared, "max_epochs"), by_setting(separate, "max_epochs")
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert one["swd"].is_unique


def test_arguments_inside_a_rule_are_parameters_in_print(results):
    rules = "[normalized,{name:normalized,normalization:separate}]"
    table = run(results, f"{{denograd:{{rule:{rules},max_epochs:[3]}}}}")

    labels = {"denograd (normalization=None)", "denograd (normalization=separate)", "identity"}
    assert set(labelled(table)["denoiser"]) == labels
    assert (table["status"] == "ok").all()


def test_the_archive_writes_studies_into_a_folder_of_their_own_with_an_index(results, capsys):
    run(results, "{denograd:{refine:[both,X],max_epochs:[3]}}")
    options = ["--allow-dirty", "--experiment", "ablation_toy", "--results", str(results)]
    assert archive.main(options) == 0
    assert report.main(["--archive", "--results", str(results)]) == 0

    folder = results / "ablations" / "toy"
    index = (folder / "README.md").read_text()
    assert "](../../records.jsonl.gz)" in index
    assert (folder / "../../records.jsonl.gz").exists()
    assert "`ablation_toy`" in index
    listed = (results / "ablations" / "README.md").read_text()
    assert "## toy: What is refined" in listed
    assert "Imp% under held_out is best at" in listed
    assert capsys.readouterr().err == ""


def test_the_output_of_a_study_is_the_same_from_records_and_from_the_archive(results, tmp_path):
    table = run(results, "{denograd:{refine:[both,X],max_epochs:[3]}}")
    archive.main(["--allow-dirty", "--experiment", "ablation_toy", "--results", str(results)])
    archived = tmp_path / "clone"
    archived.mkdir()
    (archived / "records.jsonl.gz").write_bytes((results / "records.jsonl.gz").read_bytes())

    for place, rows in (("one", table), ("other", read_long_table(archived, "ablation_toy"))):
        writing.write_report(rows, tmp_path / place, "command", ["ablation"])
    for name in ("ablation.md", "ablation.csv", "ablation.tex", "ablation.png"):
        one, other = (tmp_path / place / name for place in ("one", "other"))
        assert one.read_bytes() == other.read_bytes(), name
