"""
Does it help my regressor?
==========================

Only rows that nobody touched can say. This page asks the question the wrong way, the right way, and
then leaves it to `RefinedRegressor`, which asks it for you.
"""

# %%
# A noisy table, a part of it set aside, and a regressor that learns noise by heart.

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

from denograd import CalibratedDenoiser, RefinedRegressor

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, size=(1200, 2))
y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + rng.normal(scale=0.5, size=1200)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
tree = DecisionTreeRegressor(random_state=0)

as_it_came = r2_score(y_test, tree.fit(X_train, y_train).predict(X_test))
print(f"as it came: R² {as_it_came:.2f}")

# %%
# **The wrong way**: change everything first, and take the error against changed targets. Here the
# "denoiser" only halves the target's deviations from its mean, on every row, so it knows nothing.


def shrink(target: np.ndarray) -> np.ndarray:
    """Halve the deviations from the mean."""
    return y.mean() + (target - y.mean()) / 2


before = np.mean((y_test - tree.fit(X_train, y_train).predict(X_test)) ** 2)
after = np.mean((shrink(y_test) - tree.fit(X_train, shrink(y_train)).predict(X_test)) ** 2)
print(f"error on changed targets: {100 * (1 - after / before):.0f} % lower, for nothing")

# %%
# **The right way**: refine training rows only, and score on rows as they came.

refined = CalibratedDenoiser(random_state=0).refine_target(X_train, y_train)
helped = r2_score(y_test, tree.fit(X_train, refined).predict(X_test))
shrunk = r2_score(y_test, tree.fit(X_train, shrink(y_train)).predict(X_test))
print(f"refined: R² {helped:.2f}; halved deviations: R² {shrunk:.2f}; as it came: {as_it_came:.2f}")

# %%
# Refining helps a tree that is grown to the end, and does little for a model that averages noise
# anyway. `RefinedRegressor` finds out by nested cross-validation on the training rows: a refined
# target is used only if the error on untouched rows falls by more than two and a half standard
# errors. Else it is the plain regressor, bit for bit.

for plain in (tree, Ridge()):
    model = RefinedRegressor(plain, random_state=0).fit(X_train, y_train)
    r2 = r2_score(y_test, model.predict(X_test))
    print(f"{type(plain).__name__}: strength {model.strength_:g}, R² {r2:.2f}")
    for strength, gain in model.gains_.items():
        print(f"   {strength:g}: {gain.mean:+.1f} % ± {gain.standard_error:.1f}  {gain.why_not}")

# %%
# Scoring must not touch the rows that are scored either: put the whole model, not refined data,
# into `cross_val_score`. See :doc:`/explanations/protocols` for what becomes of published results
# otherwise.
