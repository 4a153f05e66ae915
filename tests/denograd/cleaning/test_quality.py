"""How good the backbone is, and how far the values moved."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd.cleaning.changes import Changes
from tests.denograd.cleaning.toys import SHORT, clean, series, table


def test_a_backbone_without_skill_is_a_warning(
    data: Path, capsys: pytest.CaptureFixture[str]
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


def test_changes_of_a_column_that_rests() -> None:
    before = pd.DataFrame({"y": [1.0, 2.0, 3.0], "a": [0.0, 0.0, 4.0]})
    after = before.copy()
    after.loc[1, "y"] = 2.5
    changes = Changes(before, after)
    assert changes.n_moved == 1
    assert changes.n_moved_beyond(0.6) == 1
    assert changes.n_moved_beyond(0.7) == 0
    assert changes.by_column().loc["a"].tolist() == [0, 0, 0, 0]
    assert changes.to_frame()["column"].tolist() == ["y"]


@pytest.mark.parametrize(("trend", "warned"), [(0.0, False), (1.0, True)])
def test_a_series_is_compared_with_its_last_value(
    data: Path, capsys: pytest.CaptureFixture[str], trend: float, warned: bool
) -> None:
    """The last value of noise predicts nothing; a line leaves what a network has seen of it."""
    y = np.random.default_rng(3).normal(size=90) + trend * np.arange(90)
    series().assign(temperature=y).to_csv(data, index=False)
    shape = ["--series", "--window", "8", "--horizon", "3", "--backbone", "mlp"]
    assert clean(data, "--target", "temperature", *shape, *SHORT[:-1]) == 0
    out, err = capsys.readouterr()
    last = np.mean((y[-10:] - y[-13:-3]) ** 2)
    assert f"the last value before, taken for a prediction: MSE {last:.3g} (RMSE" in out
    against = rf"no better than its last value does \(MSE \S+ against {last:.3g} on 10 rows"
    assert bool(re.search(against, err)) is warned
