"""Draws the picture of a cleaned series and measures the figures beside it, for the README.

The figures need the raw file of ett: DENOGRAD_DATA=~/data python results/readme/noisy_series.py.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from baselines.kalman_sane import KalmanSaneDenoiser
from denograd import CalibratedDenoiser, DenoGradDenoiser
from denograd.base import BaseDenoiser
from denograd.cleaning.cli import main
from experiments.datasets.ett import ETT
from experiments.datasets.seasonal import Seasonal
from experiments.metrics import recovery
from experiments.noise.gaussian import Gaussian
from experiments.seeds import rng_for

STEPS, SEEDS, LEVELS = 3000, range(3), (0.1, 0.3)


def weather(n: int = 390) -> pd.DataFrame:
    """An hourly temperature with days, a slow wave and noise of 1 degree."""
    t, rng = np.arange(n), np.random.default_rng(4)
    clean = 12 + 4 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 190)
    time = pd.date_range("2024-05-01", periods=n, freq="h")
    return pd.DataFrame({"time": time, "temperature": (clean + rng.normal(size=n)).round(2)})


def draw() -> None:
    """Save what `denograd clean --plot` draws."""
    picture = Path(__file__).with_suffix(".png")
    with TemporaryDirectory() as folder:
        source = Path(folder) / "weather.csv"
        weather().to_csv(source, index=False)
        options = ["--target", "temperature", "--series", "--plot", str(picture)]
        main(["clean", str(source), *options, "--force"])


def denoisers(seed: int) -> dict[str, BaseDenoiser]:
    """The columns of the table."""
    return {
        "calibrated": CalibratedDenoiser(domain="series"),
        "published": DenoGradDenoiser(domain="series", random_state=seed, device="cpu"),
        "kalman": KalmanSaneDenoiser(),
    }


def measure() -> None:
    """Print the mean recovery of the target over the seeds, in %."""
    for dataset in (Seasonal(STEPS), ETT()):
        whole = dataset.load()
        table = replace(whole, X=whole.X[:STEPS], y=whole.y[:STEPS])
        for level in LEVELS:
            found: dict[str, list[float]] = {}
            for seed in SEEDS:
                noisy = Gaussian(sigma=level).corrupt(table, rng_for("readme", seed))
                for name, denoiser in denoisers(seed).items():
                    _, refined = denoiser.fit_resample(noisy.X, noisy.y)
                    found.setdefault(name, []).append(recovery(refined, noisy.y, table.y))
            means = {name: f"{100 * np.mean(values):.1f}" for name, values in found.items()}
            print(dataset.name, level, means, flush=True)


if __name__ == "__main__":
    draw()
    measure()
