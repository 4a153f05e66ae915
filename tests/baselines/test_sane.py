"""What the sane variants change about the published methods, and what they keep."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import baselines
from baselines.moving_average_sane import MovingAverageSaneDenoiser
from baselines.pca import PCADenoiser
from baselines.pca_sane import PCASaneDenoiser

FOUND = baselines.discover()
VARIANTS = sorted(name for name in FOUND if name.endswith("_sane"))
ORDER_BASED = ["emd", "kalman", "moving_average", "wtd"]


def test_each_published_method_with_code_of_its_own_has_a_variant():
    assert sorted(f"{name}_sane" for name in [*ORDER_BASED, "pca"]) == VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_share_seeds_and_facts_with_the_published_method(name):
    variant, published = FOUND[name], FOUND[name.removesuffix("_sane")]
    assert variant.method == published.method
    assert variant.uses_row_order == published.uses_row_order
    assert variant.column_wise == published.column_wise
    assert variant.fits_on == published.fits_on
    assert not variant.uses_target
    assert not variant.causal


@pytest.mark.parametrize("name", ORDER_BASED)
def test_order_based_filters_refuse_tables_with_a_reason(name):
    table = SimpleNamespace(name="parkinsons", domain="tabular")
    series = SimpleNamespace(name="ett", domain="series")
    reason = FOUND[f"{name}_sane"]().why_skip(table)
    assert "parkinsons is tabular" in reason
    assert "the rows of a table have no order" in reason
    assert FOUND[f"{name}_sane"]().why_skip(series) is None
    assert FOUND[name]().why_skip(table) is None


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_components_of_the_inputs_leave_the_target_alone(domain):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1)) * [3.0, -2.0, 1.0] + 0.1 * rng.normal(size=(500, 3)) + 4.0
    y = X[:, 0].copy() if domain == "series" else rng.normal(size=500)
    denoiser = PCASaneDenoiser()
    refined_X, refined_y = denoiser.fit_resample(X, y)
    np.testing.assert_array_equal(refined_y, y)
    expected, _ = PCADenoiser(domain="series").fit_resample(X, X[:, 0])
    np.testing.assert_allclose(refined_X, expected, atol=1e-12)
    assert denoiser.pca_.n_components_ == 1


@given(reach=st.integers(0, 6), n_rows=st.integers(1, 30))
def test_centred_mean_equals_pandas(reach, n_rows):
    width = 2 * reach + 1
    X = np.random.default_rng(n_rows).normal(size=(n_rows, 2))
    refined, refined_y = MovingAverageSaneDenoiser(width).fit_resample(X, X[:, 0])
    expected = pd.DataFrame(X).rolling(width, min_periods=1, center=True).mean()
    np.testing.assert_allclose(refined, expected, atol=1e-12)
    np.testing.assert_allclose(refined_y, expected[0], atol=1e-12)


def test_centred_mean_does_not_lag_behind():
    line = np.arange(50.0)
    _, refined = MovingAverageSaneDenoiser().fit_resample(line[:, None], line)
    np.testing.assert_allclose(refined[3:-3], line[3:-3])
    np.testing.assert_allclose(refined[[0, -1]], [1.5, 47.5])


def test_an_even_width_has_no_middle():
    with pytest.raises(ValueError, match=r"width must be odd.*4"):
        MovingAverageSaneDenoiser(4).fit(np.ones((3, 1)), np.ones(3))
