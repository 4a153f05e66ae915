"""A record's source is what computes it, and nothing else."""

from collections.abc import Collection
from pathlib import Path

import pytest

from experiments.store import sources
from experiments.store.records import Record
from experiments.store.sources import closure, roots, source_hash, source_of
from experiments.store.store import Store
from tests.experiments.conftest import compose_settings
from tests.support.following import run_noted

PACKAGE = Path(sources.__file__).parents[1]
ROOMS = ("report", "analysis", "commands", "store", "settings.compose", "settings.command_line")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Records of a table and a series, of several denoisers and regressors."""
    results = tmp_path_factory.mktemp("sources") / "results"
    cheap = ("denoiser=[identity,denograd,pca]", "protocol=held_out", "profile=quick")
    for dataset in (("dataset=friedman", "dataset.n=300"), ("dataset=seasonal",)):
        run_noted(compose_settings(results, *dataset, *cheap, "regressor=[ridge,knn,xgboost,lstm]"))
    return list(Store(results).records())


def reached(record: Record) -> set[str]:
    return closure(roots(record["config"]))


def test_the_closure_of_a_record_reaches_nothing_that_reports_or_stores(records):
    assert len(records) == 2 * 3 * (1 + 4)
    for record in records:
        strangers = {
            name
            for name in reached(record)
            if name.startswith(tuple(f"experiments.{r}" for r in ROOMS))
        }
        assert strangers == set(), record["identity"]


def test_the_closure_of_a_record_reaches_what_computes_it(records):
    for record in records:
        names = reached(record)
        assert {f"experiments.runner.{n}" for n in ("corruption", "protocols", "scoring")} <= names
        assert {"experiments.metrics", "experiments.seeds", "experiments.runner.splits"} <= names
        for kind in ("dataset", "denoiser", "regressor"):
            if kind in record["config"]:
                name = record["config"][kind]["name"]
                assert sources.class_of(kind, name).__module__ in names
    denograd = next(r for r in records if r["labels"]["denoiser"] == "denograd")
    assert {"denograd.networks.mlp", "denograd.networks.lstm"} <= reached(denograd)
    assert "denograd.rules.normalized" in reached(denograd)
    lstm = next(r for r in records if r["labels"].get("regressor") == "lstm")
    assert "denograd.networks.lstm" in reached(lstm)
    identity = next(r for r in records if r["labels"]["denoiser"] == "identity")
    assert not any(name.startswith("denograd.networks.") for name in reached(identity))


def hashes(records: list[Record], changed: Collection[Path] = ()) -> dict[str, str]:
    """The source of every record, with other content in some files as far as the hash can see."""
    read = Path.read_bytes
    sources._hash_of.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda path: b"" if path in changed else read(path))
        found = {record["identity"]: source_of(record["config"]) for record in records}
    sources._hash_of.cache_clear()
    return found


def test_a_plug_in_or_a_figure_makes_no_record_stale(records):
    """What is touched when a plug-in is added, or a figure is drawn otherwise."""
    changed = {
        *PACKAGE.glob("report/**/*.py"),
        *PACKAGE.glob("analysis/**/*.py"),
        PACKAGE / "datasets" / "quartic.py",
        PACKAGE / "noise" / "drift.py",
        PACKAGE.parent / "denograd" / "networks" / "cnn.py",
        PACKAGE.parent / "denograd" / "rules" / "gauss_newton.py",
        PACKAGE.parent / "baselines" / "wtd.py",
    }
    assert len(changed) > 30

    assert hashes(records, changed) == hashes(records)


def test_what_computes_makes_records_stale(records):
    before, after = hashes(records), hashes(records, {PACKAGE / "metrics.py"})

    assert all(after[name] != source for name, source in before.items())


def test_modules_of_others_count_by_name():
    assert source_hash(["json"]) == source_hash(["json"])
    assert source_hash(["json"]) != source_hash(["math"])
    assert closure(["json"]) == {"json"}
