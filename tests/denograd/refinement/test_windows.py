"""Windows against their definition, one window at a time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from denograd.refinement.windows import Windows


@st.composite
def cuts(draw):
    size = draw(st.integers(1, 6))
    future = draw(st.integers(1, 4))
    stride = draw(st.integers(1, 5))
    n_steps = draw(st.integers(size + future, 30))
    return Windows(n_steps, size, future, stride)


def spans(windows):
    """Start and target of every window, by trying every start."""
    return [
        (s, s + windows.size + windows.future - 1)
        for s in range(0, windows.n_steps, windows.stride)
        if s + windows.size + windows.future - 1 < windows.n_steps
    ]


@given(cuts())
def test_starts_and_targets(windows):
    expected = spans(windows)
    assert len(windows) == len(expected)
    assert windows.starts(slice(None)).tolist() == [s for s, _ in expected]
    assert windows.targets(slice(None)).tolist() == [t for _, t in expected]


def test_too_short_a_series_has_no_window():
    assert len(Windows(10, 10)) == 0
    assert len(Windows(3, 10)) == 0


@given(cuts(), st.data())
def test_gather_add_and_visits(windows, data):
    series = torch.arange(windows.n_steps * 2, dtype=torch.float64).reshape(-1, 2)
    chosen = data.draw(st.lists(st.integers(0, len(windows) - 1), unique=True, min_size=1))
    index = torch.tensor(sorted(chosen))
    marked = torch.zeros(len(windows), dtype=torch.bool)
    marked[index] = True

    total = torch.zeros_like(series)
    counts = torch.zeros(windows.n_steps, dtype=torch.int64)
    batch = windows.gather(series, index)
    for row, i in enumerate(index.tolist()):
        start, _ = spans(windows)[i]
        span = slice(start, start + windows.size)
        assert torch.equal(batch[row], series[span])
        total[span] += batch[row]
        counts[span] += 1

    added = torch.zeros_like(series)
    windows.add(added, batch, index)
    assert torch.equal(added, total)
    assert torch.equal(windows.visits(marked), counts)


@given(cuts(), st.data())
def test_neighbours_add_up_to_the_bits_that_they_do_by_their_indices(windows, data):
    first = data.draw(st.integers(0, len(windows) - 1))
    chunk = slice(first, data.draw(st.integers(first + 1, len(windows))))
    index = torch.arange(len(windows))[chunk]
    values = torch.randn(len(index), windows.size, 2) * 10 ** torch.randn(len(index), 1, 1)
    totals = torch.zeros(2, windows.n_steps, 2)
    for total, selection in zip(totals, (chunk, index), strict=True):
        windows.add(total, values, selection)
    assert torch.equal(*totals)


@given(cuts(), st.data())
def test_of_windows_that_overlap_the_latest_overwrites(windows, data):
    series = torch.full((windows.n_steps, 1), -1.0)
    kept = data.draw(st.lists(st.booleans(), min_size=len(windows), max_size=len(windows)))
    chosen = [(i, s) for i, (s, _) in enumerate(spans(windows)) if kept[i]]
    values = torch.tensor([float(i) for i, _ in chosen]).reshape(-1, 1, 1)
    starts = torch.tensor([s for _, s in chosen], dtype=torch.int64)
    windows.overwrite(series, values.expand(-1, windows.size, -1), starts)
    for step in range(windows.n_steps):
        latest = [i for i, s in chosen if s <= step < s + windows.size]
        assert series[step] == (latest[-1] if latest else -1.0)


@given(cuts(), st.data())
def test_covering(windows, data):
    marked = torch.tensor(
        data.draw(st.lists(st.booleans(), min_size=windows.n_steps, max_size=windows.n_steps))
    )
    expected = [bool(marked[s : s + windows.size].any()) for s, _ in spans(windows)]
    assert windows.covering(marked).tolist() == expected


@pytest.mark.parametrize("stride", [1, 3])
def test_a_range_is_as_good_as_its_indices(stride):
    windows = Windows(40, 7, 2, stride)
    series = torch.randn(40, 3)
    chosen = slice(2, 9)
    index = torch.arange(2, 9)
    assert torch.equal(windows.gather(series, chosen), windows.gather(series, index))
    totals = torch.zeros(2, 40, 3)
    for total, selection in zip(totals, (chosen, index), strict=True):
        windows.add(total, windows.gather(series, selection), selection)
    assert torch.equal(totals[0], totals[1])
