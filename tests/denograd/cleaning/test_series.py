"""Series cleaned by the command."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd import DenoGradDenoiser
from tests.denograd.cleaning.toys import PUBLISHED, SHORT, cells, clean, refusal, series


class TestSeries:
    @pytest.fixture
    def weather(self) -> Path:
        series().to_csv("weather.csv", index=False)
        return Path("weather.csv")

    def test_refines_target_and_channels(
        self, weather: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shape = ["--series", "--window", "8", "--horizon", "2", "--backbone", "mlp"]
        plot = ["--plot", "picture.svg"]
        assert clean(weather, "--target", "temperature", *shape, *plot, *SHORT[:-1]) == 0
        out, err = capsys.readouterr()
        assert "the target stays in the first 9 rows" in out
        assert "on the last 10 rows, set aside" in out
        assert "goes back" not in err
        assert "<svg" in Path("picture.svg").read_text()
        frame = series()
        X = frame[["temperature", "humidity"]].to_numpy()
        denoiser = DenoGradDenoiser(
            "mlp", domain="series", window_size=8, horizon=2, backbone_epochs=3, max_epochs=5,
            random_state=0, device="cpu",
        )  # fmt: skip
        X_refined, y_refined = denoiser.fit_resample(X, X[:, 0])
        after = pd.read_csv("weather.cleaned.csv")
        assert list(after) == list(frame)
        assert list(after["day"]) == list(frame["day"])
        np.testing.assert_allclose(after["temperature"], y_refined, rtol=1e-12)
        np.testing.assert_allclose(after["humidity"], X_refined[:, 1], rtol=1e-12)

    def test_the_target_alone_and_one_objective_for_all(self, weather: Path) -> None:
        one = ["--columns", "temperature", "--rule", "global", "--window", "8"]
        assert clean(weather, "--target", "temperature", "--series", *one, *SHORT) == 0
        before, after = cells(weather), cells(Path("weather.cleaned.csv"))
        assert after["humidity"] == before["humidity"]
        assert after["temperature"] != before["temperature"]

    def test_too_short(self, weather: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shape = ["--target", "temperature", "--series", "--window", "89", *PUBLISHED]
        said = refusal(capsys, "clean", weather, *shape)
        assert "at least 91 rows, and this one has 90: shorten --window" in said
