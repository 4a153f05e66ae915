"""How good the backbone is, and how far the values moved."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd import DenoGradDenoiser
from denograd.clean.cleaning import Changes, Quality, assess
from tests.denograd.clean.toys import SHORT, clean, series, table


class TestQuality:
    def test_by_hand(self) -> None:
        quality = Quality.of(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0, 5.0]))
        assert quality.n_rows == 4
        assert quality.mse == pytest.approx(0.5)
        assert quality.r2 == pytest.approx(1 - 2 / 14)

    @pytest.mark.parametrize("n_rows", [1, 2, 15, 400])
    def test_nothing_beats_the_mean_without_a_reason(self, n_rows: int) -> None:
        y = np.random.default_rng(0).normal(size=n_rows)
        assert not Quality.of(y, np.full(n_rows, y.mean())).beats_mean
        assert not Quality.of(np.ones(n_rows), np.zeros(n_rows)).beats_mean

    @pytest.mark.parametrize("scale", [0.03, 0.1, 0.3, 1.0])
    def test_noise_hardly_ever_beats_the_mean(self, scale: float) -> None:
        y, guess = np.random.default_rng(0).normal(size=(2, 1000, 40))
        lucky = [Quality.of(y[i], scale * guess[i]).beats_mean for i in range(1000)]
        assert np.mean(lucky) < 0.035

    def test_skill_does(self) -> None:
        y, noise = np.random.default_rng(0).normal(size=(2, 1000, 40))
        found = [Quality.of(y[i], 0.6 * (y[i] + 0.8 * noise[i])).beats_mean for i in range(1000)]
        assert np.mean(found) > 0.99

    @pytest.mark.parametrize("domain", ["tabular", "series"])
    def test_is_taken_on_the_rows_of_early_stopping(self, domain: str) -> None:
        frame = series()
        X = frame[["temperature", "humidity"]].to_numpy()
        denoiser = DenoGradDenoiser(
            "mlp", domain=domain, window_size=6, horizon=2, backbone_epochs=4, random_state=0,
            device="cpu",
        )  # fmt: skip
        y = X[:, 0] if domain == "series" else 2 * X[:, 0] + X[:, 1]
        denoiser.fit(X, y)
        quality = assess(denoiser, X, y)
        best = min(denoiser.backbone_.history.validation_loss)
        assert quality is not None
        assert quality.mse == pytest.approx(best * y.var(), rel=1e-4)

    def test_a_backbone_without_skill_is_a_warning(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = table()
        frame["price"] = np.random.default_rng(9).normal(size=len(frame))
        frame.to_csv(data, index=False)
        assert clean(data, "--target", "price", *SHORT) == 0
        err = capsys.readouterr().err
        assert re.search(
            r"warning: the backbone predicts 'price' no better than its mean does \(R² \S+ on 15",
            err,
        )

    def test_changes_of_a_column_that_rests(self) -> None:
        before = pd.DataFrame({"y": [1.0, 2.0, 3.0], "a": [0.0, 0.0, 4.0]})
        after = before.copy()
        after.loc[1, "y"] = 2.5
        changes = Changes(before, after)
        assert changes.n_moved == 1
        assert changes.n_moved_beyond(0.6) == 1
        assert changes.n_moved_beyond(0.7) == 0
        assert changes.by_column().loc["a"].tolist() == [0, 0, 0, 0]
        assert changes.to_frame()["column"].tolist() == ["y"]
