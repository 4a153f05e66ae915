"""Empirical mode decomposition against PyEMD's own, and noise told from signal."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import PyEMD
import pytest
from joblib import parallel_config

from baselines.emd import EMDDenoiser
from baselines.emd_sane import EMDSaneDenoiser, largest_noise_energy, mean_period
from tests.support.columns import random_column

STEPS = np.arange(1000)


def refine(denoiser, x: np.ndarray) -> np.ndarray:
    return denoiser.fit_resample(x[:, None], x)[1]


def root_mean_square(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


@pytest.fixture
def columns():
    rng = np.random.default_rng(0)
    return np.column_stack(
        [
            rng.normal(size=1000),
            np.cumsum(rng.normal(size=1000)),
            np.sin(STEPS / 5.0) + 0.1 * rng.normal(size=1000) + STEPS / 300,
        ]
    )


def full_decomposition(x: np.ndarray, drop: int) -> np.ndarray:
    """What is left of a column of any unit; PyEMD stops at sizes that are fit for a spread of 1."""
    unit = 2.0 ** np.round(np.log2(x.std() or 1.0))
    return unit * PyEMD.EMD(spline_kind="cubic").emd(x / unit)[drop:].sum(axis=0)


def test_equals_what_a_full_decomposition_leaves():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        column, drop = random_column(rng, int(10 ** rng.uniform(0.5, 2.5))), int(rng.integers(1, 5))
        expected = full_decomposition(column, drop)
        largest = np.abs(column).max()
        np.testing.assert_allclose(
            refine(EMDDenoiser(drop), column), expected, 0, 1e-9 * largest, err_msg=f"{seed=}"
        )


def test_only_the_modes_that_go_are_computed(columns, monkeypatch):
    asked = []
    emd = PyEMD.EMD.emd

    def spy(self, S, T=None, max_imf=-1):
        asked.append((self.spline_kind, max_imf))
        return emd(self, S, T, max_imf)

    monkeypatch.setattr(PyEMD.EMD, "emd", spy)
    EMDDenoiser().fit_resample(columns[:, :2], columns[:, 0])
    assert asked == [("cubic", 2)] * 3


@pytest.mark.parametrize(
    "column",
    [np.full(50, 3.7), np.zeros(50), np.arange(50.0), np.eye(50)[20], np.array([1.0, 2.0])],
    ids=["constant", "zero", "line", "one impulse", "two rows"],
)
def test_a_column_with_no_more_modes_becomes_zero(column):
    np.testing.assert_array_equal(refine(EMDDenoiser(), column), 0.0)


def test_the_slow_one_of_two_waves_is_left():
    slow, fast = np.sin(2 * np.pi * STEPS / 250), np.sin(2 * np.pi * STEPS / 10)
    refined = refine(EMDDenoiser(drop=1), slow + fast)
    middle = slice(100, -100)
    np.testing.assert_allclose(refined[middle], slow[middle], atol=0.05)


def test_processes_do_not_change_the_result(columns):
    alone = EMDDenoiser().fit_resample(columns, columns[:, 0])
    with parallel_config(backend="threading"):
        together = EMDDenoiser(n_jobs=2).fit_resample(columns, columns[:, 0])
    for found, wanted in zip(together, alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_pylab_is_not_imported_before_it_is_needed():
    code = "import sys, baselines.emd, baselines.emd_sane; sys.exit('PyEMD' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_drop_must_be_positive():
    with pytest.raises(ValueError, match="drop must be at least 1 IMF, got 0"):
        EMDDenoiser(drop=0).fit(np.ones((3, 1)), np.ones(3))


def test_mean_period_by_hand():
    assert mean_period(np.array([1.0, -1.0, 1.0, -1.0, 1.0])) == 2.5
    assert mean_period(np.sin(2 * np.pi * (STEPS + 0.5) / 20)) == pytest.approx(20, rel=0.02)
    assert mean_period(np.ones(5)) == np.inf


@pytest.mark.parametrize(
    ("number", "average", "factor"), [(2, 0.3443, 1.4146), (3, 0.1713, 1.6117)]
)
def test_bound_of_noise_by_hand(number, average, factor):
    assert largest_noise_energy(2.0, number) == pytest.approx(2 * average * factor, rel=1e-3)


def test_modes_of_noise_lie_below_the_bound():
    modes = PyEMD.EMD().emd(np.random.default_rng(0).normal(size=4000))
    energies = np.mean(modes**2, axis=1)
    for number in (2, 3, 4, 5):
        expected = energies[0] / 0.719 * 2.01**-number
        assert energies[number - 1] == pytest.approx(expected, rel=0.35)
        assert energies[number - 1] < largest_noise_energy(energies[0], number)


def test_sane_leaves_of_white_noise_a_trend():
    x = np.random.default_rng(0).normal(size=2000)
    assert refine(EMDSaneDenoiser(), x).var() < 0.01


@pytest.mark.parametrize(
    "clean",
    [
        np.sin(2 * np.pi * STEPS / 24) + 2 * np.sin(2 * np.pi * STEPS / 168),
        STEPS / 100.0,
        np.full(1000, 2.0),
    ],
    ids=["waves", "line", "constant"],
)
def test_sane_leaves_a_clean_series_as_it_is(clean):
    np.testing.assert_array_equal(refine(EMDSaneDenoiser(), clean), clean)


def test_sane_subtracts_the_mode_of_noise_and_spares_the_wave():
    clean = np.sin(2 * np.pi * STEPS / 24)
    noisy = clean + 0.2 * np.random.default_rng(0).normal(size=1000)
    refined = refine(EMDSaneDenoiser(), noisy)
    np.testing.assert_allclose(refined, noisy - PyEMD.EMD().emd(noisy, max_imf=1)[0], atol=1e-12)
    before = root_mean_square(noisy - clean)
    assert root_mean_square(refined - clean) < 0.85 * before
    assert root_mean_square(refine(EMDDenoiser(), noisy) - clean) > before


def test_sane_subtracts_more_modes_where_the_signal_is_slower():
    clean = np.sin(2 * np.pi * STEPS / 500)
    noisy = clean + 0.2 * np.random.default_rng(0).normal(size=1000)
    sane, published = refine(EMDSaneDenoiser(), noisy), refine(EMDDenoiser(), noisy)
    assert root_mean_square(sane - clean) < 0.6 * root_mean_square(published - clean)
