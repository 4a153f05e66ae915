"""The record of a refinement."""

import warnings

import pandas as pd
import pytest

from denograd import OscillationWarning
from denograd.history import Epoch, History


def test_is_a_sequence_and_a_frame():
    epochs = [Epoch(2.0, 0.25, 0.1), Epoch(1.0, 0.5, 0.05, 0.25)]
    history = History()
    for epoch in epochs:
        history.append(epoch)
    assert list(history) == epochs
    assert len(history) == 2
    assert history[-1] == epochs[1]
    assert list(history[:1]) == epochs[:1]
    expected = pd.DataFrame(
        {"loss": [2.0, 1.0], "gated": [0.25, 0.5], "step": [0.1, 0.05], "swinging": [0.0, 0.25]},
        index=pd.RangeIndex(1, 3, name="epoch"),
    )
    pd.testing.assert_frame_equal(history.to_frame(), expected)
    assert repr(history) == "History(2 epochs; last: loss 1, 50.0% gated, mean step 0.05)"


def test_without_epochs():
    assert History().to_frame().shape == (0, 4)
    assert repr(History()) == "History(no epochs)"
    History().warn_if_oscillating()


@pytest.mark.parametrize(
    ("gated", "swinging", "warns"),
    [(0.0, 1.0, True), (0.2, 0.5, True), (0.2, 0.3, False), (0.95, 0.05, False), (1.0, 0, False)],
)
def test_warns_when_most_of_those_that_move_swing(gated, swinging, warns):
    history = History([Epoch(1.0, gated, 0.1, swinging)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history.warn_if_oscillating()
    assert [w.category for w in caught] == ([OscillationWarning] if warns else [])
    assert issubclass(OscillationWarning, RuntimeWarning)
