"""Each family of noise against its definition, and its statistics against the distribution."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.datasets.base import DataTable
from experiments.noise.base import Noise
from experiments.noise.drift import Drift
from experiments.noise.gaussian import Gaussian
from experiments.noise.heteroscedastic import Heteroscedastic
from experiments.noise.impulses import Impulses
from experiments.noise.student_t import StudentT
from experiments.settings.schema import Settings
from tests.support.toy_tables import flat_table, rng, series_table

SHARES = st.floats(0, 1)


def wide(n_rows: int = 20_000) -> DataTable:
    """Two normal columns and a target, in units of their own."""
    values = rng(1).normal([3, -5, 0], [20, 0.1, 1], (n_rows, 3))
    return DataTable.tabular(pd.DataFrame(values, columns=["a", "b", "y"]), "y")


def standardised(noise: Noise, table: DataTable, seed: int = 2) -> np.ndarray:
    """The noise on X and y in standard deviations of the clean columns."""
    noisy = noise.corrupt(table, rng(seed))
    clean = pd.concat([table.X, table.y], axis=1).to_numpy()
    return (pd.concat([noisy.X, noisy.y], axis=1).to_numpy() - clean) / clean.std(axis=0)


@pytest.mark.parametrize(
    ("family", "draw_of"),
    [
        (Gaussian, lambda generator, shape: generator.standard_normal(shape)),
        (StudentT, lambda generator, shape: generator.standard_t(3, shape) / math.sqrt(3)),
    ],
)
@given(sigma=st.floats(0.01, 2.0), seed=st.integers(0, 1000))
def test_noise_is_level_times_population_sd_times_the_draw(
    family: type[Noise], draw_of: Callable[..., np.ndarray], sigma: float, seed: int
) -> None:
    for table in (flat_table(), series_table()):
        noisy = family(sigma, on="both").corrupt(table, rng(seed))
        draw = draw_of(rng(seed), table.shape)
        names = [name for name in table.X if name != "constant"]
        columns = [(table.X[n], noisy.X[n], draw[:, table.X.columns.get_loc(n)]) for n in names]
        if table.domain == "tabular":
            columns.append((table.y, noisy.y, draw[:, -1]))
        for clean, found, unit in columns:
            expected = clean + sigma * np.std(clean.to_numpy()) * unit
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


class TestStudentT:
    def test_noise_has_the_distribution(self) -> None:
        noise = standardised(StudentT(0.2, on="both"), wide()).ravel() / 0.2
        scaled = stats.t(3, scale=1 / math.sqrt(3))
        assert scaled.var() == pytest.approx(1)
        assert stats.kstest(noise, scaled.cdf).pvalue > 0.01
        assert stats.kstest(noise, stats.norm.cdf).pvalue < 1e-9

    def test_figures_of_the_docstring(self) -> None:
        noise = np.abs(standardised(StudentT(1.0, on="both"), wide()))
        normal = np.abs(standardised(Gaussian(1.0, on="both"), wide()))
        assert np.median(noise) == pytest.approx(0.44, abs=0.01)
        assert np.median(normal) == pytest.approx(0.67, abs=0.01)
        assert (noise > 4).mean() == pytest.approx(0.006, abs=0.001)
        assert (normal > 4).mean() < 0.0002

    def test_many_degrees_of_freedom_are_nearly_normal(self) -> None:
        noise = standardised(StudentT(1.0, degrees=200.0), wide())[:, :2]
        assert noise.std() == pytest.approx(1, abs=0.02)
        assert abs(stats.kurtosis(noise, axis=None)) < 0.15

    @pytest.mark.parametrize("degrees", [2.0, 0.0, math.inf, math.nan])
    def test_without_a_variance_there_is_no_scale(self, degrees: float) -> None:
        with pytest.raises(ValueError, match="degrees must be a finite number above 2"):
            StudentT(0.1, degrees=degrees)


class TestImpulses:
    @given(share=SHARES, seed=st.integers(0, 1000), size=st.floats(0.5, 100))
    def test_a_cell_jumps_by_the_size_or_keeps_every_bit(
        self, share: float, seed: int, size: float
    ) -> None:
        table = flat_table()
        noisy = Impulses(share, size=size, on="both").corrupt(table, rng(seed))
        for clean, after in ((table.X["large"], noisy.X["large"]), (table.y, noisy.y)):
            moved = (after != clean).to_numpy()
            jump = size * np.std(clean.to_numpy())
            np.testing.assert_allclose((after - clean)[moved].abs(), jump, rtol=1e-9)

    @given(one=SHARES, other=SHARES, seed=st.integers(0, 1000))
    def test_what_a_smaller_share_hits_a_larger_one_hits_alike(
        self, one: float, other: float, seed: int
    ) -> None:
        table, (low, high) = flat_table(), sorted((one, other))
        few = Impulses(low, on="both").corrupt(table, rng(seed))
        many = Impulses(high, on="both").corrupt(table, rng(seed))
        for clean, some, more in ((table.X, few.X, many.X), (table.y, few.y, many.y)):
            hit = (some != clean).to_numpy()
            np.testing.assert_array_equal(some.to_numpy()[hit], more.to_numpy()[hit])

    @pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
    def test_the_share_is_hit_up_and_down_alike(self, share: float) -> None:
        noise = standardised(Impulses(share, size=4.0, on="both"), wide())
        n_hit, n_cells = int((noise != 0).sum()), noise.size
        assert stats.binomtest(n_hit, n_cells, share).pvalue > 0.001
        assert stats.binomtest(int((noise > 0).sum()), n_hit, 0.5).pvalue > 0.001
        assert noise.std() == pytest.approx(4 * math.sqrt(share), rel=0.05)

    def test_a_share_of_one_hits_every_cell(self) -> None:
        noise = standardised(Impulses(1.0, size=2.0, on="both"), wide(200))
        np.testing.assert_allclose(np.abs(noise), 2, rtol=1e-9)

    def test_a_cell_is_hit_whatever_the_others_do(self) -> None:
        hit = standardised(Impulses(0.5, on="both"), wide()) != 0
        off_diagonal = np.corrcoef(hit.T) - np.eye(3)
        assert np.abs(off_diagonal).max() < 0.03

    def test_bad_settings_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"share must lie between 0 and 1, not 1\.5"):
            Impulses(1.5)
        for size in (0.0, -1.0, math.inf):
            with pytest.raises(ValueError, match="size must be a finite number above 0"):
                Impulses(0.1, size=size)


class TestHeteroscedastic:
    @pytest.mark.parametrize(("growth", "by"), [(0.5, "value"), (1.0, "value"), (0.25, "target")])
    @pytest.mark.parametrize("make", [flat_table, series_table])
    def test_it_is_the_formula(self, growth: float, by: Any, make: Callable[[], DataTable]) -> None:
        table = make()
        noise = Heteroscedastic(0.3, by=by, growth=growth, on="both")
        noisy = noise.corrupt(table, rng(5))
        draw = rng(5).standard_normal(table.shape)
        for position in (0, table.X.shape[1] - 1):
            clean = table.X.iloc[:, position].to_numpy()
            source = clean if by == "value" else table.y.to_numpy()
            z = (source - source.mean()) / source.std()
            size = np.sqrt(1 - growth + growth * z**2)
            expected = clean + 0.3 * clean.std() * size * draw[:, position]
            np.testing.assert_allclose(noisy.X.iloc[:, position], expected, rtol=1e-9, atol=1e-12)
        if table.domain == "tabular":
            y = table.y.to_numpy()
            size = np.sqrt(1 - growth + growth * ((y - y.mean()) / y.std()) ** 2)
            expected = y + 0.3 * y.std() * size * draw[:, -1]
            np.testing.assert_allclose(noisy.y, expected, rtol=1e-9)

    def test_without_growth_it_is_gaussian(self) -> None:
        for table in (flat_table(), series_table()):
            flat = Heteroscedastic(0.3, growth=0.0, on="both").corrupt(table, rng(5))
            normal = Gaussian(0.3, on="both").corrupt(table, rng(5))
            assert flat.X.equals(normal.X)
            assert flat.y.equals(normal.y)

    def test_sigma_is_the_size_over_all_rows(self) -> None:
        for growth in (0.5, 1.0):
            noise = standardised(Heteroscedastic(0.2, growth=growth, on="both"), wide())
            np.testing.assert_allclose(noise.std(axis=0), 0.2, rtol=0.03)

    def test_figures_of_the_docstring(self) -> None:
        table = wide(200_000)
        z = np.abs((table.y - table.y.mean()) / table.y.to_numpy().std()).to_numpy()
        noise = standardised(Heteroscedastic(1.0, on="both"), table)[:, -1]
        for score, size in ((0, 0.71), (1, 1.0), (3, 2.24)):
            near = np.abs(z - score) < 0.1
            assert noise[near].std() == pytest.approx(size, rel=0.1)

    def test_rows_with_extreme_targets_are_noisy_throughout(self) -> None:
        table = wide()
        extreme = (np.abs(table.y - table.y.mean()) > 2 * table.y.std()).to_numpy()
        by_target = standardised(Heteroscedastic(0.2, by="target", on="both"), table)
        by_value = standardised(Heteroscedastic(0.2, on="both"), table)
        assert by_target[extreme, 0].std() > 1.5 * by_target[~extreme, 0].std()
        assert by_value[extreme, 0].std() < 1.2 * by_value[~extreme, 0].std()

    def test_a_constant_target_tells_no_rows_apart(self) -> None:
        table = flat_table()
        table.y[:] = 0.1
        noisy = Heteroscedastic(0.3, by="target").corrupt(table, rng(5))
        assert noisy.X.equals(Gaussian(0.3).corrupt(table, rng(5)).X)

    def test_bad_settings_are_refused(self) -> None:
        with pytest.raises(ValueError, match="by must be value or target, not 'row'"):
            Heteroscedastic(0.1, by="row")  # type: ignore[arg-type]
        for growth in (-0.1, 1.1, math.nan):
            with pytest.raises(ValueError, match="growth must lie between 0 and 1"):
                Heteroscedastic(0.1, growth=growth)


class TestDrift:
    def test_it_is_a_standardised_random_walk(self) -> None:
        table = series_table()
        noisy = Drift(0.3).corrupt(table, rng(5))
        walk = np.cumsum(rng(5).standard_normal((60, 3)), axis=0)
        clean = table.X.to_numpy()
        expected = clean + 0.3 * clean.std(axis=0) * stats.zscore(walk, axis=0)
        np.testing.assert_allclose(noisy.X, expected, rtol=1e-9, atol=1e-12)

    @given(seed=st.integers(0, 1000), sigma=st.floats(0.01, 2))
    def test_every_channel_has_exactly_the_size(self, seed: int, sigma: float) -> None:
        table = series_table()
        clean = table.X.to_numpy()
        noise = Drift(sigma).corrupt(table, rng(seed)).X.to_numpy() - clean
        np.testing.assert_allclose(noise.mean(axis=0) / clean.std(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(noise.std(axis=0) / clean.std(axis=0), sigma, rtol=1e-9)

    def test_it_is_slow(self) -> None:
        """From one step to the next it moves little, and an average over a day leaves it."""
        frame = pd.DataFrame(rng(3).normal(size=(5000, 4)), columns=["y", "a", "b", "c"])
        table = DataTable.series(frame, "y")
        noise = (Drift(1.0).corrupt(table, rng(4)).X - frame).to_numpy()
        white = (Gaussian(1.0).corrupt(table, rng(4)).X - frame).to_numpy()
        assert np.diff(noise, axis=0).std() < 0.1 < np.diff(white, axis=0).std()
        daily, of_white = (
            values[:4992].reshape(-1, 24, 4).mean(axis=1) for values in (noise, white)
        )
        assert daily.var() > 0.98
        assert of_white.var() == pytest.approx(1 / 24, rel=0.3)

    def test_channels_wander_by_themselves(self) -> None:
        table = series_table()
        noise = (Drift(1.0).corrupt(table, rng(4)).X - table.X).to_numpy()
        assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.999

    def test_a_table_is_refused_with_a_reason(self) -> None:
        with pytest.raises(ValueError, match="rows of a table have no order in time"):
            Drift(0.1).corrupt(flat_table(), rng())


def test_settings_reach_the_family(settings_of: Callable[..., Settings]) -> None:
    overrides = ("noise=impulses", "noise.share=0.5", "noise.size=2", "noise.on=both")
    assert settings_of(*overrides).noise.build() == Impulses(0.5, size=2.0, on="both")
