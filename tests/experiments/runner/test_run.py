"""What a job computes, skips and leaves behind."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from experiments.analysis.labels import labelled
from experiments.runner.corruption import corrupt
from experiments.runner.keys import cell_key, corruption_key, score_key
from experiments.runner.run import failure, leave
from experiments.store.long_table import long_table, read_long_table
from experiments.store.records import rounded
from experiments.store.store import Store
from tests.experiments.conftest import SMALL, double
from tests.support.doubles import SeriesOnly
from tests.support.following import run_job, run_noted


@pytest.fixture
def run(settings_of):
    def run(*overrides):
        settings = settings_of(*SMALL, *overrides)
        told = run_noted(settings).told_of
        return settings, [(labels["regressor"], status) for labels, status in told]

    return run


def test_every_cell_and_every_score_leaves_a_record(run):
    settings, told = run("regressor=[ridge,knn]", "denoiser=shrink_target")

    assert sorted(told) == [("knn", "ok")] * 2 + [("ridge", "ok")] * 2
    records = list(Store(settings.results).records())
    assert len(records) == 2 * (1 + 2)
    for record in records:
        assert record["status"] == "ok"
        assert set(record["seconds"]) == set(record["peak_memory_mb"])
        assert set(record["seconds"]) == set(record["cpu_seconds"])
        # Nothing here is trained in epochs, or shared.
        assert record["epochs"] == record["reused"] == {}
        assert record["environment"]["threads"] == 1
        assert record["environment"]["packages"]["torch"]
        assert len(record["source"]) == 16


def test_training_that_two_denoisers_share_is_booked_once(run):
    denoisers = ("denograd", "predicted_target", "dae")
    settings, _ = run(
        *(f"denoiser=[{','.join(denoisers)}]", "regressor=dnn", "protocol=held_out"),
        *(f"denoiser.{name}.backbone_epochs=3" for name in denoisers[:2]),
        *("denoiser.dae.epochs=2", "denoiser.denograd.max_epochs=1", "regressor.dnn.epochs=4"),
    )

    records = list(Store(settings.results).records())
    cells = {r["labels"]["denoiser"]: r for r in records if "regressor" not in r["labels"]}
    first, second, dae = map(cells.get, denoisers)
    assert (first["epochs"], first["reused"]) == ({"fit": 3}, {})
    assert (second["epochs"], second["reused"]["epochs"]) == ({"fit": 0}, 3)
    assert 0 < second["reused"]["seconds"] <= first["seconds"]["fit"]
    assert (dae["epochs"], dae["reused"]) == ({"fit": 2}, {})
    scores = {r["labels"]["denoiser"]: r for r in records if "regressor" in r["labels"]}
    assert [scores[name]["epochs"] for name in denoisers] == [
        {"fit": 4, "reference": 2 * 4},
        *[{"fit": 4}] * 2,
    ]
    assert all(score["cpu_seconds"]["fit"] > 0 for score in scores.values())
    rows = read_long_table(settings.results).set_index("denoiser")
    assert rows["reused_epochs"].to_dict() == pytest.approx(
        {"denograd": np.nan, "predicted_target": 3, "dae": np.nan}, nan_ok=True
    )
    assert set(rows["epochs_regressor_fit"]) == {4}


def test_what_was_spent_elsewhere_or_asleep_is_in_no_sum(run):
    settings, _ = run(*double("denoiser", "Reuses"), "protocol=held_out")
    cells = [r for r in Store(settings.results).records() if "regressor" not in r["labels"]]
    (cell,) = (r for r in cells if r["labels"]["denoiser"] == "reuses")
    assert cell["reused"] == {"seconds": 1000.0, "epochs": 7}
    assert cell["seconds"]["fit"] < 500
    assert cell["cpu_seconds"]["denoise"] < 0.15 < cell["seconds"]["denoise"]


def test_records_of_before_have_costs_beside_those_of_now(run):
    settings, _ = run("regressor=[ridge,knn]", "denoiser=shrink_target", "protocol=held_out")
    cell, *scores = sorted(
        Store(settings.results).records(), key=lambda r: r["labels"].get("regressor", "")
    )
    for later in ("cpu_seconds", "epochs", "reused"):
        del scores[0][later]

    table = long_table([cell, *scores]).set_index("regressor")

    assert table["seconds_regressor_fit"].notna().all()
    assert table["cpu_seconds_regressor_fit"].isna().to_dict() == {"knn": True, "ridge": False}
    assert (table["cpu_seconds_fit"] == rounded(cell)["cpu_seconds"]["fit"]).all()


def test_new_regressors_on_old_cells_add_only_their_records(run):
    settings, _ = run()
    before = {r["identity"]: r for r in Store(settings.results).records()}

    _, told = run("regressor=[ridge,knn]", "protocol=held_out")

    assert sorted(told) == [("knn", "ok"), ("ridge", "cached")]
    after = {r["identity"]: r for r in Store(settings.results).records()}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()


def test_a_parameter_may_be_called_as_the_method_that_shares_a_cache(run):
    _, told = run(*double("denoiser", "Shares"), "protocol=held_out")

    assert {status for _, status in told} == {"ok"}


def test_a_denoiser_that_does_not_apply_is_skipped_with_its_reason(run, monkeypatch):
    overrides = (*double("denoiser", "SeriesOnly"), "protocol=held_out")

    settings, told = run(*overrides)

    assert ("ridge", "skipped") in told
    table = read_long_table(settings.results)
    skipped = table[table.denoiser == "seriesonly"].iloc[0]
    assert skipped.status == "skipped"
    assert "series" in skipped.reason
    _, told = run(*overrides)
    assert sorted(status for _, status in told) == ["cached", "skipped"], "as `status` counts"
    monkeypatch.setattr(SeriesOnly, "domains", frozenset({"tabular"}))
    _, told = run(*overrides)
    assert sorted(status for _, status in told) == ["cached", "ok"], "the reason is gone"


def test_the_table_joins_errors_with_what_was_done_to_the_data(run):
    settings, _ = run(*double("denoiser", "Halve"), "noise.on=both")

    table = read_long_table(settings.results)

    assert len(table) == 4
    assert list(table.columns[:4]) == ["dataset", "domain", "noise", "level"]
    identity = table[table.denoiser == "identity"]
    assert (identity.imp == 0).all()
    assert (identity.swd == 0).all()
    assert (identity.rho == 1).all()
    assert (identity.recovery_X == 0).all()
    halved = table[table.denoiser == "halve"]
    np.testing.assert_allclose(halved.rho, 1)
    assert (halved.swd > 0).all()
    assert (halved.recovery_X < 0).all()
    assert (halved.recovery_y < 0).all()
    published = halved[halved.protocol == "published"].iloc[0]
    assert published.imp == pytest.approx(75, abs=1)
    assert published.mse_after == published.mse_refined_refined_refined


def test_nothing_to_recover_is_absent_not_zero(run):
    settings, _ = run(*double("denoiser", "Halve"))

    table = read_long_table(settings.results)

    assert table.recovery_y.isna().all(), "noise was on X only"
    assert table.recovery_X.notna().all()


@pytest.mark.parametrize("part", ["X", "y"])
def test_what_was_removed_adds_up_to_the_recovery(run, part):
    settings, _ = run(*double("denoiser", "Halve"), "noise.on=both")

    table = read_long_table(settings.results)

    identity = table[table.denoiser == "identity"]
    assert (identity[f"removed_{part}"] == 0).all()
    share, collateral = table[f"removed_{part}"], table[f"collateral_{part}"]
    np.testing.assert_allclose(1 - np.hypot(1 - share, collateral), table[f"recovery_{part}"])


def test_a_denoiser_is_told_the_noise_of_the_training_rows(run, tmp_path):
    settings, _ = run(*double("denoiser", "Told", log=tmp_path / "told"), "protocol=held_out")

    corruption = corrupt(settings)
    train = corruption.split.train
    noise = (corruption.noisy.X - corruption.clean.X)[train]
    expected = np.sqrt(np.mean(noise**2, axis=0)) / corruption.noisy.X[train].std(axis=0)
    np.testing.assert_allclose(np.load(tmp_path / "told" / "tell-0.npy"), [*expected, 0.0])
    table = read_long_table(settings.results)
    assert set(labelled(table).denoiser) == {"identity", "told (told the noise)"}


def test_where_nothing_was_injected_there_is_nothing_to_tell(run):
    settings, told = run(*double("denoiser", "Told"), "noise.sigma=0", "protocol=held_out")

    assert sorted(told) == [("ridge", "ok"), ("ridge", "skipped")]
    table = read_long_table(settings.results)
    assert "told the noise, and none was injected" in table[table.skip == "denoiser"].reason.item()


def test_the_naive_error_stands_beside_every_score_of_its_corruption(run):
    settings, _ = run("regressor=[ridge,naive]", "denoiser=[identity,constant]")

    table = read_long_table(settings.results)

    of_naive = table[(table.regressor == "naive") & (table.denoiser == "identity")]
    wanted = dict(zip(of_naive.protocol, of_naive.mse_before, strict=True))
    np.testing.assert_array_equal(table.mse_naive, table.protocol.map(wanted))
    assert (table[table.regressor == "ridge"].mse_before < 0.5 * table.mse_naive[0]).all()


def test_who_scores_on_a_permuted_target_is_called_so(run):
    run("denoiser=[identity,constant]", "target=permuted", "protocol=published")
    settings, _ = run("denoiser=[identity,constant]")

    names = {"identity", "constant §"}
    assert set(labelled(read_long_table(settings.results)).denoiser) == names


@pytest.mark.parametrize(
    ("dataset", "size"),
    [
        (("dataset=friedman", "dataset.n=2000", "profile.max_rows=1500"), "1,500 × 11"),
        (("dataset=friedman", "dataset.n=300", "profile.max_columns=4"), "300 × 5"),
        # The target is one of the channels.
        (("dataset=seasonal", "dataset.n=200"), "200 × 5"),
    ],
)
def test_the_size_stands_beside_the_name_of_a_dataset(run, dataset, size):
    settings, _ = run(*dataset, "regressor=[ridge,knn]", "protocol=held_out")
    records = list(Store(settings.results).records())
    name = settings.dataset.label

    assert set(labelled(long_table(records)).dataset) == {f"{name} ({size})"}
    # An old record says nothing of it, and is of the same dataset.
    del next(r for r in records if "regressor" in r["labels"])["size"]
    assert set(labelled(long_table(records)).dataset) == {f"{name} ({size})"}
    for record in records:
        record.pop("size", None)
    assert set(labelled(long_table(records)).dataset) == {name}


@pytest.mark.parametrize("asked", [False, True])
def test_controls_are_scored_by_costly_regressors_where_asked_for(run, asked):
    overrides = (
        *("dataset=seasonal", "dataset.n=100", "denoiser=[identity,constant,pca]"),
        *("regressor=[ridge,lstm]", "regressor.lstm.epochs=1", "protocol=held_out"),
    )

    settings, told = run(*overrides, f"costly_on_controls={asked}")

    assert sorted(told) == [("lstm", "ok")] * (2 + asked) + [("ridge", "ok")] * 3
    table = read_long_table(settings.results)
    assert set(table[table.regressor == "lstm"].denoiser) >= {"identity", "pca"}


def test_an_empty_store_is_an_empty_table(tmp_path):
    table = read_long_table(tmp_path)

    assert table.empty
    assert {"dataset", "imp", "status"} <= set(table.columns)


def test_one_label_with_two_settings_is_two_labels(run):
    settings, _ = run("denoiser=pca", "protocol=held_out")
    run("denoiser=pca", "denoiser.pca.variance=0.5", "protocol=held_out", "dataset.n=400")
    run("denoiser=pca", "protocol=held_out", "target=permuted")

    table = labelled(read_long_table(settings.results))

    assert set(table.denoiser) == {"pca (variance=0.95)", "pca (variance=0.5)"}
    assert set(table.dataset) == {
        "friedman (n=300, target=as_is, 300 × 11)",
        "friedman (n=300, target=permuted, 300 × 11)",
        "friedman (n=400, target=as_is, 400 × 11)",
    }
    alone = long_table(r for r in Store(settings.results).records() if r["labels"]["seed"] == 0)
    assert len(alone) == len(table)


def test_identity_is_what_decides_the_result_and_nothing_else(settings_of):
    def key(*overrides, denoiser="pca"):
        settings = settings_of(*SMALL, f"denoiser={denoiser}", *overrides)
        cell = cell_key(corrupt(settings), "held_out", settings.denoiser[0])
        return score_key(cell, settings.regressor[0]).identity

    base = key()
    for override in ["device=cuda", "name=mine", "dataset.name=other", "window_size=12"]:
        assert key(override) == base, override
    for override in [
        "seed=1",
        "noise.sigma=0.2",
        "noise.on=both",
        "target=permuted",
        "dataset.n=301",
        "denoiser.pca.variance=0.9",
        "regressor.ridge.alpha=2.0",
        "profile.max_rows=100",
        "profile.max_columns=4",
    ]:
        assert key(override) != base, override
    # Neither the number of processes nor what would get the noise that there is none of.
    assert key("denoiser.emd.n_jobs=2", denoiser="emd") == key(denoiser="emd")
    assert key("noise.sigma=0", "noise.on=both") == key("noise.sigma=0")


@pytest.mark.parametrize(
    "family", ["gaussian", "student_t", "impulses", "heteroscedastic", "drift"]
)
def test_a_family_of_noise_is_chosen_and_called_as_its_file(settings_of, family):
    settings = settings_of("dataset=seasonal", *SMALL[2:], f"noise={family}")
    corruption = corrupt(settings)

    assert cell_key(corruption, "held_out", settings.denoiser[0]).labels["noise"] == family
    assert settings.level > 0
    assert not corruption.noisy.equals(corruption.clean)
    np.testing.assert_array_equal(corruption.noisy.X[:, 0], corruption.noisy.y)


def test_a_raised_revision_is_other_work(settings_of, monkeypatch):
    settings = settings_of(*SMALL)
    corruption = corrupt(settings)
    before = cell_key(corruption, "held_out", settings.denoiser[0]).identity

    monkeypatch.setattr(settings.denoiser[0].cls, "revision", 99)

    assert cell_key(corruption, "held_out", settings.denoiser[0]).identity != before


def test_the_split_and_the_noise_come_from_dataset_and_seed_alone(settings_of):
    base = corrupt(settings_of(*SMALL))
    other = corrupt(settings_of(*SMALL, "noise.sigma=0.2", "denoiser=pca", "regressor=knn"))
    seed = corrupt(settings_of(*SMALL, "seed=1"))

    for one, two in zip(base.split, other.split, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(
        2 * (base.noisy.X - base.clean.X), other.noisy.X - other.clean.X, atol=1e-12
    )
    assert not np.array_equal(base.split.test, seed.split.test)


def test_a_permuted_target_keeps_its_values_and_loses_its_rows(settings_of):
    as_is = corrupt(settings_of(*SMALL, "noise.sigma=0"))
    permuted = corrupt(settings_of(*SMALL, "noise.sigma=0", "target=permuted"))

    np.testing.assert_array_equal(as_is.clean.X, permuted.clean.X)
    np.testing.assert_array_equal(np.sort(as_is.clean.y), np.sort(permuted.clean.y))
    assert abs(np.corrcoef(as_is.clean.y, permuted.clean.y)[0, 1]) < 0.2


def test_rows_are_bounded_in_file_order(settings_of):
    whole = corrupt(settings_of(*SMALL, "noise.sigma=0"))
    table = corrupt(settings_of(*SMALL, "noise.sigma=0", "profile.max_rows=100"))
    series = "dataset=seasonal", "noise.sigma=0"
    steps = corrupt(settings_of(*series)), corrupt(settings_of(*series, "profile.max_rows=200"))

    places = [np.flatnonzero((row == whole.clean.X).all(axis=1))[0] for row in table.clean.X]
    assert len(places) == 100
    assert places == sorted(places)
    np.testing.assert_array_equal(steps[0].clean.X[:200], steps[1].clean.X)


def test_a_series_too_short_for_its_window_is_refused(settings_of):
    settings = settings_of("dataset=seasonal", "profile.max_rows=60", "window_size=48")

    with pytest.raises(ValueError, match="training part has 42 rows, too few for a window of 48"):
        corrupt(settings)


def test_seeds_beyond_the_limit_of_a_domain_are_left_out(settings_of, tmp_path, monkeypatch):
    settings = replace(settings_of(*SMALL, "seed=2"), seeds_per_domain={"tabular": 2})

    told = run_job(settings, monkeypatch)

    assert [event["event"] for event in told] == ["corruption"]
    assert "left out, 2 seeds" in told[0]["summary"]
    assert not (tmp_path / "results").exists()


def test_a_regressor_that_does_not_apply_costs_no_denoising(run, tmp_path):
    """Experiments that list the regressors of both domains would otherwise compute all twice."""
    log = tmp_path / "log"
    one = double("denoiser", "Halve", log=log)

    run("protocol=held_out", *one)
    before = sorted(log.iterdir())
    _, told = run("protocol=held_out", "regressor=[ridge,lstm]", *one)

    assert sorted(log.iterdir()) == before
    assert sorted(status for _, status in told) == ["cached", "cached", "skipped", "skipped"]


def test_forms_of_a_method_are_told_apart_with_the_readings_that_want_them(run):
    more = ("+reading.same={}", "+reading.last.kalman.row_order=after_split")
    settings, told = run("denoiser=[kalman,identity]", "protocol=published", "reading=plain", *more)

    assert [status for _, status in told] == ["ok"] * 3
    table = labelled(read_long_table(settings.results))
    assert dict(zip(table["denoiser"], table["readings"], strict=True)) == {
        "identity": "plain same last",
        "kalman (row_order=after_split)": "last",
        "kalman (row_order=file)": "plain same",
    }
    # Whoever reads nothing finds the plain one done.
    assert run("denoiser=kalman", "protocol=published")[1] == [("ridge", "cached")]


def test_where_only_failures_are_wanted_nothing_new_is_done(run):
    """But for a corruption that failed as a whole, of which there is nothing else."""
    only = ("protocol=held_out", "only_failed=true")
    settings, told = run(*only)
    assert told == [("ridge", "new")]
    assert list(Store(settings.results).records()) == []

    leave(Store(settings.results), corruption_key(settings), failure(ValueError("too short")))
    assert run(*only)[1] == [("ridge", "ok")]


@pytest.mark.parametrize(("before", "told"), [("2000", "cached"), ("2100", "ok")])
def test_results_of_before_a_time_are_computed_anew(run, before, told):
    settings, _ = run("protocol=held_out")
    shutil.rmtree(settings.cache)

    assert run("protocol=held_out", f"redo_before={before}-01-01T00:00:00Z")[1] == [("ridge", told)]
    assert not settings.cache.exists()
