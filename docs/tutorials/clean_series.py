"""
Clean a series
==============

A series tells how noisy it is: whatever neither its past nor its future explains, at no step, is
noise. So there is nothing to tune and nothing to say.
"""

# %%
# Ten weeks of an hourly temperature, and the humidity beside it, each with noise. The first channel
# is the target.

import matplotlib.pyplot as plt
import numpy as np

from denograd import CalibratedDenoiser, noise

rng = np.random.default_rng(0)
t = np.arange(1680)
day, front = np.sin(2 * np.pi * t / 24), np.sin(2 * np.pi * t / 190)
clean = np.column_stack([12 + 4 * day + 2 * front, 70 - 12 * day + 3 * front])
noisy = clean + rng.normal(scale=[0.8, 2.0], size=clean.shape)

print("estimated:", noise.estimate(noisy).round(2), "true: [0.8 2. ]")

# %%
# `fit_resample` takes the series and its first channel, and returns both refined.

denoiser = CalibratedDenoiser(domain="series")
refined, temperature = denoiser.fit_resample(noisy, noisy[:, 0])


def rmse(series: np.ndarray) -> np.ndarray:
    """Root mean squared distance of each channel from the clean one."""
    return np.sqrt(np.mean((series - clean) ** 2, axis=0))


print("distance from the truth before:", rmse(noisy).round(2), "after:", rmse(refined).round(2))

# %%
# Five days of it.

few = slice(400, 520)
plt.figure(figsize=(7, 3))
plt.plot(t[few], noisy[few, 0], ".", color="#9A9A9A", label="measured")
plt.plot(t[few], temperature[few], color="#0072B2", label="refined")
plt.plot(t[few], clean[few, 0], "k--", lw=1, label="truth, never seen")
plt.xlabel("hour")
plt.ylabel("°C")
plt.legend(fontsize=8)
plt.tight_layout()

# %%
# A value goes only part of the way to its prediction: the share of the prediction's error which is
# noise. Where the series is hard to predict, little moves.

share = denoiser.weights_[:, 0].mean()
print(f"temperature: noise {denoiser.noise_.y:.2f}, goes {share:.0%} of the way")

# %%
# A sensor that fails now and then leaves gross errors. They are looked for only when you say so, as
# nothing tells them from spikes that belong to the signal.

broken = noisy.copy()
hit = rng.choice(len(t), 40, replace=False)
broken[hit, 0] += rng.choice([-15, 15], 40)
repaired, _ = CalibratedDenoiser(domain="series", gross_errors=True).fit_resample(
    broken, broken[:, 0]
)
print("at the failures before:", np.abs(broken - clean)[hit, 0].mean().round(1), end=" ")
print("after:", np.abs(repaired - clean)[hit, 0].mean().round(1))

# %%
# The same for a file:
#
# .. code-block:: sh
#
#    denograd clean weather.csv --target temperature --series --plot picture.png
