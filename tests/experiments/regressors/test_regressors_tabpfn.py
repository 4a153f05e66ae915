"""TabPFN as a regressor: with a stand-in for the package, and with the package and random weights.

The real weights are not needed: what they predict is not under test here.
"""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.regressors.tabpfn import TabPFNRegressor
from experiments.settings.schema import Settings
from experiments.store.long_table import read_long_table
from tests.denograd import test_networks_tabpfn
from tests.support.following import run_noted

weights = test_networks_tabpfn.weights  # the fixture
TABLE = SimpleNamespace(name="toy", domain="tabular")


def rows(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(n, 3))
    return X, X[:, 0] * X[:, 1]


class FakeModel:
    """Notes what it is given and predicts the first column."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.batches: list[int] = []

    def fit(self, X: np.ndarray, y: np.ndarray) -> "FakeModel":
        self.shown = X, y
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        self.batches.append(len(X))
        return X[:, 0]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stand-in for the package; returns its cache folder, with a weights file in it."""
    package, loading = ModuleType("tabpfn"), ModuleType("tabpfn.model_loading")
    package.__spec__ = SimpleNamespace(name="tabpfn")  # type: ignore[assignment]
    package.TabPFNRegressor = FakeModel  # type: ignore[attr-defined]
    loading.get_cache_dir = lambda: tmp_path  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tabpfn", package)
    monkeypatch.setitem(sys.modules, "tabpfn.model_loading", loading)
    (tmp_path / "tabpfn-v2-regressor.ckpt").touch()
    return tmp_path


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tabpfn" else find(name)
    )


class TestWhatItNeeds:
    def test_without_the_package_the_reason_says_how_to_install_it(self, no_package: None) -> None:
        reason = TabPFNRegressor().why_skip(TABLE)
        assert reason is not None
        assert "pip install 'denograd-repro[tabpfn]'" in reason

    def test_without_weights_the_reason_says_where_they_go(self, package: Path) -> None:
        assert TabPFNRegressor().why_skip(TABLE) is None
        reason = TabPFNRegressor(weights="absent.ckpt").why_skip(TABLE)
        assert reason is not None
        for part in ("'absent.ckpt'", "TABPFN_MODEL_CACHE_DIR", "huggingface.co", "Apache-2.0"):
            assert part in reason
        assert str(package) not in reason, "records are compared between machines"

    def test_series_are_left_out_first(self, no_package: None) -> None:
        series = SimpleNamespace(name="ett", domain="series")
        assert TabPFNRegressor().why_skip(series) == ("tabpfn is for tabular data, ett is series")

    def test_fitting_without_them_says_the_same(self, no_package: None) -> None:
        with pytest.raises(RuntimeError, match="pip install"):
            TabPFNRegressor().fit(*rows(10))

    def test_a_run_shows_it_as_skipped(
        self, no_package: None, settings_of: Callable[..., Settings]
    ) -> None:
        settings = settings_of(
            "dataset=friedman", "dataset.n=300", "denoiser=identity", "regressor=[ridge,tabpfn]"
        )
        assert sorted(run_noted(settings).statuses) == ["ok", "ok", "skipped", "skipped"]
        table = read_long_table(settings.results)
        skipped = table[table.regressor == "tabpfn"]
        assert (skipped.status == "skipped").all()
        assert skipped.reason.str.contains("pip install").all()
        assert skipped.mse_after.isna().all()


class TestWithAStandIn:
    def fit(self, n: int, **settings: Any) -> FakeModel:
        return TabPFNRegressor(**settings).fit(*rows(n)).model_

    def test_few_rows_are_all_shown(self, package: Path) -> None:
        X, y = rows(3000)
        shown = self.fit(3000, random_state=0).shown
        np.testing.assert_array_equal(shown[0], X)
        np.testing.assert_array_equal(shown[1], y)

    def test_of_many_rows_a_seeded_sample_is_shown_in_their_order(self, package: Path) -> None:
        X, y = rows(3500)
        samples = []
        for seed in (0, 0, 1):
            shown_X, shown_y = self.fit(3500, random_state=seed).shown
            picked = [np.flatnonzero((row == X).all(axis=1)).item() for row in shown_X]
            assert len(picked) == 3000
            assert picked == sorted(set(picked))
            np.testing.assert_array_equal(shown_y, y[picked])
            samples.append(picked)
        assert samples[0] == samples[1] != samples[2]

    def test_the_local_file_and_one_estimator_are_used(self, package: Path) -> None:
        settings = self.fit(10, random_state=3, device="cpu").settings
        assert settings["model_path"] == package / "tabpfn-v2-regressor.ckpt"
        assert settings["n_estimators"] == 1
        assert settings["device"] == "cpu"
        assert settings == self.fit(10, random_state=3, device="cpu").settings
        assert settings != self.fit(10, random_state=4, device="cpu").settings

    def test_a_path_is_taken_as_it_is(self, package: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "mine.ckpt"
        elsewhere.touch()
        assert self.fit(10, weights=str(elsewhere)).settings["model_path"] == elsewhere

    def test_predictions_are_made_in_batches(self, package: Path) -> None:
        model = TabPFNRegressor(random_state=0).fit(*rows(10))
        X, _ = rows(10_000)
        np.testing.assert_array_equal(model.predict(X), X[:, 0])
        assert model.model_.batches == [4096, 4096, 1808]


@test_networks_tabpfn.needs_tabpfn
class TestWithThePackage:
    def make(self, weights: str, **settings: Any) -> TabPFNRegressor:
        return TabPFNRegressor(weights=weights, device="cpu", **settings)

    def test_it_predicts_and_repeats_itself(self, weights: str) -> None:
        X, y = rows(60)
        first, again = (
            self.make(weights, random_state=2**32 - 1).fit(X, y).predict(X) for _ in range(2)
        )
        np.testing.assert_array_equal(first, again)
        assert first.shape == (60,)
        assert first.std() > 0

    def test_global_random_state_plays_no_part(self, weights: str) -> None:
        import torch

        X, y = rows(60)
        first = self.make(weights, random_state=0).fit(X, y).predict(X)
        torch.manual_seed(99)
        np.random.seed(99)  # noqa: NPY002 - the global state is what is under test
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
        again = self.make(weights, random_state=0).fit(X, y).predict(X)
        np.testing.assert_array_equal(first, again)
        assert torch.equal(torch.get_rng_state(), torch_state)
        np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002

    def test_more_rows_than_it_allows_on_a_cpu_are_fine(self, weights: str) -> None:
        X, y = rows(1100)
        predictions = self.make(weights, random_state=0).fit(X, y).predict(X[:5])
        assert np.isfinite(predictions).all()

    def test_batches_do_not_show(self, weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
        X, y = rows(60)
        model = self.make(weights, random_state=0).fit(X, y)
        together = model.predict(X)
        monkeypatch.setattr("experiments.regressors.tabpfn._BATCH", 7)
        np.testing.assert_allclose(model.predict(X), together, rtol=1e-3, atol=1e-4)

    def test_it_is_usable_with_its_weights(self, weights: str) -> None:
        assert self.make(weights).why_skip(TABLE) is None
