"""
Clean a table whose noise you know
==================================

A table cannot tell noise from what its columns do not explain, so its noise has to be said: from
the data sheet of a sensor, from repeated measurements, from experience. `CalibratedDenoiser` then
moves every value towards what the other columns say of it, by the share of that prediction's error
which is noise.
"""

# %%
# Two inputs and a target, all measured with a standard deviation of 0.2. Here we made the clean
# values and can check; the denoiser never sees them.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from denograd import CalibratedDenoiser

rng = np.random.default_rng(0)
clean = pd.DataFrame(rng.uniform(-2, 2, size=(1000, 2)), columns=["a", "b"])
clean["y"] = np.sin(2 * clean["a"]) + clean["b"] ** 2
noisy = clean + rng.normal(scale=0.2, size=clean.shape)

# %%
# Say how noisy the columns are, by name and in their units, and refine. A frame comes back as a
# frame, with the same rows in the same order.

noise = {"a": 0.2, "b": 0.2, "y": 0.2}
denoiser = CalibratedDenoiser(noise=noise, random_state=0)
X, y = denoiser.fit_resample(noisy[["a", "b"]], noisy["y"])
refined = X.assign(y=y)
refined.head()

# %%
# How far the values were from the truth before, and how far they are after. The target gains most,
# since the inputs explain it; the inputs gain what the target says of them.


def rmse(frame: pd.DataFrame) -> pd.Series:
    """Root mean squared distance of each column from the clean one."""
    return ((frame - clean) ** 2).mean() ** 0.5


pd.DataFrame({"before": rmse(noisy), "after": rmse(refined)}).round(3)

# %%
# A slice of the table, where `b` is near 0 and the target should be a sine of `a`.

some = clean["b"].abs() < 0.3
grid = np.linspace(-2, 2, 200)
plt.figure(figsize=(6, 3.2))
plt.plot(noisy["a"][some], noisy["y"][some], ".", color="#9A9A9A", label="noisy")
plt.plot(refined["a"][some], refined["y"][some], ".", color="#0072B2", label="refined")
plt.plot(grid, np.sin(2 * grid), "k", lw=1, label="truth at b = 0, never seen")
plt.xlabel("a")
plt.ylabel("y")
plt.legend(fontsize=8)
plt.tight_layout()

# %%
# What if you do not know the noise? Then nothing moves, and `bounds_` says how noisy each column
# can be at most. That is an upper bound, not an estimate: a noise that you say should lie below it.

unknown = CalibratedDenoiser(random_state=0)
same, _ = unknown.fit_resample(noisy[["a", "b"]], noisy["y"])
print("nothing moved:", same.equals(noisy[["a", "b"]]))
print("at most:", unknown.bounds_.X.round(2), "and", round(unknown.bounds_.y, 2))

# %%
# The same for a file, without a line of Python:
#
# .. code-block:: sh
#
#    denograd clean data.csv --target y --noise a=0.2 --noise b=0.2 --noise y=0.2
