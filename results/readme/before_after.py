"""Draws the picture of the README: python results/readme/before_after.py."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from denograd import DenoGradDenoiser
from denograd.cleaning.drawing import AFTER, BEFORE

NOISE_X, NOISE_Y = 0.08, 0.25
SHOWN = 300


def standardised(values: np.ndarray) -> np.ndarray:
    """Return values with mean 0 and standard deviation 1 in every column."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


def rmse(a: np.ndarray, b: np.ndarray) -> float:
    """Return the root mean squared difference."""
    return float(np.sqrt(np.mean((a - b) ** 2)))


def curve(axes: Axes, rng: np.random.Generator) -> None:
    """A table: points on a quartic, noise on both coordinates, more on the target."""
    x = np.sort(rng.uniform(-5, 5, 4000))
    clean = standardised(np.column_stack([x, x**4 - x**3 - 20 * x**2 - 20 * x + 6]))
    noisy = clean + [NOISE_X, NOISE_Y] * rng.normal(size=clean.shape)
    denoiser = DenoGradDenoiser(max_epochs=300, nr_threshold=0.02, random_state=0, device="cpu")
    refined = np.column_stack(denoiser.fit_resample(noisy[:, :1], noisy[:, 1]))
    some = rng.choice(len(x), 1500, replace=False)
    axes.scatter(*noisy[some].T, s=5, c=BEFORE, alpha=0.5, lw=0, label="noisy")
    axes.scatter(*refined[some].T, s=5, c=AFTER, alpha=0.8, lw=0, label="refined")
    axes.plot(*clean.T, "k", lw=1, label="truth, never seen")
    print(
        f"curve: y {rmse(noisy[:, 1], clean[:, 1]):.3f} -> {rmse(refined[:, 1], clean[:, 1]):.3f}"
    )


def series(axes: Axes, rng: np.random.Generator) -> None:
    """Two channels with several periods, noise on both; the first is the target."""
    t = np.arange(3000)
    clean = standardised(
        np.column_stack(
            [
                np.sin(2 * np.pi * t / 48) + 0.5 * np.sin(2 * np.pi * t / 24 + 1),
                np.cos(2 * np.pi * t / 48),
            ]
        )
    )
    noisy = clean + NOISE_Y * rng.normal(size=clean.shape)
    denoiser = DenoGradDenoiser(
        domain="series", nr_threshold=0.02, backbone_epochs=40, random_state=0, device="cpu"
    )
    _, refined = denoiser.fit_resample(noisy, noisy[:, 0])
    axes.plot(noisy[-SHOWN:, 0], ".", c=BEFORE, ms=3, label="noisy")
    axes.plot(clean[-SHOWN:, 0], "k", lw=1, label="truth, never seen")
    axes.plot(refined[-SHOWN:], c=AFTER, lw=1.3, label="refined")
    print(f"series: y {rmse(noisy[:, 0], clean[:, 0]):.3f} -> {rmse(refined, clean[:, 0]):.3f}")


def main() -> None:
    """Draw both panels and save them beside this file."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.4])
    rng = np.random.default_rng(0)
    curve(left, rng)
    series(right, rng)
    left.set(title="a table", xlabel="x", ylabel="y")
    right.set(title="a series", xlabel="time step", ylabel="target")
    left.legend(frameon=False, fontsize=8, markerscale=2)
    figure.savefig(Path(__file__).with_name("before_after.png"), dpi=110)


if __name__ == "__main__":
    main()
